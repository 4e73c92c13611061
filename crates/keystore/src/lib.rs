//! Key stores as Java and openssl write them (JKS, PKCS#12, PEM), and RSA with their keys.
//!
//! Files are only ever read, passwords and private keys are never shown. Begin at [`KeyStore`]; [`encrypt`] and
//! [`decrypt`] are what expressions call, with keys that are kept between calls.

mod cache;
mod cipher;
mod der;
mod jks;
mod store;
mod transformation;

pub use cipher::{CipherError, KeyReference, decrypt, encrypt, prepare};
pub use store::{Identity, KeyStore, KeyStoreError, StoreType};
