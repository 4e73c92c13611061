//! What Java encrypted with `tests/keystores/rsa.jks`, and the way back.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::*;

/// "Grüezi", as Java's `Cipher` encrypted it.
const FROM_JAVA: [(&str, &str); 5] = [
    (
        "RSA",
        "degjlhqj10gbH7LYI28IyykFYXeIDgzd1/E/9RqZza+ghN2p3C7ZlDd55Bv2XrRpmxrdWdBhwP4GzAgJpnLjb7R7jD++jCYAvGimQKw3xL+X+vnxl+nmQSs7+Tny8VaZ/5rfyKLoUl3nKmA+oAdKMSdqvBbAKQoJNfc7URbBfzkQ6mJlUnlhsajnfuwlo8k7iKKxsrsaOAUbLfky1R/MSrFXd9a0efQ0rRrRBwL/1bx2VL4wqqlMxmMsnmIsppy4WMQYcvSKawXpTwaLvHH0D70J9x0n25g62/Ue0ORBVXZcIsRNQdbXs3Ddj/BJKzGxAVvBVMSxpXNgacJOq/EVHg==",
    ),
    (
        "RSA/ECB/PKCS1Padding",
        "nqvP2PtwmG05KE16WbuNDaMoU0lcX34vLvjzgkO9UOaoj7okM6OgbmVtW8EI3E4yaIISWC1WV3LcoFxgvi37BWEv1yLhKZ41nh1klkmOS20YVoAvWBtmjRIbfmMGHpr4k16W3fTNCZqysotXcBkOJ75AV83R61Jr9bzlYRRXt/+aQkZGyXPcDXJQcdcG0CPfGbr8eNnE+pYT+p4W5nCk06wcWej2NkMPqDOlBabzJRd7LefhBsv2KR92iZ3BInE7jPzTENhwgbwzDSwvk11dMyNIkEqAgQSMbBHVFOSBzBpt75ErJxjZg4vXpnLRZpkiK9qS6rNF6+BdS2sSvAPr5Q==",
    ),
    (
        "RSA/ECB/OAEPPadding",
        "U+/j+4j7nJJWBV+I1llRHy4kLxsLzc5w2vy3vJPFicPPEgjEECW17tnJnvwbNmwZPUxclxDv3JHuuMEYngKhShymj0zCafj3VZRbmdREsDao8JKersMTPkx5B9Hsw4E3baR8kqj5KetvIeXdX8GPlKniBJxOzv3ZX0s8rhiROmRSEZzWLMzWQydy+0Bdctg+PoZiuI6HBSKd1XRwoN5Ao/Ik6j/qRSvfCPT2bZ3+1+ru8rcMUtqMokdGW0uxZpidJ/d1AjQlLc4/QgSv4KG2H7Xet7vFwCiUWMfNBipoOEJeqTq3LIQtEEAe0Zm/fUjGUXmDSM0GHYR6yuq7KyBqCA==",
    ),
    (
        "RSA/ECB/OAEPWithSHA-256AndMGF1Padding",
        "PxPwg27jJzipWg6Wvo2BOEOdZKzzxlK5EjEKxOj9C9kn0Wa88kwnB0qfMk9+D9cooMG75EbVhsz+nO0eLvtDjeEocjMvHv3vrYkm/NkdoWMqoEDDaa/6ST2juLnlrNj0vIstpb6u+8rpLsU+ZPAK2pYxcD3jZgjUa4r1ERRqV6zD1sYRSpRApaGYJIDA+fECZ7VSibMhUKmkdUQP6UmoEU9w99UgzWMjUGk1qAI4u31xrscnQhzCDPCpZ/TXEGdGGcy5F4i2A0eh0tl9WzsqzzIYpbvIJ4QJf1tL5oLjyj2xHT8LaTlRUZYHqiwbfrcNuRb/ZP7CEe+YMuxiAwA3Tg==",
    ),
    (
        "RSA/ECB/OAEPWithSHA-512AndMGF1Padding",
        "Xsy+vJ3ViJRQur/Qf8s3tCdG/eox0W004yPIOMtP3O34Mjh5T+cYyFTkeKUc2yF7b4kWBzTH+mf/rW9CIIX0Td6GbveziT9ZyPa1QAwPB9kceYtab2sMH4cRS/z112TkLv14Sap3Aw35FAw+bu4lm3PFSP81l9M+qEKndjvybN96Lb8yhensZuN+8jSlGOqMhZWIiHc5tPhhoCZ1H52SEUAF5W8xnkeOdyO7wpX7aXX5jb51FzZod+mvJY6/1d4Aj8Mn19rjmU9pPxwftMOMDFZw884RUi4SW1CUlWSqDfXE9TblhYLiZg6Nv61JyG7899bY0IMYi+FDM3P30SIW6Q==",
    ),
];

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keystores").join(name);
    path.to_str().unwrap().to_owned()
}

fn reference(path: &str) -> KeyReference<'_> {
    KeyReference { path, kind: "JKS", password: "storepw", alias: "rsa" }
}

#[test]
fn what_java_encrypted_is_decrypted() {
    for store in ["rsa.jks", "rsa.p12"] {
        for (transformation, hidden) in FROM_JAVA {
            assert_eq!(decrypt(hidden, reference(&file(store)), transformation).unwrap(), "Grüezi", "{transformation}");
        }
    }
}

#[test]
fn what_is_encrypted_comes_back() {
    let path = file("rsa.jks");
    for (transformation, _) in FROM_JAVA {
        for text in ["", "a", &"x".repeat(120)] {
            let hidden = encrypt(text, reference(&path), transformation).unwrap();
            assert_eq!(decrypt(&hidden, reference(&path), transformation).unwrap(), text);
        }
    }
    let [first, second] = [(); 2].map(|()| encrypt("a", reference(&path), "RSA").unwrap());
    assert_ne!(first, second);
}

#[test]
fn what_is_wrong_is_said_in_javas_words() {
    let path = file("rsa.jks");
    let key = reference(&path);
    let said = |result: Result<String, CipherError>| result.unwrap_err().to_string();
    assert_eq!(said(encrypt(&"x".repeat(246), key, "RSA")), "Data must not be longer than 245 bytes");
    let wrong = STANDARD.encode([1; 256]);
    assert_eq!(said(decrypt(&wrong, key, "RSA")), "Padding error in decryption");
    assert_eq!(said(decrypt(&wrong, key, "RSA/ECB/OAEPPadding")), "Padding error in decryption");
    assert_eq!(said(decrypt("AAAA", key, "RSA")), "Padding error in decryption");
    assert_eq!(said(decrypt("", key, "RSA")), "Padding error in decryption");
    assert_eq!(said(decrypt(&STANDARD.encode([255; 256]), key, "RSA")), "Padding error in decryption");
    assert_eq!(said(decrypt("%", key, "RSA")), "the text is not base64");
    assert_eq!(said(encrypt("a", key, "AES")), "Cannot find any provider supporting AES");
    let none = KeyReference { alias: "none", ..key };
    assert!(said(encrypt("a", none, "RSA")).contains("no certificate"));
    assert!(said(decrypt("AAAA", none, "RSA")).contains("no private RSA key"));
    for kind in ["PEM", "BCFKS"] {
        assert_eq!(said(encrypt("a", KeyReference { kind, ..key }, "RSA")), format!("{kind} not found"));
    }
    for (path, password, reason) in [("absent.jks", "storepw", "No such file"), (&path, "wrong", "wrong password")] {
        let error = said(encrypt("a", KeyReference { path, password, ..key }, "RSA"));
        assert!(error.starts_with(&format!("Keystore file does not exist in the path as configured in '{path}' ")));
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("storepw"));
    }
}

#[test]
fn keys_other_than_rsa_are_refused() {
    let path = file("server.jks");
    let key = KeyReference { alias: "second", ..reference(&path) };
    assert!(matches!(encrypt("a", key, "RSA"), Err(CipherError::NoCertificate(_))));
    // The password of this key is not the store's.
    let key = KeyReference { alias: "server", ..key };
    assert!(matches!(decrypt("AAAA", key, "RSA"), Err(CipherError::NoPrivateKey(_))));
}

#[test]
fn a_changed_file_is_read_again_and_a_removed_one_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("keys.jks");
    let name = path.to_str().unwrap();
    let alias = |alias| KeyReference { alias, ..reference(name) };
    std::fs::copy(file("trust.jks"), &path).unwrap();
    assert!(encrypt("a", alias("rsa"), "RSA").is_err());
    std::fs::copy(file("rsa.jks"), &path).unwrap();
    let later = SystemTime::now() + Duration::from_secs(10);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    while encrypt("a", alias("rsa"), "RSA").is_err() {
        std::thread::yield_now();
    }
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(encrypt("a", alias("rsa"), "RSA"), Err(CipherError::Store { .. })));
}
