//! Regular expressions of artifacts: Java's dialect (spec: core mediators part 7).

use fancy_regex::Regex;
use mi_payload::java::translate_regex;

/// Compiles `pattern` so that it must match a text as a whole, as `Matcher.matches` does.
///
/// # Errors
/// What the compiler says of it.
pub fn whole(pattern: &str) -> Result<Regex, String> {
    Regex::new(&format!(r"\A(?:{})\z", translate_regex(pattern)?)).map_err(|error| error.to_string())
}

/// Compiles `pattern` to be looked for anywhere in a text.
///
/// # Errors
/// What the compiler says of it.
pub fn anywhere(pattern: &str) -> Result<Regex, String> {
    Regex::new(&translate_regex(pattern)?).map_err(|error| error.to_string())
}

/// Whether the whole of `text` matches. A pattern that backtracks beyond all limits does not match.
pub fn matches(regex: &Regex, text: &str) -> bool {
    regex.is_match(text).unwrap_or(false)
}

/// Java's `$1` and `\$` in replacement texts, as the engine here writes them: `${1}` and `$$`.
pub fn replacement(java: &str) -> String {
    let mut out = String::with_capacity(java.len());
    let mut characters = java.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('$') => out.push_str("$$"),
                Some(other) => out.push(other),
                None => {}
            },
            '$' if characters.peek().is_some_and(char::is_ascii_digit) => {
                out.push_str("${");
                while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                    out.push(digit);
                }
                out.push('}');
            }
            '$' if characters.peek() == Some(&'{') => out.push('$'),
            '$' => out.push_str("$$"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_wholes_as_java_does() {
        for (pattern, text, hit) in [
            ("a|b", "a", true),
            ("a|b", "ab", false),
            (r"2\d\d", "200", true),
            ("IBM", "IBM\n", false),
            (".*", "a\nb", false),
            (r"\Q1.0\E", "1.0", true),
            (r"\Q1.0\E", "1x0", false),
            (r"\p{Alpha}+", "abc", true),
            ("(?i)ibm", "IBM", true),
            ("(?<!a)b", "b", true),
            ("a++b", "aab", true),
        ] {
            assert_eq!(matches(&whole(pattern).expect("compiles"), text), hit, "{pattern} on {text:?}");
        }
    }

    #[test]
    fn replaces_as_java_does() {
        let regex = anywhere("(a)(b)").expect("compiles");
        assert_eq!(regex.replace_all("xaby", replacement("$2$1-\\$")), "xba-$y");
    }

    proptest! {
        #[test]
        fn never_panics(pattern in r"[a-z\\QE(){}\[\]|*+?.$^]{0,16}", text in "[a-z]{0,8}") {
            if let Ok(regex) = whole(&pattern) {
                let _ = matches(&regex, &text);
            }
            let _ = replacement(&pattern);
        }
    }
}
