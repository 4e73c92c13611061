//! Built-ins of strings that look for parts, literally or by a regular expression.

use std::sync::Arc;

use fancy_regex::Regex;

use super::Call;
use super::wrong_type;
use crate::error::RenderError;
use crate::render::Renderer;
use crate::value::{Matches, Value};

/// Flags: `i`gnore case, `m`ultiline, `c`omments, `s`: dot takes all, `r`egular expression, `f`irst only.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    inline: [Option<char>; 4],
    ignore_case: bool,
    regex: bool,
    first: bool,
}

impl Flags {
    fn parse(text: &str) -> Result<Self, RenderError> {
        let mut flags = Self::default();
        for flag in text.chars() {
            match flag {
                'i' => {
                    flags.ignore_case = true;
                    flags.inline[0] = Some('i');
                }
                'm' => flags.inline[1] = Some('m'),
                's' => flags.inline[2] = Some('s'),
                'c' => flags.inline[3] = Some('x'),
                'r' => flags.regex = true,
                'f' => flags.first = true,
                other => return Err(RenderError::failed(format!("There is no flag '{other}' of regular expressions"))),
            }
        }
        Ok(flags)
    }

    /// What must be looked for.
    fn compile(self, pattern: &str) -> Result<Regex, RenderError> {
        let inline: String = self.inline.iter().flatten().collect();
        let pattern = if self.regex {
            let translated = mi_payload::java::translate_regex(pattern);
            translated.map_err(|error| RenderError::failed(format!("Malformed regular expression: {error}")))?
        } else {
            fancy_regex::escape(pattern).into_owned()
        };
        let pattern = if inline.is_empty() { pattern } else { format!("(?{inline}){pattern}") };
        Regex::new(&pattern).map_err(|error| RenderError::failed(format!("Malformed regular expression: {error}")))
    }
}

/// Evaluates one of them.
pub(super) fn evaluate(renderer: &mut Renderer<'_>, call: &Call<'_>) -> Result<Value, RenderError> {
    if call.name == "groups" {
        return match renderer.required(call.target)? {
            Value::Matches(matches) => {
                Ok(Value::List(matches.groups.iter().map(|group| group.clone().map(Value::String)).collect()))
            }
            other => Err(wrong_type("result of ?matches", &other).blame(call.target)),
        };
    }
    let text = renderer.text(call.target)?;
    renderer.step(text.len() as u64 / 16)?;
    let result = match call.name {
        "word_list" => {
            let words: Vec<Value> = text.split_whitespace().map(Value::from).collect();
            renderer.step(words.len() as u64)?;
            return Ok(Value::list(words));
        }
        "matches" => matches(renderer, call, &text),
        "replace" => replace(renderer, call, &text),
        "split" => split(renderer, call, &text),
        "ensure_starts_with" => ensure_starts_with(renderer, call, &text),
        _ => keep(renderer, call, &text),
    };
    result.map_err(|error| error.blame(call.whole))
}

fn flags(renderer: &mut Renderer<'_>, call: &Call<'_>, index: usize) -> Result<Flags, RenderError> {
    Flags::parse(&call.text(renderer, index)?)
}

fn replace(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let (wanted, replacement) = (call.text(renderer, 0)?, call.text(renderer, 1)?);
    let flags = flags(renderer, call, 2)?;
    if !flags.regex && !flags.ignore_case {
        let count = if wanted.is_empty() {
            text.len() + 1
        } else {
            text.matches(&wanted).take(if flags.first { 1 } else { usize::MAX }).count()
        };
        renderer.fits(text.len().saturating_add(count.saturating_mul(replacement.len())))?;
        let replaced =
            if flags.first { text.replacen(&wanted, &replacement, 1) } else { text.replace(&wanted, &replacement) };
        return renderer.made(replaced);
    }
    let regex = flags.compile(&wanted)?;
    let (mut out, mut from) = (String::new(), 0);
    for captures in regex.captures_iter(text).take(if flags.first { 1 } else { usize::MAX }) {
        let captures =
            captures.map_err(|error| RenderError::failed(format!("The regular expression failed: {error}")))?;
        let Some(whole) = captures.get(0) else { break };
        renderer.step(1)?;
        out.push_str(text.get(from..whole.start()).unwrap_or(""));
        if flags.regex {
            mi_payload::java::expand_replacement(&replacement, &captures, &mut out);
        } else {
            out.push_str(&replacement);
        }
        renderer.fits(out.len())?;
        from = whole.end();
    }
    out.push_str(text.get(from..).unwrap_or(""));
    renderer.made(out)
}

fn split(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let separator = call.text(renderer, 0)?;
    let flags = flags(renderer, call, 1)?;
    let mut parts: Vec<Value> = Vec::new();
    if flags.regex {
        let regex = mi_payload::java::JavaRegex::new(&inline(flags, &separator))
            .map_err(|error| RenderError::failed(error.to_string()))?;
        parts.extend(mi_payload::java::split(text, &regex).into_iter().map(Value::from));
    } else if separator.is_empty() {
        parts.extend(text.chars().map(|character| Value::from(character.to_string())));
    } else if flags.ignore_case {
        let regex = flags.compile(&separator)?;
        parts.extend(regex.split(text).map_while(Result::ok).map(Value::from));
    } else {
        parts.extend(text.split(separator.as_str()).map(Value::from));
    }
    renderer.step(parts.len() as u64 * 4)?;
    Ok(Value::list(parts))
}

fn inline(flags: Flags, pattern: &str) -> String {
    let inline: String = flags.inline.iter().flatten().collect();
    if inline.is_empty() { pattern.to_owned() } else { format!("(?{inline}){pattern}") }
}

fn ensure_starts_with(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let wanted = call.text(renderer, 0)?;
    let Some(added) = call.optional_text(renderer, 1)? else {
        let made = if text.starts_with(&wanted) { text.to_owned() } else { format!("{wanted}{text}") };
        return renderer.made(made);
    };
    let flags = Flags { regex: true, ..flags(renderer, call, 2)? };
    let regex = flags.compile(&wanted)?;
    let begins = regex.find(text).ok().flatten().is_some_and(|found| found.start() == 0);
    renderer.made(if begins { text.to_owned() } else { format!("{added}{text}") })
}

/// What stands before or behind the first or last occurrence.
fn keep(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let wanted = call.text(renderer, 0)?;
    let flags = flags(renderer, call, 1)?;
    let regex = flags.compile(&wanted)?;
    let mut found = regex.find_iter(text).map_while(Result::ok).map(|found| found.range());
    let place = if call.name.ends_with("last") { found.last() } else { found.next() };
    let kept = match (place, call.name.starts_with("keep_before")) {
        (Some(place), true) => text.get(..place.start),
        (Some(place), false) => text.get(place.end..),
        (None, true) => Some(text),
        (None, false) => None,
    };
    renderer.made(kept.unwrap_or("").to_owned())
}

fn matches(renderer: &mut Renderer<'_>, call: &Call<'_>, text: &str) -> Result<Value, RenderError> {
    let pattern = call.text(renderer, 0)?;
    let flags = Flags { regex: true, ..flags(renderer, call, 1)? };
    let regex = flags.compile(&pattern)?;
    let whole = Flags { regex: true, ..flags }.compile(&format!("\\A(?:{pattern})\\z"))?;
    let groups = |captures: &fancy_regex::Captures<'_, str>| -> Vec<Option<Arc<str>>> {
        captures.iter().map(|group| group.map(|group| Arc::from(group.as_str()))).collect()
    };
    let failed = |error| RenderError::failed(format!("The regular expression failed: {error}"));
    let all = whole.captures(text).map_err(failed)?;
    let mut found = Vec::new();
    for captures in regex.captures_iter(text) {
        let captures = captures.map_err(failed)?;
        renderer.step(4)?;
        found.push(Arc::new(Matches { whole: true, groups: groups(&captures), found: Vec::new() }));
    }
    let result = Matches { whole: all.is_some(), groups: all.as_ref().map(groups).unwrap_or_default(), found };
    Ok(Value::Matches(Arc::new(result)))
}
