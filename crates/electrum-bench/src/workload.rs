//! What is measured, how often, and by whom.

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// `get_balance`, typed, [`WINDOW`](crate::fixture::WINDOW) requests at a time.
    Balances,
    /// `block.headers` of one difficulty period, to 80-byte headers.
    Headers,
    /// `get_history` of a script with a long history, typed.
    History,
    /// `transaction.get` of a large transaction, to its bytes.
    Transaction,
    /// Script notifications, to their consumer.
    Notifications,
    /// `get_balance`, each awaited before the next is asked for.
    OneByOne,
}

impl Workload {
    /// In the order of the table.
    pub const ALL: [Self; 6] =
        [Self::Balances, Self::Headers, Self::History, Self::Transaction, Self::Notifications, Self::OneByOne];

    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balances => "balances",
            Self::Headers => "headers",
            Self::History => "history",
            Self::Transaction => "transaction",
            Self::Notifications => "notifications",
            Self::OneByOne => "one-by-one",
        }
    }

    /// The workload of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == name)
    }

    /// Its heading in the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Balances => "200,000 get_balance, pipelined 1,000 at a time, typed",
            Self::Headers => "block.headers of 2,016, to 80-byte headers",
            Self::History => "get_history with 100,000 entries, typed",
            Self::Transaction => "transaction of 1 MB, raw bytes",
            Self::Notifications => "500,000 script notifications to the consumer",
            Self::OneByOne => "one call at a time, wall clock",
        }
    }

    /// How many operations are timed as one: enough for the kernel's clock of 4 ms.
    pub fn operations(self) -> usize {
        match self {
            Self::Balances => 200_000,
            Self::Headers => 300,
            Self::History => 10,
            Self::Transaction => 100,
            Self::Notifications => 500_000,
            Self::OneByOne => 10_000,
        }
    }
}

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// Reads and counts lines: how fast the server can be drained.
    Drain,
    /// Reads, finds lines, parses each once, decodes hex.
    Floor,
    /// `electrum-client`, blocking.
    ElectrumClient,
    /// `electrum_streaming_client`, on tokio.
    StreamingClient,
    /// The machine of `electrum-proto` on a blocking socket.
    Core,
    /// `electrum-blocking`.
    Blocking,
    /// `electrum-smol`.
    Smol,
    /// `electrum-tokio`.
    Tokio,
    /// `electrum-blocking` over a WebSocket.
    BlockingWebSocket,
    /// `electrum-smol` over a WebSocket.
    SmolWebSocket,
    /// `electrum-tokio` over a WebSocket.
    TokioWebSocket,
}

impl Contender {
    /// In the order of the tables.
    pub const ALL: [Self; 11] = [
        Self::Drain,
        Self::Floor,
        Self::ElectrumClient,
        Self::StreamingClient,
        Self::Core,
        Self::Blocking,
        Self::Smol,
        Self::Tokio,
        Self::BlockingWebSocket,
        Self::SmolWebSocket,
        Self::TokioWebSocket,
    ];

    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Floor => "floor",
            Self::ElectrumClient => "electrum-client",
            Self::StreamingClient => "electrum_streaming_client",
            Self::Core => "electrum-proto",
            Self::Blocking => "electrum-blocking",
            Self::Smol => "electrum-smol",
            Self::Tokio => "electrum-tokio",
            Self::BlockingWebSocket => "electrum-blocking-ws",
            Self::SmolWebSocket => "electrum-smol-ws",
            Self::TokioWebSocket => "electrum-tokio-ws",
        }
    }

    /// The contender of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|contender| contender.name() == name)
    }

    /// The same client over TCP, if this one uses a WebSocket.
    pub fn over_tcp(self) -> Option<Self> {
        match self {
            Self::BlockingWebSocket => Some(Self::Blocking),
            Self::SmolWebSocket => Some(Self::Smol),
            Self::TokioWebSocket => Some(Self::Tokio),
            _ => None,
        }
    }

    /// Whether it can do this at all, or is to.
    pub fn supports(self, workload: Workload) -> bool {
        match workload {
            Workload::Balances | Workload::OneByOne => true,
            // WebSockets are measured with small calls, for which they cost most.
            _ if self.over_tcp().is_some() => false,
            // electrum-client reads only while a call waits, and hands out notifications script by script.
            Workload::Notifications => self != Self::ElectrumClient,
            _ => true,
        }
    }
}
