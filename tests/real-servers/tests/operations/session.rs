//! A client on one version of a server, and a note of all operations that it went through with.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use electrum_blocking::{CallError, Client, Config};
use electrum_proto::operations::{OPERATIONS, Operation, Ping};
use electrum_proto::{ProtocolVersion, Request, VersionRange};
use real_servers::{ElectrumX, Kind, Relay};
use serde_json::Value;

use crate::all::{Visitor, visit_all};

pub(crate) struct Session {
    pub(crate) kind: Kind,
    pub(crate) version: ProtocolVersion,
    pub(crate) client: Client,
    relay: Relay,
    exercised: RefCell<BTreeSet<&'static str>>,
}

impl Session {
    /// Connects with no other version than this.
    pub(crate) fn open(server: &ElectrumX, version: &str) -> Self {
        let version: ProtocolVersion = version.parse().expect("a version");
        let relay = Relay::before(server.port());
        let mut config = Config::new([relay.address().parse().expect("an address")]);
        config.protocol.versions = VersionRange::new(version, version).expect("a range");
        let client = Client::connect(config).expect("the system gives what a client needs");
        Self { kind: server.kind(), version, client, relay, exercised: RefCell::default() }
    }

    /// Makes a call, which must succeed with the method that the table of operations names for this version.
    #[track_caller]
    pub(crate) fn call<R>(&self, request: R) -> R::Response
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let operation = operation::<R>();
        match self.try_call(request) {
            Ok(result) => {
                self.exercised.borrow_mut().insert(operation.name);
                result
            }
            Err(error) => panic!("{} on {} {}: {error}", operation.name, self.kind.name(), self.version),
        }
    }

    /// Makes a call that the server may answer with an error.
    #[track_caller]
    pub(crate) fn try_call<R>(&self, request: R) -> Result<R::Response, CallError>
    where
        R: Request<Response: Send> + Send + 'static,
    {
        let operation = operation::<R>();
        let before = self.relay.requests().len();
        let result = self.client.call(request);
        let method = operation.method(self.version);
        let written = self.relay.requests().split_off(before);
        let is_it = |request: &Value| request["method"].as_str() == method;
        assert!(written.iter().any(is_it), "{} on {}: {written:?}", operation.name, self.version);
        result
    }

    /// Whether the table of operations names a method for this version.
    pub(crate) fn has<R: Request>(&self) -> bool {
        operation::<R>().method(self.version).is_some()
    }

    /// Every operation that the version lacks is refused, and nothing of it is written; all others were exercised.
    pub(crate) fn check_all_cells(&self) {
        let before = self.relay.requests().len();
        visit_all(&mut Refused(self));
        // What was written before this has come to the relay when it is answered.
        self.call(Ping);
        let allowed = |request: &Value| {
            let is_nudge =
                request["method"] == "blockchain.block.headers" && request["params"] == serde_json::json!([0, 7]);
            is_nudge || request["method"] == "server.ping"
        };
        let written = self.relay.requests().split_off(before);
        assert!(written.iter().all(allowed), "written although refused: {written:?}");
        let exercised = self.exercised.borrow();
        let missed: Vec<_> = OPERATIONS
            .iter()
            .filter(|operation| operation.method(self.version).is_some() && !exercised.contains(operation.name))
            .map(|operation| operation.name)
            .collect();
        assert!(missed.is_empty(), "not exercised on {} {}: {missed:?}", self.kind.name(), self.version);
    }
}

struct Refused<'a>(&'a Session);

impl Visitor for Refused<'_> {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        assert_eq!(operation::<R>().name, name);
        if self.0.has::<R>() {
            return;
        }
        match self.0.client.call(request).map(drop) {
            Err(CallError::NotInVersion(refused)) => {
                assert_eq!(refused.version, self.0.version);
                let methods = operation::<R>().methods;
                assert!(methods.iter().all(|method| refused.available.contains(&method.to_string())), "{refused}");
            }
            other => panic!("{name} on {}: {other:?}", self.0.version),
        }
    }
}

/// The entry of a request's type in the table of operations.
pub(crate) fn operation<R>() -> &'static Operation {
    let path = std::any::type_name::<R>();
    let name = path.rsplit("::").next();
    let found = OPERATIONS.iter().find(|operation| operation.name.rsplit("::").next() == name);
    found.unwrap_or_else(|| panic!("{path} is not in the table"))
}

/// Compares what was exercised on a release with the record of it, from which `docs/exercised.md` is made.
/// With `UPDATE_DOCS` set it is written.
pub(crate) fn check_record(kind: Kind, sessions: &[Session]) {
    let mut record = String::new();
    for operation in OPERATIONS {
        let on: Vec<String> = sessions
            .iter()
            .filter(|session| session.exercised.borrow().contains(operation.name))
            .map(|session| session.version.to_string())
            .collect();
        if !on.is_empty() {
            writeln!(record, "{} {}", operation.name, on.join(" ")).expect("a string takes all");
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/exercised").join(format!("{}.txt", kind.name()));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &record).expect("the record can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == record, "{} is not up to date: run the tests with UPDATE_DOCS=1", path.display());
}
