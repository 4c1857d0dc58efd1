//! The client side of SOCKS5 (RFC 1928) with user and password (RFC 1929) without I/O: bytes in and bytes out.

use core::net::IpAddr;

use crate::buffer::Buffer;
use crate::host::Host;
use crate::proxy::{Credentials, Introduction};

/// The SOCKS5 handshake of one connection, until the proxy has connected to the server.
#[derive(Debug)]
pub(crate) struct Socks {
    awaiting: Awaiting,
    introduction: Introduction,
    /// The CONNECT request, sent after the login.
    request: Vec<u8>,
    /// The part of the reply that has come. The longest reply has 262 bytes.
    held: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Awaiting {
    Method,
    LoginStatus,
    Reply,
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

impl Socks {
    /// Writes the greeting to `out`.
    pub(crate) fn new(host: &Host, port: u16, introduction: Introduction, out: &mut Buffer) -> Self {
        out.push(match introduction {
            Introduction::Anonymous => &[VERSION, 1, NO_LOGIN],
            Introduction::IfAsked(_) => &[VERSION, 2, NO_LOGIN, PASSWORD],
            Introduction::Always(_) => &[VERSION, 1, PASSWORD],
        });
        Self { awaiting: Awaiting::Method, introduction, request: connect_request(host, port), held: Vec::new() }
    }

    /// Takes bytes from the proxy. Once the proxy's last reply has come, returns the bytes after it, which are the
    /// server's.
    pub(crate) fn received<'a>(
        &mut self,
        mut bytes: &'a [u8],
        out: &mut Buffer,
    ) -> Result<Option<&'a [u8]>, SocksError> {
        // Byte by byte, so that it cannot matter how they were split. It is a few dozen bytes per connection.
        while let Some((&byte, rest)) = bytes.split_first() {
            self.held.push(byte);
            bytes = rest;
            if self.step(out)? {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Handles the reply so far. Returns whether the connection is open.
    fn step(&mut self, out: &mut Buffer) -> Result<bool, SocksError> {
        match (self.awaiting, self.held.as_slice()) {
            (Awaiting::Method, &[version, ..]) if version != VERSION => {
                return Err(SocksError::NotSocks5);
            }
            (Awaiting::Method, &[_, method]) => match (method, &self.introduction) {
                (NO_LOGIN, Introduction::Anonymous | Introduction::IfAsked(_)) => self.connect(out),
                (PASSWORD, Introduction::IfAsked(login) | Introduction::Always(login)) => {
                    out.push(&login_request(login));
                    self.advance(Awaiting::LoginStatus);
                }
                (NONE_ACCEPTABLE, Introduction::Anonymous) => {
                    return Err(SocksError::PasswordNeeded);
                }
                (NONE_ACCEPTABLE, Introduction::IfAsked(_)) => {
                    return Err(SocksError::NoCommonLogin);
                }
                (NONE_ACCEPTABLE, Introduction::Always(_)) => return Err(SocksError::NoIsolation),
                _ => return Err(SocksError::Malformed),
            },
            // Some proxies send 5 as the version of the reply to the login; only the status counts.
            (Awaiting::LoginStatus, &[_, status]) if status != 0 => {
                return Err(match self.introduction {
                    Introduction::Always(_) => SocksError::NoIsolation,
                    _ => SocksError::WrongPassword,
                });
            }

            (Awaiting::LoginStatus, &[_, _]) => self.connect(out),
            (Awaiting::Reply, &[version, ..]) if version != VERSION => {
                return Err(SocksError::Malformed);
            }
            (Awaiting::Reply, &[_, code]) if code != 0 => {
                return Err(SocksError::Refused(SocksReply(code)));
            }
            (Awaiting::Reply, held @ &[_, _, _, kind, ..]) => {
                let address = match (kind, held.get(4)) {
                    (IPV4, _) => 4,
                    (IPV6, _) => 16,
                    (NAME, Some(&length)) => 1 + usize::from(length),
                    (NAME, None) => return Ok(false),
                    _ => return Err(SocksError::Malformed),
                };
                // The bound address is skipped: a client does not need it.
                return Ok(held.len() == 4 + address + 2);
            }
            _ => {}
        }
        Ok(false)
    }

    fn connect(&mut self, out: &mut Buffer) {
        out.push(&self.request);
        self.advance(Awaiting::Reply);
    }

    fn advance(&mut self, awaiting: Awaiting) {
        self.awaiting = awaiting;
        self.held.clear();
    }
}

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

fn connect_request(host: &Host, port: u16) -> Vec<u8> {
    const CONNECT: u8 = 1;
    let mut request = vec![VERSION, CONNECT, 0];
    match host {
        Host::Ip(IpAddr::V4(ip)) => {
            request.push(IPV4);
            request.extend(ip.octets());
        }
        Host::Ip(IpAddr::V6(ip)) => {
            request.push(IPV6);
            request.extend(ip.octets());
        }
        Host::Name(name) | Host::Onion(name) => {
            // A name has at most 253 bytes.
            request.extend([NAME, name.as_str().len() as u8]);
            request.extend(name.as_str().as_bytes());
        }
    }
    request.extend(port.to_be_bytes());
    request
}

fn login_request(login: &Credentials) -> Vec<u8> {
    // Credentials have 1 to 255 bytes each.
    let mut request = vec![1, login.user.len() as u8];
    request.extend(&login.user);
    request.push(login.password.len() as u8);
    request.extend(&login.password);
    request
}

/// Why the proxy did not connect to the server.
///
/// ```
/// use electrum_transport::{Known, LayerError, Route, SocksError};
///
/// let route = Route::direct().with_proxy("socks5://127.0.0.1:80".parse()?);
/// let mut stack = route.open(&"tcp://electrum.example".parse()?, Known::default())?;
/// let error = stack.received(b"HTTP/1.1 400 Bad Request\r\n").unwrap_err();
/// match &error {
///     LayerError::Proxy(SocksError::NotSocks5) => {} // the user has mistyped the proxy's port
///     LayerError::Proxy(SocksError::PasswordNeeded | SocksError::WrongPassword) => panic!("ask for the password"),
///     _ => panic!("{error}"),
/// }
/// assert!(error.to_string().ends_with("check its host and port"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SocksError {
    /// The first byte was not a SOCKS5 answer.
    #[error("what listens at the proxy's address is not a SOCKS5 proxy; check its host and port")]
    NotSocks5,
    /// The proxy needs a password, and none was given.
    #[error("the proxy needs a password; write the proxy as socks5://user:password@host:port")]
    PasswordNeeded,
    /// User and password were refused.
    #[error("the proxy refused the user and password; correct them")]
    WrongPassword,
    /// A kind of login that this client does not know.
    #[error("the proxy takes neither anonymous users nor a password; its operator must allow one of them")]
    NoCommonLogin,
    /// The proxy does not accept other credentials for each server, which isolate servers from one another.
    #[error(
        "the proxy does not take credentials made up for each server, so it cannot isolate servers from one another; use Tor, or do without isolation"
    )]
    NoIsolation,
    /// The proxy refused the connection.
    #[error("{0}")]
    Refused(SocksReply),
    /// An answer outside the protocol.
    #[error("the proxy's answer breaks the SOCKS5 protocol; its operator must look into it")]
    Malformed,
}

/// A reply code by which a proxy refuses a connection.
///
/// ```
/// use electrum_transport::{LayerError, Side, SocksError, SocksReply};
///
/// let down = SocksReply(0xf0);
/// assert!(down.to_string().starts_with("Tor does not find the onion service"));
/// assert_eq!(LayerError::from(SocksError::Refused(down)).side(), Side::Server);
/// assert_eq!(LayerError::from(SocksError::Refused(SocksReply(2))).side(), Side::Proxy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocksReply(
    /// The code: 1 to 8 in RFC 1928, 0xf0 to 0xf7 Tor's own.
    pub u8,
);

impl core::fmt::Display for SocksReply {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self.0 {
            1 => "the proxy failed, without saying why; see its log",
            2 => "the proxy's rules do not allow a connection to this server; its operator must allow it",
            3 => "the proxy has no route to the server's network; check the proxy's own connection",
            4 => "the proxy cannot reach the server's host: it is down, or its name is wrong",
            5 => "the server refused the proxy's connection: it is down, or the port is wrong",
            6 => "the proxy's connection to the server expired before it was answered; the server may be down",
            7 => "the proxy does not offer outgoing connections; use another proxy",
            8 => "the proxy does not take this kind of address; use the server's name instead, or another proxy",
            0xf0 => "Tor does not find the onion service: it is down, or the .onion name is wrong",
            0xf1 => "Tor found an invalid descriptor of the onion service; its operator must act",
            0xf2 => "Tor could not be introduced to the onion service; it may be down or overloaded",
            0xf3 => "Tor could not meet the onion service; try again",
            0xf4 => "the onion service asks for client authorization; give Tor the key that its operator handed out",
            0xf5 => "the onion service refused Tor's client authorization; check the key with its operator",
            0xf6 => "Tor says that the .onion name is invalid; check it",
            0xf7 => "Tor's introduction to the onion service timed out; it may be down",
            code => {
                return write!(f, "the proxy refused with code {code:#04x}, which no standard explains; see its log");
            }
        })
    }
}
