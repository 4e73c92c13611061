//! Built-ins of strings.

use super::Call;
use crate::error::RenderError;
use crate::number::Number;
use crate::render::Renderer;
use crate::value::Value;

/// Evaluates one of them.
pub(super) fn evaluate(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let made =
        match call.name {
            "upper_case" => text.to_uppercase(),
            "lower_case" => text.to_lowercase(),
            "cap_first" => first(text, |c| c.to_uppercase().collect()),
            "uncap_first" => first(text, |c| c.to_lowercase().collect()),
            "capitalize" => capitalize(text),
            "trim" => text.trim_matches(|c| c <= ' ').to_owned(),
            "chop_linebreak" => {
                text.strip_suffix("\r\n").or_else(|| text.strip_suffix(['\n', '\r'])).unwrap_or(text).to_owned()
            }
            "length" => return Ok(Value::from(text.encode_utf16().count())),
            "contains" => return Ok(Value::Boolean(text.contains(&call.text(renderer, 0)?))),
            "starts_with" => return Ok(Value::Boolean(text.starts_with(&call.text(renderer, 0)?))),
            "ends_with" => return Ok(Value::Boolean(text.ends_with(&call.text(renderer, 0)?))),
            "ensure_ends_with" => {
                let end = call.text(renderer, 0)?;
                if text.ends_with(&end) { text.to_owned() } else { format!("{text}{end}") }
            }
            "remove_beginning" => text.strip_prefix(&call.text(renderer, 0)?).unwrap_or(text).to_owned(),
            "remove_ending" => text.strip_suffix(&call.text(renderer, 0)?).unwrap_or(text).to_owned(),
            "index_of" | "last_index_of" => return index_of(renderer, call, text),
            "left_pad" | "right_pad" => return pad(renderer, call, text),
            "substring" => return substring(renderer, call, text),
            "truncate" | "truncate_c" | "truncate_w" => return truncate(renderer, call, text),
            "boolean" => {
                return match text {
                    "true" => Ok(Value::Boolean(true)),
                    "false" => Ok(Value::Boolean(false)),
                    _ => Err(RenderError::failed(format!("Can't convert this string to boolean: \"{text}\""))
                        .blame(call.whole)),
                };
            }
            _ => {
                return Number::parse(text).map(Value::Number).ok_or_else(|| {
                    RenderError::failed(format!("Can't convert this string to number: \"{text}\"")).blame(call.whole)
                });
            }
        };
    renderer.made(made)
}

/// The text with its first character that is no white-space changed.
fn first(text: &str, change: impl Fn(char) -> String) -> String {
    let blanks = text.len() - text.trim_start().len();
    let (before, rest) = text.split_at_checked(blanks).unwrap_or(("", text));
    let mut characters = rest.chars();
    match characters.next() {
        Some(character) => format!("{before}{}{}", change(character), characters.as_str()),
        None => text.to_owned(),
    }
}

fn capitalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        if matches!(character, ' ' | '\t' | '\r' | '\n') {
            begins = true;
            out.push(character);
        } else if begins {
            begins = false;
            out.extend(character.to_uppercase());
        } else {
            out.extend(character.to_lowercase());
        }
    }
    out
}

/// The byte at which the character of this index begins.
fn byte_of(text: &str, index: i64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index)
}

fn index_of(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let wanted = call.text(renderer, 0)?;
    let from = call.number(renderer, 1)?;
    let found = if call.name == "index_of" {
        let start = byte_of(text, from.unwrap_or(0).max(0)).unwrap_or(text.len());
        text.get(start..).and_then(|rest| rest.find(&wanted)).map(|at| at + start)
    } else {
        match from {
            None => text.rfind(&wanted),
            Some(from) if from < 0 => None,
            Some(from) => {
                let last = byte_of(text, from).unwrap_or(text.len());
                let end = last.saturating_add(wanted.len()).min(text.len());
                let end = (end..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
                text.get(..end).and_then(|beginning| beginning.rfind(&wanted))
            }
        }
    };
    let index =
        found.and_then(|at| text.get(..at)).and_then(|before| i64::try_from(before.encode_utf16().count()).ok());
    Ok(Value::from(index.unwrap_or(-1)))
}

fn pad(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let width = call.number(renderer, 0)?.and_then(|width| usize::try_from(width).ok()).unwrap_or(0);
    let filling = call.optional_text(renderer, 1)?.unwrap_or_else(|| " ".to_owned());
    if filling.is_empty() {
        return Err(RenderError::failed(format!("?{} cannot fill with an empty string", call.name)).blame(call.whole));
    }
    let length = text.chars().count();
    let Some(lacking) = width.checked_sub(length).filter(|lacking| *lacking > 0) else {
        return Ok(Value::from(text));
    };
    renderer.fits(width)?;
    let padded = if call.name == "left_pad" {
        let padding: String = filling.chars().cycle().take(lacking).collect();
        format!("{padding}{text}")
    } else {
        // The filling is where it would be if it began at the beginning of the text.
        let padding: String = filling.chars().cycle().skip(length % filling.chars().count()).take(lacking).collect();
        format!("{text}{padding}")
    };
    renderer.made(padded)
}

fn substring(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let from = call.number(renderer, 0)?.unwrap_or(0);
    let to = call.number(renderer, 1)?;
    let (start, end) = (byte_of(text, from), to.map_or(Some(text.len()), |to| byte_of(text, to)));
    match start.zip(end).and_then(|(start, end)| text.get(start..end)) {
        Some(part) => renderer.made(part.to_owned()),
        None => Err(RenderError::failed("The arguments of ?substring are outside of the string").blame(call.whole)),
    }
}

/// The text cut to so many characters, with a sign that it was: at a word's end where that costs not too much.
fn truncate(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let most = call.number(renderer, 0)?.unwrap_or(0);
    let most = usize::try_from(most)
        .map_err(|_| RenderError::failed("The length of ?truncate can't be negative").blame(call.whole))?;
    let sign = call.optional_text(renderer, 1)?;
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= most {
        return Ok(Value::from(text));
    }
    let sign = sign.unwrap_or_else(|| "[...]".to_owned());
    let sign_length = sign.chars().count();
    let Some(room) = most.checked_sub(sign_length) else { return renderer.made(sign) };
    let trimmed = |end: usize| characters.get(..end).unwrap_or(&[]).iter().collect::<String>().trim_end().to_owned();
    let is_blank = |at: usize| characters.get(at).is_some_and(|c| c.is_whitespace());
    if call.name != "truncate_c" {
        // A blank is put before the sign at a word's end, for which there must be room too.
        let mut end = room.saturating_sub(1).min(characters.len());
        while end > 0 && (!is_blank(end) || is_blank(end - 1)) {
            end -= 1;
        }
        let least = if call.name == "truncate_w" { 0 } else { most * 3 / 4 };
        if end > 0 && end + 1 + sign_length >= least {
            return renderer.made(format!("{} {sign}", trimmed(end)));
        }
        if call.name == "truncate_w" {
            return renderer.made(sign);
        }
    }
    let cut = trimmed(room);
    renderer.made(format!("{cut}{sign}"))
}
