//! `$env{}`, `$sys{}`, `$ref{}` and `$secret{}` inside values (spec 2.2, 2.3).

use std::collections::BTreeMap;

use crate::raw::{Raw, Scalar};
use crate::system::SystemProperties;

/// Resolves every reference in place; returns the problems with the keys they stand at.
pub(crate) fn resolve(raw: &mut Raw, system: &SystemProperties) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let mut resolved: BTreeMap<String, (Scalar, bool)> = BTreeMap::new();
    for (key, entry) in raw.iter() {
        let mut resolver = Resolver { raw, system, path: vec![key.to_owned()], secret: false };
        match resolver.scalar(&entry.value) {
            Ok(value) => {
                if value != entry.value {
                    resolved.insert(key.to_owned(), (value, resolver.secret));
                }
            }
            Err(message) => problems.push((key.to_owned(), message)),
        }
    }
    for (key, (value, secret)) in resolved {
        if let Some(entry) = raw.entries.get_mut(&key) {
            entry.value = value;
            entry.secret = secret;
        }
    }
    problems
}

struct Resolver<'a> {
    raw: &'a Raw,
    system: &'a SystemProperties,
    /// The keys being resolved, outermost first: a key that comes again is a circle.
    path: Vec<String>,
    secret: bool,
}

impl Resolver<'_> {
    fn scalar(&mut self, value: &Scalar) -> Result<Scalar, String> {
        match value {
            Scalar::Text(text) => self.text(text).map(Scalar::Text),
            Scalar::List(items) => {
                items.iter().map(|item| self.scalar(item)).collect::<Result<_, _>>().map(Scalar::List)
            }
            other => Ok(other.clone()),
        }
    }

    fn text(&mut self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            match Reference::at_start(from) {
                Some((reference, length)) => {
                    out.push_str(&self.reference(&reference)?);
                    rest = from.get(length..).unwrap_or_default();
                }
                None => {
                    out.push('$');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn reference(&mut self, reference: &Reference<'_>) -> Result<String, String> {
        match *reference {
            Reference::Env(name) => self
                .system
                .environment(name)
                .map(str::to_owned)
                .ok_or_else(|| format!("Environment variable {name} not defined in system")),
            Reference::Sys(name) => self
                .system
                .get(name)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| format!("Error while retrieving {name} system property")),
            Reference::Ref(key) => self.other_key(key),
            Reference::Secret(alias) => self.secret(alias),
        }
    }

    fn other_key(&mut self, key: &str) -> Result<String, String> {
        if self.path.iter().any(|seen| seen == key) {
            return Err(format!("References can't be resolved for {}, {key}: they refer to each other", self.here()));
        }
        let Some(entry) = self.raw.get(key) else {
            return Err(format!("Configuration with key {key} doesn't exist"));
        };
        self.path.push(key.to_owned());
        let value = self.scalar(&entry.value)?;
        self.path.pop();
        Ok(value.text())
    }

    fn secret(&mut self, alias: &str) -> Result<String, String> {
        self.secret = true;
        let Some(entry) = self.raw.get(&format!("secrets.{}", crate::raw::segment(alias))) else {
            return Err(format!("Secret references can't be resolved for {alias}: there is no such key in [secrets]"));
        };
        let text = entry.value.text();
        if text.starts_with('[') && text.ends_with(']') {
            return Err(format!(
                "Secret references can't be plain text for {alias}: encrypt it, or use $env{{NAME}} in place of \
                 $secret{{{alias}}}"
            ));
        }
        Err(format!(
            "Secret references can't be resolved for {alias}: this version does not decrypt cipher text; use \
             $env{{NAME}} in place of $secret{{{alias}}}"
        ))
    }

    fn here(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

enum Reference<'a> {
    Env(&'a str),
    Sys(&'a str),
    Ref(&'a str),
    Secret(&'a str),
}

impl<'a> Reference<'a> {
    /// The reference that a text begins with, and its length in bytes.
    fn at_start(text: &'a str) -> Option<(Self, usize)> {
        let (kind, inner) = text.strip_prefix('$')?.split_once('{')?;
        let end = inner.find('}')?;
        let name = inner.get(..end)?;
        let reference = match kind {
            "env" => Self::Env(name),
            "sys" => Self::Sys(name),
            "ref" => Self::Ref(name),
            "secret" => Self::Secret(name),
            _ => return None,
        };
        // `$`, the kind, `{`, the name, `}`.
        Some((reference, kind.len() + name.len() + 3))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::parse::parse;

    fn resolved(text: &str) -> (Raw, Vec<(String, String)>) {
        let mut system = SystemProperties::empty();
        system.set_environment("HOST", "h.example");
        system.set("port", "9443");
        let mut raw = parse(Path::new("t.toml"), text).expect("the test's text is TOML");
        let problems = resolve(&mut raw, &system);
        (raw, problems)
    }

    #[test]
    fn references_inside_texts_lists_and_rows() {
        let (raw, problems) = resolved(
            "a = 'https://$env{HOST}:$sys{port}/$x'\nb = ['$env{HOST}', 1]\n[[d]]\nurl = '$ref{a}!'\nplain = '${x}'",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(raw.text("a").as_deref(), Some("https://h.example:9443/$x"));
        assert_eq!(raw.text("b").as_deref(), Some("h.example,1"));
        assert_eq!(raw.text("d[0].url").as_deref(), Some("https://h.example:9443/$x!"));
        assert_eq!(raw.text("d[0].plain").as_deref(), Some("${x}"));
    }

    #[test]
    fn failures_say_what_is_missing() {
        for (text, message) in [
            ("a = '$env{NO}'", "Environment variable NO not defined in system"),
            ("a = '$sys{no}'", "Error while retrieving no system property"),
            ("a = '$ref{no.key}'", "Configuration with key no.key doesn't exist"),
            ("a = '$ref{b}'\nb = '$ref{a}'", "References can't be resolved for"),
            ("a = '$secret{s}'", "Secret references can't be resolved for s"),
            ("a = '$secret{s}'\n[secrets]\ns = '[plain]'", "Secret references can't be plain text for s"),
            ("a = '$secret{s}'\n[secrets]\ns = 'Zm9v'", "does not decrypt cipher text"),
        ] {
            let (_, problems) = resolved(text);
            assert!(problems.iter().any(|(_, found)| found.contains(message)), "{text}: {problems:?}");
        }
    }
}
