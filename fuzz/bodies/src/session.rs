//! A client whose server is the input.

use electrum_proto::{Action, Client, Config, ConnId, Event, Input, Phase, Timestamp, Unknown};

/// A driver that does what it is emitted. No time passes in it.
pub(crate) struct Session {
    pub(crate) client: Client,
    conn: Option<ConnId>,
}

/// What a client emitted, in words that hold everything that was emitted.
pub(crate) type Emitted = Vec<String>;

impl Session {
    pub(crate) const NOW: Timestamp = Timestamp::ZERO;

    /// A client whose link is open and whose `server.version` is written, and the line that it wrote.
    pub(crate) fn connected(config: Config) -> (Self, String) {
        let mut session = Self { client: Client::new(config, Self::NOW), conn: None };
        session.drain();
        let conn = session.conn.expect("a new client connects");
        session.client.handle(Self::NOW, Input::Connected(conn));
        session.drain();
        let written = session.write();
        (session, written)
    }

    /// A client that agreed on a version.
    pub(crate) fn ready(config: Config, version: &str) -> Self {
        let (mut session, _) = Self::connected(config);
        session.read(format!("{{\"id\":1,\"result\":[\"S 1\",\"{version}\"]}}\n").as_bytes());
        assert_eq!(session.client.phase(), Phase::Ready, "a good answer makes it ready");
        session.write();
        session
    }

    /// What is outgoing counts as written.
    pub(crate) fn write(&mut self) -> String {
        let text = String::from_utf8(self.client.outgoing().to_vec()).expect("requests are text");
        if let Some(conn) = self.conn {
            self.client.handle(Self::NOW, Input::Wrote(conn, text.len()));
        }
        text
    }

    /// Reads, and returns what came of it.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Emitted {
        if let Some(conn) = self.conn {
            self.client.handle(Self::NOW, Input::Read(conn, bytes));
        }
        self.drain()
    }

    /// Polls until the client waits.
    pub(crate) fn drain(&mut self) -> Emitted {
        let mut emitted = Emitted::new();
        loop {
            emitted.push(match self.client.poll() {
                Action::Wait(_) | Action::Finished => return emitted,
                Action::Connect(conn, server) => {
                    self.conn = Some(conn);
                    format!("connect {}", server.0)
                }
                Action::Event(Event::Reply { id, result: Ok(reply) }) => {
                    format!("reply {} {} {}", id.number(), reply.version, reply.result.as_str())
                }
                Action::Event(Event::Unknown(unknown)) => match unknown {
                    Unknown::Reply(text) => format!("unknown reply {}", text.as_str()),
                    Unknown::Notification(text) => format!("unknown notification {}", text.as_str()),
                    Unknown::Request(text) => format!("unknown request {}", text.as_str()),
                },
                Action::Event(Event::Ready { version, software, .. }) => format!("ready {version} {software}"),
                Action::Event(Event::Down { cause, retry_at, .. }) => format!("down {cause:?} {retry_at:?}"),
                other => format!("{other:?}"),
            });
        }
    }
}

/// Whether the same bytes, read whole by one client and in pieces of `size` by its twin, lead to the same.
/// Gives back what was emitted.
pub(crate) fn whole_as_in_pieces(mut whole: Session, mut pieces: Session, bytes: &[u8], size: usize) -> Emitted {
    let emitted = whole.read(bytes);
    let in_pieces: Emitted = bytes.chunks(size.max(1)).flat_map(|piece| pieces.read(piece)).collect();
    assert_eq!(emitted, in_pieces, "what is emitted must not depend on how the bytes were cut (second: by {size})");
    assert_eq!(whole.write(), pieces.write(), "nor what is written");
    assert_eq!(whole.client.state(), pieces.client.state(), "nor where the client stands");
    emitted
}
