//! Java's names of RSA with a padding, `RSA/ECB/PKCS1Padding` and the like, and what they do.

use crypto_bigint::BoxedUint;
use rsa::hazmat::rsa_decrypt_and_check;
use rsa::rand_core::TryCryptoRng;
use rsa::sha2::{Sha224, Sha256, Sha384, Sha512};
use rsa::traits::{PaddingScheme, PublicKeyParts};
use rsa::{Error, Oaep, Pkcs1v15Encrypt, PrivateKey, PublicKey};
use sha1::Sha1;

use crate::cipher::CipherError;

/// A padding of RSA.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transformation {
    /// PKCS#1 v1.5, what Java means by `RSA` alone.
    Pkcs1,
    /// OAEP with this digest. The mask is made with SHA-1 whatever the digest, as Java does.
    Oaep(Digest),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Digest {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Transformation {
    /// The padding of a transformation as Java spells it, in any case.
    pub(crate) fn by_name(name: &str) -> Result<Self, CipherError> {
        let lower = name.trim().to_ascii_lowercase();
        Ok(match lower.as_str() {
            "rsa" => Self::Pkcs1,
            _ => match lower.strip_prefix("rsa/ecb/") {
                Some("pkcs1padding") => Self::Pkcs1,
                Some("oaeppadding" | "oaepwithsha-1andmgf1padding" | "oaepwithsha1andmgf1padding") => {
                    Self::Oaep(Digest::Sha1)
                }
                Some("oaepwithsha-224andmgf1padding") => Self::Oaep(Digest::Sha224),
                Some("oaepwithsha-256andmgf1padding") => Self::Oaep(Digest::Sha256),
                Some("oaepwithsha-384andmgf1padding") => Self::Oaep(Digest::Sha384),
                Some("oaepwithsha-512andmgf1padding") => Self::Oaep(Digest::Sha512),
                _ => return Err(CipherError::NoSuchAlgorithm(name.to_owned())),
            },
        })
    }

    /// How many bytes fit into one block of a key with a modulus of `size` bytes.
    pub(crate) fn capacity(self, size: usize) -> usize {
        size.saturating_sub(match self {
            Self::Pkcs1 => 11,
            Self::Oaep(digest) => 2 * digest.length() + 2,
        })
    }

    pub(crate) fn encrypt(self, key: &PublicKey, plain: &[u8]) -> Result<Vec<u8>, CipherError> {
        if plain.len() > self.capacity(key.size()) {
            return Err(CipherError::TooLong { longest: self.capacity(key.size()) });
        }
        let rng = &mut getrandom::SysRng;
        let hidden = match self {
            Self::Pkcs1 => key.encrypt(rng, Pkcs1v15Encrypt, plain),
            Self::Oaep(Digest::Sha1) => key.encrypt(rng, Oaep::<Sha1>::new(), plain),
            Self::Oaep(Digest::Sha224) => key.encrypt(rng, Oaep::<Sha224, Sha1>::new_with_mgf_hash(), plain),
            Self::Oaep(Digest::Sha256) => key.encrypt(rng, Oaep::<Sha256, Sha1>::new_with_mgf_hash(), plain),
            Self::Oaep(Digest::Sha384) => key.encrypt(rng, Oaep::<Sha384, Sha1>::new_with_mgf_hash(), plain),
            Self::Oaep(Digest::Sha512) => key.encrypt(rng, Oaep::<Sha512, Sha1>::new_with_mgf_hash(), plain),
        };
        hidden.map_err(|error| CipherError::Rsa(error.to_string()))
    }

    pub(crate) fn decrypt(self, key: &PrivateKey, hidden: &[u8]) -> Result<Vec<u8>, CipherError> {
        let plain = match self {
            Self::Pkcs1 => key.decrypt(Pkcs1OrFault, hidden),
            Self::Oaep(Digest::Sha1) => key.decrypt(Oaep::<Sha1>::new(), hidden),
            Self::Oaep(Digest::Sha224) => key.decrypt(Oaep::<Sha224, Sha1>::new_with_mgf_hash(), hidden),
            Self::Oaep(Digest::Sha256) => key.decrypt(Oaep::<Sha256, Sha1>::new_with_mgf_hash(), hidden),
            Self::Oaep(Digest::Sha384) => key.decrypt(Oaep::<Sha384, Sha1>::new_with_mgf_hash(), hidden),
            Self::Oaep(Digest::Sha512) => key.decrypt(Oaep::<Sha512, Sha1>::new_with_mgf_hash(), hidden),
        };
        // One reason for whatever is wrong: which of them it is helps only an attacker.
        plain.map_err(|_| CipherError::Padding)
    }
}

impl Digest {
    fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// PKCS#1 v1.5 where a wrong padding is an error, as in Java. The library's own answers a wrong padding with a made-up
/// text, which a flow would take for the sender's (`docs/decisions/rsa.md`).
struct Pkcs1OrFault;

impl PaddingScheme for Pkcs1OrFault {
    fn decrypt<R: TryCryptoRng + ?Sized>(
        self,
        rng: Option<&mut R>,
        key: &PrivateKey,
        hidden: &[u8],
    ) -> rsa::errors::Result<Vec<u8>> {
        let size = key.size();
        if hidden.len() != size {
            return Err(Error::Decryption);
        }
        let number = BoxedUint::from_be_slice(hidden, key.n_bits_precision()).map_err(|_| Error::Decryption)?;
        let block = rsa_decrypt_and_check(key, rng, &number)?.to_be_bytes();
        let block = block.len().checked_sub(size).and_then(|at| block.get(at..)).ok_or(Error::Decryption)?;
        unpad(block).map(<[u8]>::to_vec).ok_or(Error::Decryption)
    }

    fn encrypt<R: TryCryptoRng + ?Sized>(
        self,
        rng: &mut R,
        key: &PublicKey,
        plain: &[u8],
    ) -> rsa::errors::Result<Vec<u8>> {
        Pkcs1v15Encrypt.encrypt(rng, key, plain)
    }
}

/// The message in `00 02 (eight or more bytes, none of them 0) 00 message`. Looks at every byte whatever they are; that
/// there is a message, and its length, the caller learns anyway.
fn unpad(block: &[u8]) -> Option<&[u8]> {
    let (head, rest) = block.split_at_checked(2)?;
    let mut separator = rest.len();
    for (at, byte) in rest.iter().enumerate().rev() {
        let zero = usize::from(*byte == 0).wrapping_neg();
        separator = (separator & !zero) | (at & zero);
    }
    let good = (head[0] == 0) & (head[1] == 2) & (separator >= 8) & (separator < rest.len());
    if good { rest.get(separator + 1..) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_javas() {
        let name = |name| Transformation::by_name(name).unwrap();
        assert_eq!(name("RSA"), Transformation::Pkcs1);
        assert_eq!(name("rsa/ecb/pkcs1padding"), Transformation::Pkcs1);
        assert_eq!(name("RSA/ECB/OAEPPadding"), Transformation::Oaep(Digest::Sha1));
        assert_eq!(name("RSA/ECB/OAEPWithSHA-256AndMGF1Padding"), Transformation::Oaep(Digest::Sha256));
        let error = Transformation::by_name("RSA/None/PKCS1Padding").unwrap_err();
        assert_eq!(error.to_string(), "Cannot find any provider supporting RSA/None/PKCS1Padding");
    }

    #[test]
    fn as_much_fits_as_in_java() {
        assert_eq!(Transformation::Pkcs1.capacity(256), 245);
        assert_eq!(Transformation::Oaep(Digest::Sha1).capacity(256), 214);
    }

    #[test]
    fn the_message_is_what_follows_the_padding() {
        let block = |head: [u8; 2], padding: usize, tail: &[u8]| [&head[..], &vec![7; padding], tail].concat();
        assert_eq!(unpad(&block([0, 2], 8, b"\0text")), Some(&b"text"[..]));
        assert_eq!(unpad(&block([0, 2], 9, b"\0a\0b")), Some(&b"a\0b"[..]));
        assert_eq!(unpad(&block([0, 2], 8, b"\0")), Some(&b""[..]));
        for wrong in
            [block([0, 1], 8, b"\0t"), block([1, 2], 8, b"\0t"), block([0, 2], 7, b"\0t"), block([0, 2], 9, b"")]
        {
            assert_eq!(unpad(&wrong), None);
        }
        assert_eq!(unpad(&[]), None);
    }
}
