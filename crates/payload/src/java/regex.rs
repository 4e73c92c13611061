//! `java.util.regex.Pattern` over fancy-regex, and `String.split`.

use std::sync::OnceLock;

use fancy_regex::{Captures, Regex};

use super::regex_translate::translate;

/// A text that is not a Java regular expression, or one that ran out of its step limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} in the regular expression {pattern}")]
pub struct JavaRegexError {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong.
    pub message: String,
}

/// A compiled Java regular expression. Matching that backtracks more than a million steps counts as no match.
#[derive(Clone, Debug)]
pub struct JavaRegex {
    pattern: String,
    whole: Regex,
    /// Compiled for the first search: most patterns are only ever asked for a whole match.
    anywhere: OnceLock<Option<Regex>>,
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The pattern is not one.
    pub fn new(pattern: &str) -> Result<Self, JavaRegexError> {
        let flawed = |message: String| JavaRegexError { pattern: pattern.to_owned(), message };
        let translated = translate(pattern).map_err(flawed)?;
        let whole = Regex::new(&format!(r"\A(?:{translated})\z")).map_err(|error| flawed(error.to_string()))?;
        Ok(Self { pattern: pattern.to_owned(), whole, anywhere: OnceLock::new() })
    }

    /// The pattern without the anchors. A pattern that compiled with them compiles without.
    fn anywhere(&self) -> Option<&Regex> {
        let compile = || translate(&self.pattern).ok().and_then(|translated| Regex::new(&translated).ok());
        self.anywhere.get_or_init(compile).as_ref()
    }

    /// The pattern as written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// `Matcher.matches`: whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.whole.is_match(text).unwrap_or(false)
    }

    /// `Matcher.matches` and `Matcher.group`: the group (0: everything) of a text that matches as a whole.
    pub fn group<'t>(&self, text: &'t str, group: usize) -> Option<&'t str> {
        let captures = self.whole.captures(text).ok().flatten()?;
        captures.get(group).map(|found| found.as_str())
    }

    /// `Matcher.find`: where the pattern first occurs, in bytes.
    pub fn find(&self, text: &str) -> Option<std::ops::Range<usize>> {
        self.anywhere()?.find(text).ok().flatten().map(|found| found.range())
    }

    /// `String.replaceAll`: in the replacement `$1` and `${name}` are groups and a backslash takes a character literally.
    pub fn replace_all(&self, text: &str, replacement: &str) -> String {
        self.replace(text, replacement, usize::MAX)
    }

    /// `String.replaceFirst`, with the same replacements.
    pub fn replace_first(&self, text: &str, replacement: &str) -> String {
        self.replace(text, replacement, 1)
    }

    fn replace(&self, text: &str, replacement: &str, limit: usize) -> String {
        let (mut out, mut from) = (String::new(), 0);
        let found = self.anywhere().into_iter().flat_map(|regex| regex.captures_iter(text));
        for captures in found.map_while(Result::ok).take(limit) {
            let Some(whole) = captures.get(0) else { break };
            out.push_str(text.get(from..whole.start()).unwrap_or(""));
            expand_replacement(replacement, &captures, &mut out);
            from = whole.end();
        }
        out.push_str(text.get(from..).unwrap_or(""));
        out
    }
}

/// Appends a replacement with its group references resolved, as [`JavaRegex::replace_all`] does.
pub fn expand_replacement(replacement: &str, captures: &Captures<'_, str>, out: &mut String) {
    let group = |index: usize| captures.get(index).map_or("", |group| group.as_str());
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '$' if chars.next_if_eq(&'{').is_some() => {
                let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
                out.push_str(captures.name(&name).map_or("", |group| group.as_str()));
            }
            '$' => {
                // As many digits as still name a group.
                let Some(first) = chars.next_if(char::is_ascii_digit).and_then(|digit| digit.to_digit(10)) else {
                    out.push('$');
                    continue;
                };
                let mut index = first as usize;
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    let longer = index * 10 + digit as usize;
                    if longer >= captures.len() {
                        break;
                    }
                    index = longer;
                    chars.next();
                }
                out.push_str(group(index));
            }
            c => out.push(c),
        }
    }
}

/// `String.split(regex)`: empty items at the end are dropped, and so is an empty match at the beginning.
pub fn split<'t>(text: &'t str, regex: &JavaRegex) -> Vec<&'t str> {
    let (mut items, mut from) = (Vec::new(), 0);
    let all = regex.anywhere().into_iter().flat_map(|regex| regex.find_iter(text));
    for found in all.map_while(Result::ok) {
        if found.end() == 0 || (found.start() == text.len() && found.range().is_empty()) {
            continue;
        }
        items.push(text.get(from..found.start()).unwrap_or(""));
        from = found.end();
    }
    if items.is_empty() && from == 0 {
        return vec![text];
    }
    items.push(text.get(from..).unwrap_or(""));
    while items.last().is_some_and(|item| item.is_empty()) {
        items.pop();
    }
    items
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn regex(pattern: &str) -> JavaRegex {
        JavaRegex::new(pattern).expect(pattern)
    }

    #[test]
    fn whole_matches() {
        for (pattern, text, expected) in [
            ("[a-z]+([0-9]+)", "abc123", true),
            ("[a-z]+", "abc123", false),
            ("a|ab", "ab", true),
            (r"\Qa.b\E+", "a.bb", true),
            (r"\d+", "٣", false),
            (r"\w+", "ü", false),
            (r"[\w&&[^\d]]+", "abc", true),
            (r"[\w&&[^\d]]+", "ab1", false),
            ("(?i)ABC", "abc", true),
            ("a++b", "aab", true),
            ("a++ab", "aab", false),
            (r"(\w)\1", "aa", true),
            ("(?<=a)b|ab(?=$)", "ab", true),
            (r"\p{Alpha}+\p{Punct}", "abc!", true),
            (r"\p{IsAlphabetic}+", "äb", true),
            (r"A\x42\0103", "ABC", true),
            ("IBM", "IBM\n", false),
            (".*", "a\nb", false),
            ("(?s).*", "a\nb", true),
            (r"[^\s]+", "a b", false),
            ("[a-z&&[^b]]+", "ac", true),
            ("[]a]+", "]a", true),
            (r"\h", " ", true),
            ("a{2}", "aa", true),
            ("x#y", "x#y", true),
            ("(?x) a b # c", "ab", true),
            ("(?x) a # [ (?(1)\n b", "ab", true),
            ("(?x)[a #]\n b]+\\#", "ab#", true),
            ("(?x: a # (\r) b", "a b", true),
            (r"(?x) a\ b\Q c#\E", "a b c#", true),
            (r"\pL\x41\x{42}\PL", "aAB1", true),
            ("1234567890{2}[1234567]", "12345678900", false),
            ("1234567890{2}[1234567]", "123456789007", true),
            ("[a-z]{0,1000}", "abc", true),
            ("((?x) a ) b", "a b", true),
            ("(?x) a(?-x: b) c", "a bc", true),
            ("# a", "# a", true),
            (r"\cA[\c[]", "\u{1}\u{1b}", true),
            (r"(a)\11", "aa1", true),
            (r"(?<n>a)(?i:B)\k<n>", "abb", false),
            (r"(?<n>a)(?i:B)\k<n>", "aba", true),
            (r"[(?]\V", "(x", true),
        ] {
            assert_eq!(regex(pattern).matches(text), expected, "{pattern} on {text}");
        }
        assert!(JavaRegex::new("(").is_err());
        assert!(JavaRegex::new("*a").is_err());
        // What only the engine beneath knows.
        for pattern in [
            r"\g3611111111111",
            r"(a)\K",
            "(?1)",
            "(?R)",
            "(?P<n>a)",
            "(?(1)a|b)",
            "(?&n)",
            "(?#x)",
            r"\y",
            "(?ix)#[\n(?(1)a|b)",
            r"\c",
            r"\P\\g9",
            r"\x\g9",
            r"\k\g9",
            r"\x1",
            r"\x{110000}",
        ] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn repetitions_have_a_limit() {
        for pattern in ["(?<=a|b{33333333})c", "a{999999}", "((a{99}){99}){99}", r"(?:\x{41}[b{2}]{800}){999}"] {
            let error = JavaRegex::new(pattern).expect_err(pattern);
            assert!(error.message.contains("written out"), "{error}");
        }
        for pattern in
            ["[a-z]{1,64}@[a-z]{1,255}[.][a-z]{2,63}", ".{0,6000}", "(a{9}){9}", r"\{99999999}", "[{9999999}]"]
        {
            assert!(JavaRegex::new(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn groups_and_replacements() {
        assert_eq!(regex("([a-z]+)([0-9]+)").replace_all("a1 b22", r"$2-$1\$"), "1-a$ 22-b$");
        assert_eq!(regex("([a-z]+)([0-9]+)?").group("a1", 2), Some("1"));
        for (text, group) in [("a", 2), ("a", 3), ("a1!", 0)] {
            assert_eq!(regex("([a-z]+)([0-9]+)?").group(text, group), None, "{text}");
        }
        assert_eq!(regex("(?x) b # c").replace_all("abc", "-"), "a-c");
        assert_eq!(regex("(?<n>a)").replace_all("banana", "${n}${n}"), "baanaanaa");
    }

    #[test]
    fn splits() {
        for (text, pattern, expected) in [
            ("a,b,,", ",", vec!["a", "b"]),
            ("a.b", ".", vec![]),
            ("", ",", vec![""]),
            (",a", ",", vec!["", "a"]),
            ("abc", "", vec!["a", "b", "c"]),
            ("a1b22c", "[0-9]+", vec!["a", "b", "c"]),
            ("abc", ",", vec!["abc"]),
            (",", ",", vec![]),
        ] {
            assert_eq!(split(text, &regex(pattern)), expected, "{text} by {pattern}");
        }
    }

    proptest! {
        #[test]
        fn quoted_text_matches_itself(text in "[^\\\\]{0,12}") {
            let quoted = format!(r"\Q{text}\E");
            prop_assert!(regex(&quoted).matches(&text));
        }

        #[test]
        fn any_text_is_a_pattern_or_not(pattern in "[a-c\\\\dwsQEpu{}()\\[\\]^$.*+?|&-]{0,16}", text in "[a-c0-9 ]{0,8}") {
            if let Ok(regex) = JavaRegex::new(&pattern) {
                let joined: String = split(&text, &regex).concat();
                prop_assert!(joined.len() <= text.len());
            }
        }
    }
}
