//! Finds the public key in a certificate that webpki refuses, and describes which kind of key it is.
//!
//! Servers that were set up years ago show X.509 version 1 certificates, or ones with unusual extensions. To check a
//! pin, only their bytes and the key are needed, so only the key is parsed (RFC 5280, section 4.1).

use rustls::pki_types::AlgorithmIdentifier;

/// Returns the SubjectPublicKeyInfo of a certificate in DER, or `None` if the bytes are not structured as a
/// certificate.
pub(crate) fn public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, rest) = Element::read(certificate)?;
    if !rest.is_empty() {
        return None;
    }
    let (to_be_signed, _) = Element::read(certificate.expect(SEQUENCE)?)?;
    let mut rest = to_be_signed.expect(SEQUENCE)?;
    // The version may be left out, which means version 1.
    let (first, after) = Element::read(rest)?;
    if first.tag == VERSION {
        rest = after;
    }
    // Serial number, signature algorithm, issuer, validity, subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE] {
        let (element, after) = Element::read(rest)?;
        element.expect(tag)?;
        rest = after;
    }
    let (key, _) = Element::read(rest)?;
    key.expect(SEQUENCE)?;
    Some(key.whole)
}

/// Describes for people which kind of key this is, if it is none of the `supported` algorithms or an RSA key of a
/// length that they do not take. `key` is a SubjectPublicKeyInfo.
pub(crate) fn unsupported_key(key: &[u8], mut supported: impl Iterator<Item = AlgorithmIdentifier>) -> Option<String> {
    const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P521: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 35];
    const SECP256K1: &[u8] = &[6, 5, 0x2b, 0x81, 4, 0, 10];
    const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

    let (algorithm, bits) = Element::read(Element::read(key)?.0.expect(SEQUENCE)?)?;
    let algorithm = algorithm.expect(SEQUENCE)?;
    if !supported.any(|supported| supported.as_ref() == algorithm) {
        return Some(match algorithm.strip_prefix(EC) {
            Some(P521) => "it is on the curve P-521".to_owned(),
            Some(SECP256K1) => "it is on the curve secp256k1".to_owned(),
            Some(_) => "it is on another elliptic curve".to_owned(),
            None => "it is of another kind".to_owned(),
        });
    }
    if !algorithm.starts_with(RSA) {
        return None;
    }
    // A BIT STRING begins with the number of unused bits; in it the modulus comes first.
    let (modulus, _) = Element::read(Element::read(Element::read(bits)?.0.expect(BIT_STRING)?.get(1..)?)?.0.content)?;
    let digits = modulus.expect(INTEGER)?;
    let leading = digits.iter().take_while(|&&digit| digit == 0).count();
    let bits = 8 * (digits.len() - leading) - digits.get(leading)?.leading_zeros() as usize;
    (!(2048..=8192).contains(&bits)).then(|| format!("it is an RSA key of {bits} bits"))
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// One DER element with a tag of one byte.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Splits off the first element. Returns it and the bytes behind it.
    fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let &[tag, first, ..] = input else {
            return None;
        };
        let (header, length) = match first {
            0..=0x7f => (2, usize::from(first)),
            // No certificate has lengths of more than four bytes, or indefinite ones.
            0x81..=0x84 => {
                let header = 2 + usize::from(first & 0x7f);
                let digits = input.get(2..header)?;
                (header, digits.iter().fold(0, |length, &digit| length << 8 | usize::from(digit)))
            }
            _ => return None,
        };
        let end = header.checked_add(length)?;
        let whole = input.get(..end)?;
        Some((Self { tag, content: &whole[header..], whole }, &input[end..]))
    }

    fn expect(&self, tag: u8) -> Option<&'a [u8]> {
        (self.tag == tag).then_some(self.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustls::server::ParsedCertificate;

    #[test]
    fn finds_what_the_usual_parser_finds() {
        for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let params = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let parsed = ParsedCertificate::try_from(certificate.der()).unwrap();
            assert_eq!(public_key_info(certificate.der()), Some(parsed.subject_public_key_info().as_ref()));
        }
    }

    #[test]
    fn short_or_wrong_is_nothing() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let der = certificate.der();
        for end in 0..der.len() {
            assert_eq!(public_key_info(&der[..end]), None, "{end}");
        }
        assert_eq!(public_key_info(&[der, &[0][..]].concat()), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            public_key_info(&bytes);
            unsupported_key(&bytes, std::iter::empty());
            // A good start leads deeper.
            public_key_info(&[&[0x30, bytes.len() as u8], &bytes[..]].concat());
        }
    }
}
