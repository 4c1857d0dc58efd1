//! The name that a server's certificate must have.

use rustls::pki_types::{DnsName, ServerName};

use crate::addr::ServerAddr;
use crate::host::Host;

/// Returns the name that the server's certificate must have, which is also sent as SNI.
pub(crate) fn server_name(server: &ServerAddr) -> Result<ServerName<'static>, String> {
    match server.host() {
        Host::Ip(ip) => Ok(ServerName::IpAddress((*ip).into())),
        Host::Name(name) | Host::Onion(name) => DnsName::try_from(name.as_str().to_owned())
            .map(ServerName::DnsName)
            .map_err(|_| format!("{name} is no name that a certificate can have")),
    }
}
