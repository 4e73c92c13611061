//! Printing the effective configuration without its secrets.

use std::io::{self, Write};

use crate::keys::{self, Kind};
use crate::raw::{Entry, Origin, Scalar, pattern};
use crate::settings::Settings;

const MASK: &str = "*****";

impl Settings {
    /// Writes every key with its value, one a line, in the order of the keys; what is a default says so, and secrets
    /// (keys that the table marks as such, unknown keys that look like it, and values of `$secret{}`) are masked.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn print_effective(&self, out: &mut impl Write) -> io::Result<()> {
        for (key, entry) in self.raw.iter() {
            let value = if is_secret(key, entry) { format!("\"{MASK}\"") } else { literal(&entry.value) };
            let note = match entry.origin {
                Origin::Default => "  # default",
                Origin::System => "  # system property",
                Origin::File { .. } => "",
            };
            writeln!(out, "{key} = {value}{note}")?;
        }
        Ok(())
    }
}

fn is_secret(key: &str, entry: &Entry) -> bool {
    let marked = keys::find(&pattern(key)).is_some_and(|known| known.kind == Kind::Secret);
    let last = key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    entry.secret
        || marked
        || ["password", "secret", "token", "credential"].iter().any(|word| last.contains(word))
            && !matches!(entry.value, Scalar::Boolean(_) | Scalar::Integer(_))
            && entry.origin != Origin::Default
}

fn literal(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("{:?}", mask_url(text)),
        Scalar::List(items) => {
            format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", "))
        }
        other => other.text(),
    }
}

/// A text with the passwords of a URL in it masked: `//user:password@` and `password=…`.
pub fn mask_url(text: &str) -> String {
    let mut out = text.to_owned();
    if let Some(start) = out.find("://").map(|at| at + 3) {
        let authority = out.get(start..).unwrap_or_default();
        let end = authority.find(['/', '?', ';', ' ']).unwrap_or(authority.len());
        let authority = authority.get(..end).unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@').and_then(|(info, _)| info.split_once(':')) {
            let from = start + user.len() + 1;
            let to = start + authority.rfind('@').unwrap_or(authority.len());
            out.replace_range(from..to, MASK);
        }
    }
    let mut from = 0;
    while let Some(at) = out.get(from..).and_then(|rest| rest.to_ascii_lowercase().find("password=")) {
        let start = from + at + "password=".len();
        let length = out.get(start..).map_or(0, |rest| rest.find(['&', ';', ' ']).unwrap_or(rest.len()));
        out.replace_range(start..start + length, MASK);
        from = start + MASK.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn passwords_in_urls_are_masked() {
        for (text, masked) in [
            ("jdbc:mysql://h:1/d?user=u&password=p&x=1", "jdbc:mysql://h:1/d?user=u&password=*****&x=1"),
            ("amqp://u:p@h:5672/v", "amqp://u:*****@h:5672/v"),
            ("jdbc:sqlserver://h;Password=p", "jdbc:sqlserver://h;Password=*****"),
            ("no url", "no url"),
        ] {
            assert_eq!(mask_url(text), masked);
        }
    }

    proptest! {
        #[test]
        fn masking_never_panics(text in ".{0,60}") {
            let _ = mask_url(&text);
        }

        #[test]
        fn no_password_survives(password in "[A-Z]{6,12}") {
            let url = format!("jdbc:x://u:{password}@h/d?password={password}");
            prop_assert!(!mask_url(&url).contains(&password));
        }
    }
}
