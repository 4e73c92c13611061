//! Java's own key store format, JKS: a list of private keys with their certificates and of trusted certificates.
//!
//! The layout is big-endian: magic, version, count, entries, and a SHA-1 over password and content. Private keys are
//! hidden by a key stream of SHA-1 sums. Neither protects much; it is read because MI's key stores have this format.

use sha1::{Digest, Sha1};

use crate::der;
use crate::store::KeyStoreError;

const MAGIC: u32 = 0xfeed_feed;
const DIGEST: usize = 20;
/// What Java mixes into the integrity sum.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// The content of the object identifier 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector.
const KEY_PROTECTOR: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x2a, 0x02, 0x11, 0x01, 0x01];

/// An entry of a JKS file.
#[derive(Debug)]
pub(super) enum Entry {
    /// A key, still hidden, and its chain (DER).
    Key { alias: String, hidden: Vec<u8>, chain: Vec<Vec<u8>> },
    /// A certificate to trust (DER).
    Trusted { alias: String, certificate: Vec<u8> },
}

/// Whether the bytes look like a JKS file.
pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_be_bytes())
}

/// Reads a file and checks its integrity.
pub(super) fn read(bytes: &[u8], password: &str) -> Result<Vec<Entry>, KeyStoreError> {
    let (content, sum) = bytes.split_at_checked(bytes.len().saturating_sub(DIGEST)).ok_or(KeyStoreError::Malformed)?;
    let expected = Sha1::new().chain_update(utf16(password)).chain_update(WHITENER).chain_update(content).finalize();
    let mut reader = Reader(content);
    if reader.u32()? != MAGIC {
        return Err(KeyStoreError::Malformed);
    }
    let version = reader.u32()?;
    if !matches!(version, 1 | 2) {
        return Err(KeyStoreError::Malformed);
    }
    if expected[..] != *sum {
        return Err(KeyStoreError::WrongPassword);
    }
    let count = reader.u32()?;
    (0..count).map(|_| reader.entry(version)).collect()
}

/// Uncovers a private key (PKCS#8).
pub(super) fn uncover(hidden: &[u8], password: &str) -> Result<Vec<u8>, KeyStoreError> {
    let (info, _) = der::value(hidden, der::SEQUENCE)?;
    let (algorithm, rest) = der::value(info, der::SEQUENCE)?;
    if der::value(algorithm, der::OBJECT_IDENTIFIER)?.0 != KEY_PROTECTOR {
        return Err(KeyStoreError::UnsupportedKeyProtection);
    }
    let (octets, _) = der::value(rest, der::OCTET_STRING)?;
    let (salt, rest) = octets.split_at_checked(DIGEST).ok_or(KeyStoreError::Malformed)?;
    let (covered, check) = rest.split_at_checked(rest.len().saturating_sub(DIGEST)).ok_or(KeyStoreError::Malformed)?;
    let password = utf16(password);
    let mut key = Vec::with_capacity(covered.len());
    let mut stream = salt.to_vec();
    for block in covered.chunks(DIGEST) {
        stream = Sha1::new().chain_update(&password).chain_update(&stream).finalize().to_vec();
        key.extend(block.iter().zip(&stream).map(|(byte, cover)| byte ^ cover));
    }
    let expected = Sha1::new().chain_update(&password).chain_update(&key).finalize();
    if expected[..] == *check { Ok(key) } else { Err(KeyStoreError::WrongPassword) }
}

fn utf16(password: &str) -> Vec<u8> {
    password.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], KeyStoreError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(KeyStoreError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, KeyStoreError> {
        Ok(self.take(4)?.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
    }

    /// A block with its length before it.
    fn block(&mut self) -> Result<Vec<u8>, KeyStoreError> {
        let length = usize::try_from(self.u32()?).map_err(|_| KeyStoreError::Malformed)?;
        Ok(self.take(length)?.to_vec())
    }

    /// Java's modified UTF-8, of which aliases in practice use the ASCII part.
    fn text(&mut self) -> Result<String, KeyStoreError> {
        let length = self.take(2)?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>, KeyStoreError> {
        if version == 2 && self.text()? != "X.509" {
            return Err(KeyStoreError::Malformed);
        }
        self.block()
    }

    fn entry(&mut self, version: u32) -> Result<Entry, KeyStoreError> {
        let tag = self.u32()?;
        let alias = self.text()?;
        let _created = self.take(8)?;
        match tag {
            1 => {
                let hidden = self.block()?;
                let count = self.u32()?;
                let chain = (0..count).map(|_| self.certificate(version)).collect::<Result<_, _>>()?;
                Ok(Entry::Key { alias, hidden, chain })
            }
            2 => Ok(Entry::Trusted { alias, certificate: self.certificate(version)? }),
            _ => Err(KeyStoreError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STORE: &[u8] = include_bytes!("../tests/keystores/server.jks");

    #[test]
    fn a_store_written_by_keytool_is_read() {
        let entries = read(STORE, "storepw").unwrap();
        let mut aliases = Vec::new();
        for entry in &entries {
            let Entry::Key { alias, hidden, chain } = entry else { panic!("keys only") };
            aliases.push(alias.as_str());
            assert_eq!(chain.len(), 1);
            let key = uncover(hidden, "keypw12").unwrap();
            assert!(rustls_pki_types::PrivateKeyDer::try_from(key).is_ok());
            assert!(matches!(uncover(hidden, "storepw"), Err(KeyStoreError::WrongPassword)));
        }
        aliases.sort_unstable();
        assert_eq!(aliases, ["second", "server"]);
    }

    #[test]
    fn trusted_certificates_are_read() {
        let entries = read(include_bytes!("../tests/keystores/trust.jks"), "storepw").unwrap();
        assert!(matches!(&entries[..], [Entry::Trusted { certificate, .. }] if certificate.starts_with(&[0x30, 0x82])));
    }

    #[test]
    fn damage_and_wrong_passwords_are_told_apart() {
        assert!(matches!(read(STORE, "wrong"), Err(KeyStoreError::WrongPassword)));
        assert!(matches!(read(b"", ""), Err(KeyStoreError::Malformed)));
        assert!(matches!(read(&[0; 100], ""), Err(KeyStoreError::Malformed)));
        for cut in 0..STORE.len() {
            assert!(read(&STORE[..cut], "storepw").is_err());
        }
    }

    proptest! {
        #[test]
        fn no_input_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..2000) {
            let _ = read(&bytes, "");
            let _ = uncover(&bytes, "");
            // With a valid sum, so that the entries are looked at.
            bytes.splice(0..0, STORE[..at.min(STORE.len() - DIGEST)].iter().copied());
            let sum = Sha1::new().chain_update(WHITENER).chain_update(&bytes).finalize();
            bytes.extend_from_slice(&sum);
            let _ = read(&bytes, "");
        }
    }
}
