//! The server's side of SOCKS5.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream, ToSocketAddrs};

use super::layer::Plain;
use super::splice::{connect, splice};

/// Serves one client of a proxy.
pub(super) fn serve(mut client: TcpStream) -> io::Result<()> {
    let [version, methods] = read(&mut client)?;
    io::copy(&mut (&client).take(u64::from(methods)), &mut io::sink())?;
    client.write_all(&[5, 0])?;
    let [_, command, _, kind] = read(&mut client)?;
    let targets = match (version, command, kind) {
        (5, 1, 1) => vec![IpAddr::from(Ipv4Addr::from(read::<4>(&mut client)?))],
        (5, 1, 4) => vec![IpAddr::from(Ipv6Addr::from(read::<16>(&mut client)?))],
        (5, 1, 3) => {
            let [length] = read(&mut client)?;
            let mut name = String::new();
            (&client).take(u64::from(length)).read_to_string(&mut name)?;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|a| a.ip()).collect()).unwrap_or_default()
        }
        _ => return client.write_all(&[5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    let Some(server) = targets.into_iter().find_map(|ip| connect((ip, port).into()).ok()) else {
        return client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    splice(client, server, Plain::default())
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
