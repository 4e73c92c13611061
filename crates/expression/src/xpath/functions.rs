//! The functions of the spec, 3.5. They are found by their local name, whatever the prefix.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use encoding_rs::Encoding;
use mi_keystore::{CipherError, KeyReference};
use mi_xml::xpath::{EvalError, Reference, Value, XPath};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;

use super::get_property::get_property;
use super::variables::MessageEnvironment;
use crate::message::{Held, Scope};

/// What a URL path with query keeps as it is, besides letters and digits.
const PATH_AND_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b',')
    .remove(b';');

/// The type of key stores where nobody says another.
const STORE_TYPE: &str = "JKS";

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Calls a function; `None` if there is none of this name.
pub(super) fn call<'m>(
    env: &MessageEnvironment<'m, '_>,
    name: &str,
    arguments: Vec<Value<'m>>,
) -> Result<Option<Value<'m>>, EvalError> {
    let texts: Vec<Cow<'m, str>> = arguments.into_iter().map(Value::into_string).collect();
    let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
    Ok(Some(match name {
        "get-property" => return get_property(env, &texts).map(Some),
        "base64Encode" => encode(&texts)?.into(),
        "base64Decode" => decode(&texts)?.into(),
        "url-encode" => match texts.as_slice() {
            [text] => url_encode(text, "UTF-8")?.into(),
            [text, charset] => url_encode(text, charset)?.into(),
            _ => "".into(),
        },
        "encrypt" => crypt(env, &texts, mi_keystore::encrypt)?.into(),
        "decrypt" => crypt(env, &texts, mi_keystore::decrypt)?.into(),
        "hmac-generate" => generate_hmac(&texts)?.into(),
        "vault-lookup" => match texts.first().and_then(|alias| env.message.secret(alias)) {
            Some(secret) => Value::String(secret),
            None => format!("wso2:vault-lookup('{}')", texts.join("','")).into(),
        },
        _ => return Ok(None),
    }))
}

fn charset(label: &str) -> Result<&'static Encoding, EvalError> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| EvalError::Environment("Unsupported Encoding".to_owned()))
}

fn encode(arguments: &[&str]) -> Result<String, EvalError> {
    let (text, charset) = match arguments {
        [text] => (text, charset("UTF-8")?),
        [text, label] => (text, charset(label)?),
        _ => return Ok(String::new()),
    };
    Ok(STANDARD.encode(charset.encode(text).0))
}

fn decode(arguments: &[&str]) -> Result<String, EvalError> {
    let (text, charset) = match arguments {
        [text] => (text, charset("UTF-8")?),
        [text, label] => (text, charset(label)?),
        _ => return Ok(String::new()),
    };
    // Like commons-codec: what is not of the alphabet is skipped.
    let kept = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    let clean: Vec<u8> = text.bytes().filter(kept).collect();
    let bytes = LENIENT.decode(&clean).map_err(|error| EvalError::Environment(error.to_string()))?;
    Ok(charset.decode_without_bom_handling(&bytes).0.trim_matches(|c| c <= ' ').to_owned())
}

fn url_encode(text: &str, label: &str) -> Result<String, EvalError> {
    let encoding = charset(label)?;
    if encoding == encoding_rs::UTF_8 {
        return Ok(utf8_percent_encode(text, PATH_AND_QUERY).to_string());
    }
    let bytes = encoding.encode(text).0;
    Ok(percent_encoding::percent_encode(&bytes, PATH_AND_QUERY).to_string())
}

fn generate_hmac(arguments: &[&str]) -> Result<String, EvalError> {
    let (payload, secret, algorithm) = match arguments {
        [payload, secret] => (payload, secret, "HmacSHA1"),
        [payload, secret, algorithm] => (payload, secret, *algorithm),
        _ => return Ok(String::new()),
    };
    let digest = match algorithm.to_ascii_lowercase().as_str() {
        "hmacsha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "hmacsha256" => hmac::HMAC_SHA256,
        "hmacsha384" => hmac::HMAC_SHA384,
        "hmacsha512" => hmac::HMAC_SHA512,
        _ => return Err(EvalError::Environment(format!("Algorithm {algorithm} not available"))),
    };
    let tag = hmac::sign(&hmac::Key::new(digest, secret.as_bytes()), payload.as_bytes());
    Ok(tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `encrypt` and `decrypt`: text, key store, password, alias, type of the key store, transformation.
fn crypt(
    env: &MessageEnvironment<'_, '_>,
    arguments: &[&str],
    run: fn(&str, KeyReference<'_>, &str) -> Result<String, CipherError>,
) -> Result<String, EvalError> {
    let [text, path, password, alias, rest @ ..] = arguments else { return Ok(String::new()) };
    let usual = || env.message.property(Scope::System, "primary.key.type").map(Held::into_text);
    let (kind, transformation) = match rest {
        [] => (usual().filter(|kind| !kind.is_empty()).unwrap_or(Cow::Borrowed(STORE_TYPE)), "RSA"),
        [kind] => (Cow::Borrowed(*kind), "RSA"),
        [kind, transformation] => (Cow::Borrowed(*kind), *transformation),
        _ => return Ok(String::new()),
    };
    let key = KeyReference { path, kind: &kind, password, alias };
    run(text, key, transformation)
        .map_err(|error| EvalError::Environment(format!("An error occurred while encrypting data. {error}")))
}

/// Reads the keys that calls of `encrypt` and `decrypt` name by literals, so that no message waits for it.
pub(super) fn prepare(xpath: &XPath) {
    for reference in xpath.references() {
        let Reference::Function(_, "encrypt" | "decrypt", arguments) = reference else { continue };
        let arguments: Vec<Option<&str>> = arguments.literals().collect();
        let [_, Some(path), Some(password), Some(alias), rest @ ..] = arguments.as_slice() else { continue };
        let kind = match rest {
            [] => STORE_TYPE,
            [Some(kind)] | [Some(kind), _] => kind,
            _ => continue,
        };
        mi_keystore::prepare(KeyReference { path, kind, password, alias });
    }
}
