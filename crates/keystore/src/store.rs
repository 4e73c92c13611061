//! Keys with their certificates, and certificates to trust, from files in the formats that MI's configuration names.

use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::{der, jks};

/// Why a key store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The file cannot be read.
    #[error("cannot read key store {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The content is not what its type says.
    #[error("the key store is damaged or of another type")]
    Malformed,
    /// The password of the store or of the key does not fit.
    #[error("wrong password for the key store or its key")]
    WrongPassword,
    /// A key is hidden in a way that is not known.
    #[error("the key is protected in an unsupported way")]
    UnsupportedKeyProtection,
    /// The store has no private key, or none with the alias.
    #[error("the key store has no private key{}", .0.as_ref().map(|alias| format!(" with the alias \"{alias}\"")).unwrap_or_default())]
    NoKey(Option<String>),
    /// The configured type is none of `JKS`, `PKCS12` and `PEM`.
    #[error("unsupported key store type \"{0}\" (JKS, PKCS12 and PEM are supported)")]
    UnsupportedType(String),
}

/// The format of a key store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreType {
    /// Java's own. Files that turn out to be PKCS#12 are accepted, as Java accepts them.
    Jks,
    /// PKCS#12.
    Pkcs12,
    /// Certificates and a key as PEM text.
    Pem,
}

impl std::str::FromStr for StoreType {
    type Err = KeyStoreError;

    fn from_str(name: &str) -> Result<Self, KeyStoreError> {
        match name.to_ascii_uppercase().as_str() {
            "JKS" => Ok(Self::Jks),
            "PKCS12" | "P12" | "PFX" => Ok(Self::Pkcs12),
            "PEM" => Ok(Self::Pem),
            _ => Err(KeyStoreError::UnsupportedType(name.to_owned())),
        }
    }
}

/// A private key and the certificates that go with it, the key's own first.
#[derive(Debug)]
pub struct Identity {
    /// The chain.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

/// The content of a key store.
#[derive(Debug, Default)]
pub struct KeyStore {
    keys: Vec<Key>,
    trusted: Vec<Trusted>,
}

#[derive(Debug)]
struct Trusted {
    alias: String,
    certificate: CertificateDer<'static>,
}

struct Key {
    alias: String,
    material: Material,
    chain: Vec<CertificateDer<'static>>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("alias", &self.alias).finish_non_exhaustive()
    }
}

enum Material {
    Plain(PrivateKeyDer<'static>),
    /// As JKS hides it: every key may have a password of its own.
    Hidden(Vec<u8>),
}

impl KeyStore {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is not of the type (JKS and PKCS#12 pass for each other), or has another password.
    pub fn open(path: &Path, kind: StoreType, password: &str) -> Result<Self, KeyStoreError> {
        let bytes = std::fs::read(path).map_err(|source| KeyStoreError::Read { path: path.to_owned(), source })?;
        Self::parse(&bytes, kind, password)
    }

    /// Reads a store from memory.
    ///
    /// # Errors
    /// As [`KeyStore::open`].
    pub fn parse(bytes: &[u8], kind: StoreType, password: &str) -> Result<Self, KeyStoreError> {
        match kind {
            StoreType::Pem => Self::from_pem(bytes),
            _ if jks::is_jks(bytes) => Self::from_jks(bytes, password),
            _ => Self::from_pkcs12(bytes, password),
        }
    }

    fn from_jks(bytes: &[u8], password: &str) -> Result<Self, KeyStoreError> {
        let mut store = Self::default();
        for entry in jks::read(bytes, password)? {
            match entry {
                jks::Entry::Key { alias, hidden, chain } => {
                    let chain = chain.into_iter().map(CertificateDer::from).collect();
                    store.keys.push(Key { alias, material: Material::Hidden(hidden), chain });
                }
                jks::Entry::Trusted { alias, certificate } => {
                    store.trusted.push(Trusted { alias, certificate: certificate.into() });
                }
            }
        }
        Ok(store)
    }

    fn from_pkcs12(bytes: &[u8], password: &str) -> Result<Self, KeyStoreError> {
        let archive = p12_keystore::KeyStore::from_pkcs12(bytes, password).map_err(|error| match error {
            p12_keystore::error::Error::MacError(_) => KeyStoreError::WrongPassword,
            _ => KeyStoreError::Malformed,
        })?;
        let mut store = Self::default();
        for (alias, entry) in archive.entries() {
            match entry {
                p12_keystore::KeyStoreEntry::PrivateKeyChain(entry) => {
                    let certificate = entry.chain().first().map(p12_keystore::Certificate::as_der);
                    let key = der::complete_key(entry.key().to_vec(), certificate);
                    let key = PrivateKeyDer::try_from(key).map_err(|_| KeyStoreError::Malformed)?;
                    let chain = entry.chain().iter().map(|one| one.as_der().to_vec().into()).collect();
                    store.keys.push(Key { alias: alias.clone(), material: Material::Plain(key), chain });
                }
                p12_keystore::KeyStoreEntry::Certificate(one) => {
                    store.trusted.push(Trusted { alias: alias.clone(), certificate: one.as_der().to_vec().into() });
                }
                p12_keystore::KeyStoreEntry::Secret(_) => {}
            }
        }
        Ok(store)
    }

    /// A PEM file is a key with its chain if it has a key, and a list of certificates to trust if it has none.
    fn from_pem(bytes: &[u8]) -> Result<Self, KeyStoreError> {
        let (mut chain, mut key) = (Vec::new(), None);
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
            let (kind, der) = section.map_err(|_| KeyStoreError::Malformed)?;
            match kind {
                SectionKind::Certificate => chain.push(CertificateDer::from(der)),
                SectionKind::PrivateKey => key = Some(PrivateKeyDer::Pkcs8(der.into())),
                SectionKind::RsaPrivateKey => key = Some(PrivateKeyDer::Pkcs1(der.into())),
                SectionKind::EcPrivateKey => key = Some(PrivateKeyDer::Sec1(der.into())),
                _ => {}
            }
        }
        match (key, chain.is_empty()) {
            (None, true) => Err(KeyStoreError::Malformed),
            (None, false) => {
                let trusted = chain.into_iter().map(|certificate| Trusted { alias: String::new(), certificate });
                Ok(Self { keys: Vec::new(), trusted: trusted.collect() })
            }
            (Some(key), _) => {
                let key = Key { alias: String::new(), material: Material::Plain(key), chain };
                Ok(Self { keys: vec![key], trusted: Vec::new() })
            }
        }
    }

    /// The key with this alias (whatever its case, as in Java), or the first key. `key_password` opens a JKS key.
    ///
    /// # Errors
    /// When there is no such key, or the password does not open it.
    pub fn identity(&self, alias: Option<&str>, key_password: &str) -> Result<Identity, KeyStoreError> {
        let mut keys = self.keys.iter();
        let found = match alias {
            // PEM has no aliases: its one key answers to all.
            Some(alias) => keys.find(|key| key.alias.is_empty() || key.alias.eq_ignore_ascii_case(alias)),
            None => keys.next(),
        };
        let found = found.ok_or_else(|| KeyStoreError::NoKey(alias.map(str::to_owned)))?;
        let key = match &found.material {
            Material::Plain(key) => key.clone_key(),
            Material::Hidden(hidden) => {
                let certificate = found.chain.first().map(AsRef::as_ref);
                let key = der::complete_key(jks::uncover(hidden, key_password)?, certificate);
                PrivateKeyDer::try_from(key).map_err(|_| KeyStoreError::Malformed)?
            }
        };
        Ok(Identity { chain: found.chain.clone(), key })
    }

    /// The certificates to trust. Java trusts the certificates of keys in a trust store too.
    pub fn trusted(&self) -> Vec<CertificateDer<'static>> {
        let trusted = self.trusted.iter().map(|one| &one.certificate);
        trusted.chain(self.keys.iter().filter_map(|key| key.chain.first())).cloned().collect()
    }

    /// The certificate with this alias (whatever its case, as in Java): a trusted one, or that of a key.
    pub fn certificate(&self, alias: &str) -> Option<&CertificateDer<'static>> {
        let mut trusted = self.trusted.iter().filter(|one| one.alias.eq_ignore_ascii_case(alias));
        let key = || self.keys.iter().find(|key| key.alias.eq_ignore_ascii_case(alias))?.chain.first();
        trusted.next().map(|one| &one.certificate).or_else(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JKS: &[u8] = include_bytes!("../tests/keystores/server.jks");
    const PKCS12: &[u8] = include_bytes!("../tests/keystores/server.p12");
    const PEM: &[u8] = include_bytes!("../tests/keystores/both.pem");

    #[test]
    fn the_same_key_comes_from_every_format() {
        let jks = KeyStore::parse(JKS, StoreType::Jks, "storepw").unwrap();
        let jks = jks.identity(Some("Server"), "keypw12").unwrap();
        let pkcs12 = KeyStore::parse(PKCS12, StoreType::Pkcs12, "storepw").unwrap().identity(None, "").unwrap();
        let pem = KeyStore::parse(PEM, StoreType::Pem, "").unwrap().identity(Some("any"), "").unwrap();
        for other in [&pkcs12, &pem] {
            assert_eq!(jks.key.secret_der(), other.key.secret_der());
            assert_eq!(jks.chain, other.chain);
        }
        // A PKCS#12 file that the configuration calls JKS, as keytool has made them for years.
        assert!(KeyStore::parse(PKCS12, StoreType::Jks, "storepw").is_ok());
    }

    #[test]
    fn an_elliptic_curve_key_as_java_writes_it_can_be_used() {
        let store = KeyStore::parse(JKS, StoreType::Jks, "storepw").unwrap();
        let identity = store.identity(Some("second"), "keypw12").unwrap();
        let PrivateKeyDer::Pkcs8(key) = &identity.key else { panic!("{:?}", identity.key) };
        rustls::crypto::ring::sign::any_ecdsa_type(&PrivateKeyDer::Pkcs8(key.clone_key())).unwrap();
    }

    #[test]
    fn certificates_to_trust_come_from_every_format() {
        let jks = KeyStore::parse(include_bytes!("../tests/keystores/trust.jks"), StoreType::Jks, "storepw").unwrap();
        let p12 =
            KeyStore::parse(include_bytes!("../tests/keystores/trust.p12"), StoreType::Pkcs12, "storepw").unwrap();
        let pem = KeyStore::parse(include_bytes!("../tests/keystores/server.pem"), StoreType::Pem, "").unwrap();
        assert_eq!(jks.trusted().len(), 1);
        assert_eq!(jks.trusted(), p12.trusted());
        assert_eq!(jks.trusted(), pem.trusted());
        assert!(matches!(pem.identity(None, ""), Err(KeyStoreError::NoKey(None))));
    }

    #[test]
    fn certificates_have_aliases() {
        let keys = KeyStore::parse(JKS, StoreType::Jks, "storepw").unwrap();
        assert_eq!(keys.certificate("SERVER"), keys.identity(Some("server"), "keypw12").unwrap().chain.first());
        assert_eq!(keys.certificate("none"), None);
        let trust = include_bytes!("../tests/keystores/trust.jks");
        let trust = KeyStore::parse(trust, StoreType::Jks, "storepw").unwrap();
        assert_eq!(trust.certificate("CA"), trust.trusted().first());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |bytes, kind| KeyStore::parse(bytes, kind, "wrong").unwrap_err();
        assert!(matches!(wrong(JKS, StoreType::Jks), KeyStoreError::WrongPassword));
        assert!(matches!(wrong(PKCS12, StoreType::Pkcs12), KeyStoreError::WrongPassword));
        assert!(matches!(wrong(b"text", StoreType::Pem), KeyStoreError::Malformed));
        assert!(matches!(wrong(b"text", StoreType::Pkcs12), KeyStoreError::Malformed));
        let store = KeyStore::parse(JKS, StoreType::Jks, "storepw").unwrap();
        let error = store.identity(Some("none"), "keypw12").unwrap_err();
        assert_eq!(error.to_string(), "the key store has no private key with the alias \"none\"");
        assert!(matches!("BCFKS".parse::<StoreType>(), Err(KeyStoreError::UnsupportedType(_))));
    }
}
