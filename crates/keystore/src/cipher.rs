//! `encrypt` and `decrypt` of Synapse's XPath functions: base64 of RSA with a key of a key store (spec, 3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::{PrivateKey, PublicKey};
use rustls_pki_types::PrivateKeyDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::cache;
use crate::store::{KeyStore, KeyStoreError, StoreType};
use crate::transformation::Transformation;

/// Which key of which file.
#[derive(Clone, Copy)]
pub struct KeyReference<'a> {
    /// The file; relative to the folder that the process runs in, as in Java.
    pub path: &'a str,
    /// `JKS` or `PKCS12`. Files of one kind that are called the other are read all the same.
    pub kind: &'a str,
    /// The password of the store, and of the key.
    pub password: &'a str,
    /// The alias, in any case.
    pub alias: &'a str,
}

/// Why nothing was encrypted or decrypted. The reasons are said in Java's words where it has some.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CipherError {
    /// No such transformation.
    #[error("Cannot find any provider supporting {0}")]
    NoSuchAlgorithm(String),
    /// The file is not there, has another password, or is no key store.
    #[error("Keystore file does not exist in the path as configured in '{path}' property. ({reason})")]
    Store {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Not a type of key store that is known.
    #[error("{0} not found")]
    UnknownStoreType(String),
    /// The store has no certificate with this alias, or its key is not RSA.
    #[error("the key store has no certificate of an RSA key with the alias \"{0}\"")]
    NoCertificate(String),
    /// The store has no private key with this alias that its password opens, or the key is not RSA.
    #[error("the key store has no private RSA key with the alias \"{0}\" that its password opens")]
    NoPrivateKey(String),
    /// More than one block.
    #[error("Data must not be longer than {longest} bytes")]
    TooLong {
        /// What would fit.
        longest: usize,
    },
    /// What is to be decrypted is not base64.
    #[error("the text is not base64")]
    NotBase64,
    /// It was encrypted with another key or another padding, or damaged.
    #[error("Padding error in decryption")]
    Padding,
    /// The operation failed for another reason.
    #[error("{0}")]
    Rsa(String),
}

/// The keys with one alias.
pub(crate) struct Keys {
    public: Option<PublicKey>,
    private: Option<PrivateKey>,
}

impl Keys {
    /// Reads them from their file.
    pub(crate) fn read(reference: KeyReference<'_>) -> Result<Self, CipherError> {
        let KeyReference { path, kind, password, alias } = reference;
        let kind = match kind.parse() {
            Ok(StoreType::Pem) | Err(_) => return Err(CipherError::UnknownStoreType(kind.to_owned())),
            Ok(kind) => kind,
        };
        let store = KeyStore::open(path.as_ref(), kind, password).map_err(|error| {
            let reason = match error {
                KeyStoreError::Read { source, .. } => source.to_string(),
                other => other.to_string(),
            };
            CipherError::Store { path: path.to_owned(), reason }
        })?;
        let public = store.certificate(alias).and_then(|certificate| {
            let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
            PublicKey::from_public_key_der(certificate.public_key().raw).ok()
        });
        let private = store.identity(Some(alias), password).ok().and_then(|identity| match identity.key {
            PrivateKeyDer::Pkcs8(key) => PrivateKey::from_pkcs8_der(key.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Pkcs1(key) => PrivateKey::from_pkcs1_der(key.secret_pkcs1_der()).ok(),
            _ => None,
        });
        Ok(Self { public, private })
    }
}

/// Has the keys ready for later calls. To be called at deployment, with what is known of an expression by then; that they
/// cannot be read is no error yet.
pub fn prepare(reference: KeyReference<'_>) {
    if let Err(error) = cache::keys(reference) {
        tracing::debug!("Key store {} cannot be used yet: {error}", reference.path);
    }
}

/// Encrypts the text's UTF-8 with the key of a certificate; base64.
///
/// # Errors
/// See [`CipherError`].
pub fn encrypt(text: &str, key: KeyReference<'_>, transformation: &str) -> Result<String, CipherError> {
    let transformation = Transformation::by_name(transformation)?;
    let keys = cache::keys(key)?;
    let public = keys.public.as_ref().ok_or_else(|| CipherError::NoCertificate(key.alias.to_owned()))?;
    Ok(STANDARD.encode(transformation.encrypt(public, text.as_bytes())?))
}

/// Decrypts what [`encrypt`] gave, with the private key. What is not UTF-8 is replaced.
///
/// # Errors
/// See [`CipherError`].
pub fn decrypt(base64: &str, key: KeyReference<'_>, transformation: &str) -> Result<String, CipherError> {
    let transformation = Transformation::by_name(transformation)?;
    let keys = cache::keys(key)?;
    let private = keys.private.as_ref().ok_or_else(|| CipherError::NoPrivateKey(key.alias.to_owned()))?;
    let hidden = STANDARD.decode(base64).map_err(|_| CipherError::NotBase64)?;
    let plain = transformation.decrypt(private, &hidden)?;
    Ok(String::from_utf8(plain).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests;
