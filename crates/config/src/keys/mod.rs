//! The table of known keys: type, default and meaning of each.
//!
//! Checking, defaults, suggestions for unknown keys, masking and the reference page are all derived from it, so adding
//! a key is adding one line in the file of its area.

mod cluster;
mod data;
mod http;
mod management;
mod mediation;
mod other;
mod server;

use crate::raw::Scalar;

/// What a value must be. Every kind accepts its value written as a string as well (spec 2.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// Any text; it is never printed.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A whole number in this range, both ends included.
    Count(i64, i64),
    /// A duration in milliseconds, 0 or more.
    Millis,
    /// A duration in seconds, 0 or more.
    Seconds,
    /// A TCP port before the offset is added, 0 to 65535.
    Port,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A list of texts: an array, or one text with commas.
    List,
    /// A list of numbers; it must be an array (a string breaks MI's cast).
    Numbers,
    /// Anything: the key is known, its meaning is left to the area that reads it.
    Any,
}

/// One known key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The flattened key. `[]` stands for a row of an array of tables, a last segment `*` for any further segments.
    pub key: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// The value when the file has none, as text with references; `None` for none.
    pub default: Option<&'static str>,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// A key with a default.
const fn with(key: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { key, kind, default: Some(default), doc }
}

/// A key without a default.
const fn open(key: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key { key, kind, default: None, doc }
}

/// All known keys, area by area.
pub fn all() -> impl Iterator<Item = &'static Key> {
    [server::KEYS, http::KEYS, mediation::KEYS, data::KEYS, cluster::KEYS, management::KEYS, other::KEYS]
        .into_iter()
        .flatten()
}

/// The known key that a pattern (a flattened key without row numbers) is an instance of; an exact one goes before one
/// with `*`.
pub fn find(pattern: &str) -> Option<&'static Key> {
    all().find(|known| known.key == pattern).or_else(|| {
        all().find(|known| {
            known.key.strip_suffix('*').is_some_and(|prefix| {
                pattern.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty())
                    || pattern.strip_prefix(prefix.trim_end_matches('.')).is_some_and(|rest| rest.starts_with("[]"))
            })
        })
    })
}

/// The known key whose spelling is nearest to an unknown one, if any is near enough to be what was meant.
pub fn nearest(pattern: &str) -> Option<&'static Key> {
    let folded = pattern.to_ascii_lowercase();
    all()
        .filter(|known| !known.key.ends_with('*'))
        .map(|known| (strsim::damerau_levenshtein(&known.key.to_ascii_lowercase(), &folded), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= (known.key.len() / 6).clamp(2, 5))
        .map(|(_, known)| known)
}

/// A pattern as it is written in TOML: `datasource[].id` is `id` in `[[datasource]]`.
pub fn written(pattern: &str) -> String {
    match pattern.rsplit_once("[].") {
        Some((list, key)) => format!("{key} in [[{}]]", list.replace("[]", "")),
        None => pattern.to_owned(),
    }
}

impl Kind {
    /// What the kind expects, for messages: "expected …".
    pub fn expectation(self) -> String {
        match self {
            Self::Text | Self::Secret => "a string".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count(i64::MIN, i64::MAX) => "a whole number".to_owned(),
            Self::Count(least, i64::MAX) => format!("a whole number, {least} or more"),
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Millis => "a whole number of milliseconds".to_owned(),
            Self::Seconds => "a whole number of seconds".to_owned(),
            Self::Port => "a port number from 0 to 65535".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::List => "a list of strings".to_owned(),
            Self::Numbers => "a list of numbers such as [0.2, 0.5, 1]".to_owned(),
            Self::Any => "any value".to_owned(),
        }
    }

    /// The name of the kind in the reference page.
    pub fn name(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "text, secret".to_owned(),
            Self::Flag => "boolean".to_owned(),
            Self::Millis => "milliseconds".to_owned(),
            Self::Seconds => "seconds".to_owned(),
            Self::Port => "port".to_owned(),
            Self::Choice(words) => words.join(" \\| "),
            Self::List => "list of texts".to_owned(),
            Self::Numbers => "list of numbers".to_owned(),
            Self::Any => "any".to_owned(),
            Self::Count(..) => self.expectation().trim_start_matches("a ").to_owned(),
        }
    }

    /// Whether a value (with its references resolved) is of this kind.
    pub fn accepts(self, value: &Scalar) -> bool {
        if let Scalar::List(items) = value {
            return match self {
                Self::Any | Self::Text | Self::List => true,
                Self::Numbers => items.iter().all(|item| matches!(item, Scalar::Integer(_) | Scalar::Float(_))),
                _ => false,
            };
        }
        let text = value.text();
        let text = text.trim();
        match self {
            Self::Text | Self::Secret | Self::List | Self::Any => true,
            Self::Flag => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
            Self::Count(least, most) => text.parse::<i64>().is_ok_and(|n| (least..=most).contains(&n)),
            Self::Millis | Self::Seconds => text.parse::<u32>().is_ok(),
            Self::Port => text.parse::<u16>().is_ok(),
            Self::Choice(words) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
            Self::Numbers => false,
        }
    }

    /// A value that is probably meant by a wrong one, for messages.
    pub fn suggestion(self, value: &Scalar) -> Option<String> {
        let text = value.text();
        let text = text.trim();
        match self {
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "1" | "enable" | "enabled" | "tru" | "ture" => Some("true".to_owned()),
                "no" | "off" | "0" | "disable" | "disabled" | "flase" => Some("false".to_owned()),
                _ => None,
            },
            Self::Choice(words) => words
                .iter()
                .map(|word| (strsim::damerau_levenshtein(&word.to_ascii_lowercase(), &text.to_ascii_lowercase()), word))
                .min()
                .filter(|(distance, _)| *distance <= 3)
                .map(|(_, word)| (*word).to_owned()),
            Self::Count(..) | Self::Millis | Self::Seconds | Self::Port => {
                let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
                let (number, unit) = (digits.parse::<i64>().ok()?, text.get(digits.len()..)?.trim());
                match (self, unit.to_ascii_lowercase().as_str()) {
                    (Self::Millis, "s" | "sec" | "seconds") => Some((number.checked_mul(1000)?).to_string()),
                    (Self::Millis, "ms" | "millis") | (Self::Seconds, "s" | "sec" | "seconds") => Some(digits),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_is_of_its_kind_and_no_key_comes_twice() {
        let mut seen = BTreeSet::new();
        for known in all() {
            assert!(seen.insert(known.key), "{} comes twice", known.key);
            assert!(known.doc.ends_with('.'), "{} needs a sentence", known.key);
            if let Some(default) = known.default.filter(|text| !text.contains("$ref{")) {
                assert!(known.kind.accepts(&Scalar::Text(default.to_owned())), "{} = {default}", known.key);
            }
        }
    }

    #[test]
    fn finds_exact_keys_and_those_with_a_star() {
        assert_eq!(find("server.offset").map(|k| k.key), Some("server.offset"));
        assert_eq!(
            find("datasource[].pool_options.maxActive").map(|k| k.key),
            Some("datasource[].pool_options.maxActive")
        );
        assert_eq!(find("datasource[].pool_options.fairQueue").map(|k| k.key), Some("datasource[].pool_options.*"));
        assert!(find("server.ofset").is_none());
    }

    #[test]
    fn suggests_near_keys_only() {
        assert_eq!(nearest("server.ofset").map(|k| k.key), Some("server.offset"));
        assert_eq!(nearest("datasource.id").map(|k| k.key), Some("datasource[].id"));
        assert!(nearest("completely.different.thing").is_none());
        assert_eq!(written("datasource[].id"), "id in [[datasource]]");
    }
}
