// The hidden part of the examples with TLS: a server in memory whose certificate no web CA vouches for.
use electrum_testkit::tls::{Identity, TlsPeer};
use electrum_transport::{Fingerprint, LayerStack, LayerError, ServerAddr};

/// Returns the server's address, the server, and the fingerprint of its certificate.
pub fn tls_server() -> (ServerAddr, TlsPeer, Fingerprint) {
    let identity = Identity::self_signed("electrum.example");
    let fingerprint = Fingerprint::of_certificate(identity.certificate());
    ("ssl://electrum.example:50002".parse().unwrap(), TlsPeer::new(identity.config()), fingerprint)
}

/// Moves bytes between the stack and the server until both are quiet.
pub fn exchange(stack: &mut LayerStack, server: &mut TlsPeer) -> Result<(), LayerError> {
    loop {
        server.received(stack.outgoing());
        stack.wrote(stack.outgoing().len());
        let due = server.due();
        if due.is_empty() {
            return Ok(());
        }
        stack.received(&due)?;
    }
}
