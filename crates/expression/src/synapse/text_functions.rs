//! The functions of text (spec, 4.6). Lengths and positions count UTF-16 units, as Java's do.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use encoding_rs::Encoding;
use mi_payload::java::{self, JavaRegex};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use serde_json::Value as Json;

use super::ast::Function;
use super::evaluate::{Evaluated, Fail, wrong_count};
use super::functions::invalid;
use super::value::Val;

/// What `java.net.URLEncoder` leaves as it is, besides letters, digits and the blank (which becomes `+`).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'*').remove(b' ');

pub(super) fn call<'m>(function: Function, values: &[Val<'m>]) -> Evaluated<'m> {
    let string = |value: &Val<'m>| value.as_string().map(str::to_owned).ok_or_else(|| invalid(function));
    let integer = |value: &Val<'m>| value.as_integer().ok_or_else(|| invalid(function));
    Ok(match (function, values) {
        (Function::Length, [value]) => {
            let length = match value {
                Val::Json(json) if json.is_array() => json.as_array().map_or(0, Vec::len),
                value => string(value)?.encode_utf16().count(),
            };
            Val::Integer(i32::try_from(length).unwrap_or(i32::MAX))
        }
        (Function::ToUpper, [value]) => text(primitive(function, value)?.to_uppercase()),
        (Function::ToLower, [value]) => text(primitive(function, value)?.to_lowercase()),
        (Function::Trim, [value]) => text(string(value)?.trim_matches(|c| c <= ' ').to_owned()),
        (Function::SubString, [value, start]) => {
            let units = utf16(&string(value)?);
            text(slice(function, &units, integer(start)?, units.len())?)
        }
        (Function::SubString, [value, start, end]) => {
            let units = utf16(&string(value)?);
            let end = usize::try_from(integer(end)?).map_err(|_| invalid(function))?;
            text(slice(function, &units, integer(start)?, end)?)
        }
        (Function::CharAt, [value, index]) => {
            let units = utf16(&string(value)?);
            let index = integer(index)?;
            let end = usize::try_from(index).map_err(|_| invalid(function))? + 1;
            text(slice(function, &units, index, end)?)
        }
        (Function::StartsWith, [value, part]) => Val::Boolean(string(value)?.starts_with(&string(part)?)),
        (Function::EndsWith, [value, part]) => Val::Boolean(string(value)?.ends_with(&string(part)?)),
        (Function::Contains, [value, part]) => Val::Boolean(string(value)?.contains(&string(part)?)),
        (Function::Replace, [value, from, to]) => text(string(value)?.replace(&string(from)?, &string(to)?)),
        (Function::Split, [value, regex]) => {
            let (value, regex) = (string(value)?, string(regex)?);
            let regex = JavaRegex::new(&regex).map_err(|error| Fail::Soft(error.to_string()))?;
            let items = java::split(&value, &regex).into_iter().map(|item| Json::String(item.to_owned()));
            Val::Json(std::borrow::Cow::Owned(Json::Array(items.collect())))
        }
        (Function::IndexOf, [value, part]) => index_of(&string(value)?, &string(part)?, 0),
        (Function::IndexOf, [value, part, from]) => index_of(&string(value)?, &string(part)?, integer(from)?),
        (Function::Base64Encode, [value]) => text(STANDARD.encode(string(value)?)),
        (Function::Base64Encode, [value, charset]) => {
            let encoding = named(&string(charset)?)?;
            text(STANDARD.encode(encoding.encode(&string(value)?).0))
        }
        (Function::UrlEncode, [value]) => text(url_encode(&string(value)?)),
        (Function::UrlEncode, [value, charset]) => {
            let encoding = named(&string(charset)?)?;
            let value = string(value)?;
            if encoding == encoding_rs::UTF_8 {
                text(url_encode(&value))
            } else {
                text(form_encode(&encoding.encode(&value).0))
            }
        }
        (Function::UrlDecode, [value]) => {
            let spaced = string(value)?.replace('+', " ");
            text(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
        }
        (function, values) => return Err(wrong_count(function, values.len())),
    })
}

/// Java's decoder does not insist on the padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text behind base64.
///
/// # Errors
/// What Java's decoder says of input that is not base64.
pub(super) fn base64_decode(value: &str) -> Result<String, String> {
    let bytes = LENIENT.decode(value).map_err(|error| format!("Illegal base64 character: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn text<'m>(text: String) -> Val<'m> {
    Val::Text(text.into())
}

/// A string, or a JSON primitive of any kind.
fn primitive(function: Function, value: &Val<'_>) -> Result<String, Fail> {
    match value {
        Val::Json(json) if json.is_object() || json.is_array() => Err(invalid(function)),
        Val::Json(_) | Val::JsonNumber(_) | Val::Text(_) => Ok(value.text().into_owned()),
        _ => Err(invalid(function)),
    }
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn slice(function: Function, units: &[u16], start: i32, end: usize) -> Result<String, Fail> {
    let start = usize::try_from(start).map_err(|_| invalid(function))?;
    let part = units.get(start..end).ok_or_else(|| invalid(function))?;
    Ok(String::from_utf16_lossy(part))
}

fn index_of<'m>(value: &str, part: &str, from: i32) -> Val<'m> {
    let (value, part) = (utf16(value), utf16(part));
    let from = usize::try_from(from).unwrap_or(0).min(value.len());
    let found = (from..=value.len()).find(|&at| value.get(at..).is_some_and(|rest| rest.starts_with(&part)));
    Val::Integer(found.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1))
}

fn named(charset: &str) -> Result<&'static Encoding, Fail> {
    Encoding::for_label(charset.as_bytes()).ok_or_else(|| Fail::Soft(format!("unknown charset {charset}")))
}

fn form_encode(bytes: &[u8]) -> String {
    percent_encode(bytes, FORM).to_string().replace(' ', "+")
}

fn url_encode(value: &str) -> String {
    form_encode(value.as_bytes()).replace('+', "%20").replace('*', "%2A")
}
