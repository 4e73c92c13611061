//! As much of DER as private keys need, and the one repair that some of them need.

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::store::KeyStoreError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// The second optional part of an elliptic curve key: its public half.
const PUBLIC_KEY: u8 = 0xa1;
/// The content of the object identifier 1.2.840.10045.2.1, elliptic curve keys.
const ELLIPTIC_CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// The content of the first value in `bytes`, which must have this tag, and what follows it.
pub(super) fn value(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), KeyStoreError> {
    let (length, rest) = match bytes {
        [first, length @ ..=0x7f, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x81, length, rest @ ..] if *first == tag => (usize::from(*length), rest),
        [first, 0x82, high, low, rest @ ..] if *first == tag => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return Err(KeyStoreError::Malformed),
    };
    rest.split_at_checked(length).ok_or(KeyStoreError::Malformed)
}

/// A value with its tag and length. Lengths here are below 64 KiB.
fn encode(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let [.., high, low] = content.len().to_be_bytes();
    let mut out = match content.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(&content);
    out
}

/// Java writes elliptic curve keys without their public half, which is allowed, and which ring does not take. The public
/// half is in the certificate: puts it where it belongs. Other keys come back as they are.
pub(super) fn complete_key(pkcs8: Vec<u8>, certificate: Option<&[u8]>) -> Vec<u8> {
    certificate.and_then(|certificate| with_public_half(&pkcs8, certificate)).unwrap_or(pkcs8)
}

fn with_public_half(pkcs8: &[u8], certificate: &[u8]) -> Option<Vec<u8>> {
    let (info, _) = value(pkcs8, SEQUENCE).ok()?;
    let (_, rest) = value(info, INTEGER).ok()?;
    let (algorithm, rest) = value(rest, SEQUENCE).ok()?;
    let (kind, _) = value(algorithm, OBJECT_IDENTIFIER).ok()?;
    if kind != ELLIPTIC_CURVE {
        return None;
    }
    let (key, _) = value(value(rest, OCTET_STRING).ok()?.0, SEQUENCE).ok()?;
    let (_, key) = value(key, INTEGER).ok()?;
    let (secret, _) = value(key, OCTET_STRING).ok()?;
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let point = &certificate.public_key().subject_public_key.data;
    let public = encode(PUBLIC_KEY, &[&encode(BIT_STRING, &[&[0], point])]);
    let key = encode(SEQUENCE, &[&[INTEGER, 1, 1], &encode(OCTET_STRING, &[secret]), &public]);
    Some(encode(SEQUENCE, &[&[INTEGER, 1, 0], &encode(SEQUENCE, &[algorithm]), &encode(OCTET_STRING, &[&key])]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_encoded_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 40_000] {
            let content = vec![7; length];
            let encoded = encode(OCTET_STRING, &[&content]);
            assert_eq!(value(&encoded, OCTET_STRING).unwrap(), (&content[..], &[][..]));
            assert!(value(&encoded, INTEGER).is_err());
            assert!(value(&encoded[..encoded.len() - 1], OCTET_STRING).is_err());
        }
    }

    #[test]
    fn what_is_no_elliptic_curve_key_stays_as_it_is() {
        assert_eq!(complete_key(vec![1, 2, 3], Some(&[4])), [1, 2, 3]);
        assert_eq!(complete_key(vec![1, 2, 3], None), [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn no_input_panics(key in proptest::collection::vec(any::<u8>(), 0..100), certificate in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = complete_key(key, Some(&certificate));
        }
    }
}
