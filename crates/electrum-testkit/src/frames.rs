//! The frames of WebSockets (RFC 6455, section 5) byte by byte: those of a server, right and wrong ones, and those of a client.

use std::io::{self, Read};

/// The first byte of a text message in one frame.
pub const TEXT: u8 = 0x81;
/// The first byte of a binary message in one frame.
pub const BINARY: u8 = 0x82;
/// The first byte of a text message of which more frames follow.
pub const TEXT_BEGIN: u8 = 0x01;
/// The first byte of a frame in the middle of a message.
pub const MORE: u8 = 0x00;
/// The first byte of the last frame of several.
pub const END: u8 = 0x80;
/// The first byte of a closing message.
pub const CLOSE: u8 = 0x88;
/// The first byte of a ping.
pub const PING: u8 = 0x89;
/// The first byte of a pong.
pub const PONG: u8 = 0x8a;

/// A client's frame is not read beyond this.
const LONGEST: u64 = 64 << 20;

/// Returns a frame as servers send it, without a mask.
///
/// # Example
/// ```
/// use electrum_testkit::frames::{TEXT, frame};
///
/// assert_eq!(frame(TEXT, b"{}"), b"\x81\x02{}");
/// ```
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut frame = match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => vec![first, short],
        (_, Ok(length)) => [&[first, 126], &length.to_be_bytes()[..]].concat(),
        _ => head(first, length as u64),
    };
    frame.extend(payload);
    frame
}

/// Returns the head of a frame whose length is written in eight bytes, whether its payload follows or not.
#[must_use]
pub fn head(first: u8, length: u64) -> Vec<u8> {
    [&[first, 127], &length.to_be_bytes()[..]].concat()
}

/// Returns a closing message with a code and a reason.
#[must_use]
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason.as_bytes()].concat())
}

/// Reads a frame of a client: its first byte, and its payload without the mask.
///
/// # Errors
/// Those of `from`, and if the frame has no mask or more than 64 MiB.
pub fn read(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let [first, second] = exactly(from)?;
    let length = match second & 0x7f {
        126 => u16::from_be_bytes(exactly(from)?).into(),
        127 => u64::from_be_bytes(exactly(from)?),
        length => length.into(),
    };
    if second & 0x80 == 0 || length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame without a mask, or one that is too long"));
    }
    let mask: [u8; 4] = exactly(from)?;
    let mut payload = Vec::new();
    if from.take(length).read_to_end(&mut payload)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok((first, payload))
}

fn exactly<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        for (length, begins) in [
            (0, &[TEXT, 0][..]),
            (125, &[TEXT, 125]),
            (126, &[TEXT, 126, 0, 126]),
            (65_535, &[TEXT, 126, 0xff, 0xff]),
            (65_536, &[TEXT, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = frame(TEXT, &vec![b'x'; length]);
            assert!(frame.starts_with(begins) && frame.len() == begins.len() + length, "{length}");
        }
    }

    #[test]
    fn a_clients_frame_is_read_without_its_mask() {
        // From section 5.7 of the RFC: a masked "Hello".
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(read(&mut &hello[..]).unwrap(), (TEXT, b"Hello".to_vec()));
        assert!(read(&mut &hello[..10]).is_err());
        assert!(read(&mut &frame(TEXT, b"Hello")[..]).is_err(), "clients mask");
        let endless = [&head(TEXT, u64::MAX)[..1], &[0xff], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
        assert!(read(&mut &endless[..]).is_err());
    }
}
