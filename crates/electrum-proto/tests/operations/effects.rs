//! Which operations change something, so that a lost one is not simply sent again.

use electrum_proto::operations::Raw;
use electrum_proto::{Effect, Request};

use crate::all::{Visitor, visit_all};

#[derive(Default)]
struct Changes(Vec<&'static str>);

impl Visitor for Changes {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        // The trait is passed on by references.
        assert_eq!(<&R as Request>::effect(&&request), request.effect());
        if request.effect() == Effect::Changes {
            self.0.push(name);
        }
    }
}

#[test]
fn broadcasting_and_adding_peers_change_something_and_nothing_else_does() {
    let mut changes = Changes::default();
    visit_all(&mut changes);
    assert_eq!(changes.0, ["Broadcast", "BroadcastPackage", "BroadcastPackageVerbose", "AddPeer"]);
    // Of what a server has of its own only the caller can know.
    assert_eq!(Raw::new("x", Vec::new()).effect(), Effect::Changes);
    assert_eq!(Raw::reading("x", Vec::new()).effect(), Effect::Reads);
}

/// A raw request of a method that operations use does what they do.
struct AsRaw;

impl Visitor for AsRaw {
    fn visit<R: Request<Response: Send> + Send + 'static>(&mut self, name: &'static str, request: R) {
        for method in R::METHODS {
            assert_eq!(Raw::new(method.name, Vec::new()).effect(), request.effect(), "{name}: {}", method.name);
        }
    }
}

#[test]
fn raw_requests_know_the_effect_of_known_methods() {
    visit_all(&mut AsRaw);
    assert_eq!(Raw::new("blockchain.transaction.broadcast", Vec::new()).effect(), Effect::Changes);
    assert_eq!(Raw::new("blockchain.utxo.get_info", Vec::new()).effect(), Effect::Reads);
}

#[test]
fn a_request_is_shown_as_json() {
    let text = Raw::new("x\"", vec![1.into(), "a".into()]).to_json(electrum_proto::ProtocolVersion::V1_4).unwrap();
    assert_eq!(text, r#"{"method":"x\"","params":[1,"a"]}"#);
}
