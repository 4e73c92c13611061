//! From Java's regular expression syntax to fancy-regex's, where the two differ: quoted runs, ASCII classes, POSIX
//! classes, octal and `\u` escapes, what a dot and a dollar sign match. What the other engine knows and Java does not (calls
//! of groups, conditions) is refused: it means something else in Java, and can cost any amount of memory.

use super::regex_size::{MAX_SIZE, size, too_large};

/// The pattern in the other syntax. What is no pattern here is none there, or refused at once.
///
/// # Errors
/// What Java does not know, for people.
pub fn translate(pattern: &str) -> Result<String, String> {
    let mut translator = Translator {
        out: String::new(),
        depth: 0,
        groups: 0,
        flags: flags(pattern),
        comments: false,
        outer: Vec::new(),
        error: None,
    };
    translator.run(pattern);
    if let Some(error) = translator.error {
        return Err(error);
    }
    if size(&translator.out) > MAX_SIZE {
        return Err(too_large());
    }
    Ok(translator.out)
}

/// Numbers of so many digits may stand in a pattern as they are.
const HARMLESS_DIGITS: usize = 4;

struct Translator {
    out: String,
    /// How many brackets are open.
    depth: usize,
    /// How many groups have begun.
    groups: usize,
    flags: Flags,
    /// Whether white space and what stands behind `#` is left out here (flag `x`). The other engine looks for brackets
    /// in comments of classes, so nothing of it is given to it.
    comments: bool,
    /// `comments` around each open group.
    outer: Vec<bool>,
    error: Option<String>,
}

/// Which inline flags occur anywhere; what they change is then left to the other engine.
#[derive(Copy, Clone)]
struct Flags {
    dot_all: bool,
    multi_line: bool,
}

fn flags(pattern: &str) -> Flags {
    Flags { dot_all: sets_flag(pattern, 's'), multi_line: sets_flag(pattern, 'm') }
}

/// Whether the pattern sets this inline flag anywhere.
fn sets_flag(pattern: &str, flag: char) -> bool {
    let is_set = |rest: &str| rest.chars().take_while(char::is_ascii_alphabetic).any(|c| c == flag);
    pattern.split("(?").skip(1).any(is_set)
}

impl Translator {
    fn run(&mut self, pattern: &str) {
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = rest.get(c.len_utf8()..).unwrap_or("");
            match c {
                '\\' => rest = self.escape(rest),
                '#' if self.comments => rest = rest.find(LINE_ENDS).map_or("", |end| &rest[end..]),
                c if self.comments && (c.is_ascii_whitespace() || c == '\x0B') => {}
                '[' => {
                    self.depth += 1;
                    self.out.push('[');
                    if let Some(after) = rest.strip_prefix('^') {
                        self.out.push('^');
                        rest = after;
                    }
                    // A bracket that closes at once is a character.
                    if let Some(after) = rest.strip_prefix(']') {
                        self.out.push_str(r"\]");
                        rest = after;
                    }
                }
                ']' if self.depth > 0 => {
                    self.depth -= 1;
                    self.out.push(']');
                }
                ']' => self.out.push_str(r"\]"),
                '(' if self.depth == 0 => self.group(rest),
                ')' if self.depth == 0 => {
                    self.comments = self.outer.pop().unwrap_or(self.comments);
                    self.out.push(')');
                }
                '.' if self.depth == 0 && !self.flags.dot_all => {
                    self.out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]");
                }
                '$' if self.depth == 0 && !self.flags.multi_line => self.out.push_str(r"(?=(?:\r\n|[\n\r])?\z)"),
                // Operators of the other engine's classes that are plain characters in Java.
                '-' | '~' if self.depth > 0 && rest.starts_with(c) => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '{' if self.depth == 0 => rest = self.repetition(rest),
                '0'..='9' => self.digit(c),
                c => self.out.push(c),
            }
        }
    }

    /// What follows a `{`: a counted repetition goes out whole.
    fn repetition<'p>(&mut self, rest: &'p str) -> &'p str {
        self.out.push('{');
        let Some((count, after)) = rest.split_once('}') else { return rest };
        if count.is_empty() || !count.bytes().all(|b| b.is_ascii_digit() || b == b',') {
            return rest;
        }
        let too_many = |number: &str| !number.is_empty() && number.parse::<u64>().map_or(true, |most| most > MAX_SIZE);
        if count.split(',').any(too_many) {
            self.error = Some(too_large());
        }
        self.out.push_str(count);
        self.out.push('}');
        after
    }

    /// A digit that means itself. Long runs of digits are written as codes: should the other engine ever read one as the
    /// number of a group, it cannot be one that costs memory.
    fn digit(&mut self, c: char) {
        let run = self.out.bytes().rev().take(HARMLESS_DIGITS).take_while(u8::is_ascii_digit).count();
        if run == HARMLESS_DIGITS {
            self.out.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
        } else {
            self.out.push(c);
        }
    }

    /// Opens a group of one of Java's kinds.
    fn group(&mut self, rest: &str) {
        self.out.push('(');
        self.outer.push(self.comments);
        let Some(kind) = rest.strip_prefix('?') else {
            self.groups += 1;
            return;
        };
        let flags_end = kind.find(|c: char| !"idmsuxU-".contains(c)).unwrap_or(kind.len());
        let known = match kind.as_bytes() {
            [b':' | b'=' | b'!' | b'>', ..] | [b'<', b'=' | b'!', ..] => true,
            [b'<', letter, ..] if letter.is_ascii_alphabetic() => {
                self.groups += 1;
                true
            }
            _ => {
                let (set, cleared) = kind[..flags_end].split_once('-').unwrap_or((&kind[..flags_end], ""));
                self.comments = (self.comments || set.contains('x')) && !cleared.contains('x');
                // Without a colon the flags are for the rest of the group around.
                if kind[flags_end..].starts_with(')')
                    && let Some(outer) = self.outer.last_mut()
                {
                    *outer = self.comments;
                }
                flags_end > 0 && kind[flags_end..].starts_with([':', ')'])
            }
        };
        if !known {
            self.error = Some("Unknown kind of group".to_owned());
        }
    }

    /// Translates what follows a backslash and returns what follows that.
    fn escape<'p>(&mut self, rest: &'p str) -> &'p str {
        let Some(c) = rest.chars().next() else {
            self.out.push('\\');
            return rest;
        };
        let after = rest.get(c.len_utf8()..).unwrap_or("");
        match c {
            'Q' => {
                let (quoted, after) = after.split_once(r"\E").unwrap_or((after, ""));
                for c in quoted.chars() {
                    self.literal(c);
                }
                return after;
            }
            'E' => {}
            'd' => self.class("0-9", false),
            'D' => self.class("0-9", true),
            'w' => self.class("a-zA-Z0-9_", false),
            'W' => self.class("a-zA-Z0-9_", true),
            's' => self.class(r" \t\n\x0B\f\r", false),
            'S' => self.class(r" \t\n\x0B\f\r", true),
            'h' => self.class(HORIZONTAL, false),
            'H' => self.class(HORIZONTAL, true),
            'v' => self.class(VERTICAL, false),
            'V' => self.class(VERTICAL, true),
            'R' => self.out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
            'Z' => self.out.push_str(r"(?=(?:\r\n|[\n\r])?\z)"),
            'e' => self.out.push_str(r"\x1B"),
            '0' => return self.code(after, 8, 3),
            'u' => return self.code(after, 16, 4),
            'p' | 'P' => return self.property(after, c == 'P'),
            'x' => return self.hexadecimal(after),
            'k' => return self.named_reference(after),
            '1'..='9' => return self.back_reference(rest),
            'c' => {
                let Some(control) = after.chars().next() else {
                    self.error = Some("Illegal control escape sequence".to_owned());
                    return after;
                };
                self.out.push_str(&format!(r"\x{{{:X}}}", u32::from(control) ^ 0x40));
                return after.get(control.len_utf8()..).unwrap_or("");
            }
            'a' | 'A' | 'b' | 'B' | 'f' | 'G' | 'n' | 'r' | 't' | 'X' | 'z' => {
                self.out.push('\\');
                self.out.push(c);
            }
            c if c.is_ascii_alphabetic() => self.error = Some(format!("Illegal or unsupported escape sequence \\{c}")),
            c => self.literal(c),
        }
        after
    }

    /// A reference to a group: of the digits only as many as still name one that has begun.
    fn back_reference<'p>(&mut self, rest: &'p str) -> &'p str {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let named = |length: &usize| rest[..*length].parse().is_ok_and(|group: usize| group <= self.groups);
        let length = (2..=digits).take_while(named).last().unwrap_or(1);
        let (group, after) = rest.split_at(length);
        self.out.push_str(&format!(r"(?:\{group})"));
        after
    }

    /// A reference to a group by its name.
    fn named_reference<'p>(&mut self, rest: &'p str) -> &'p str {
        let name = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
        let Some((name, after)) = name.filter(|(name, _)| name.bytes().all(|b| b.is_ascii_alphanumeric())) else {
            self.error = Some(r"\k is not followed by '<' and a name".to_owned());
            return rest;
        };
        self.out.push_str(&format!(r"\k<{name}>"));
        after
    }

    /// A character by its number: two digits, or any number of them in braces.
    fn hexadecimal<'p>(&mut self, rest: &'p str) -> &'p str {
        let (digits, after) = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some(braced) => braced,
            None => rest.split_at_checked(2).unwrap_or(("", rest)),
        };
        let digits_only = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits);
        match digits_only.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => self.out.push_str(&format!(r"\x{{{code:X}}}")),
            None => self.error = Some("Illegal hexadecimal escape sequence".to_owned()),
        }
        after
    }

    fn class(&mut self, members: &str, negated: bool) {
        match (self.depth > 0, negated) {
            (true, false) => self.out.push_str(members),
            (_, negated) => {
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(members);
                self.out.push(']');
            }
        }
    }

    fn literal(&mut self, c: char) {
        if self.comments && c.is_ascii_whitespace() {
            self.out.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
            return;
        }
        // Not every punctuation: `\<` means a word boundary to the other engine.
        if matches!(
            c,
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' | '#' | '&' | '-' | '~'
        ) {
            self.out.push('\\');
        }
        self.out.push(c);
    }

    /// A character by its number.
    fn code<'p>(&mut self, rest: &'p str, radix: u32, most: usize) -> &'p str {
        let length = rest.bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
        let (digits, after) = rest.split_at(length);
        if let Ok(code) = u32::from_str_radix(digits, radix) {
            self.out.push_str(&format!(r"\x{{{code:X}}}"));
        }
        after
    }

    fn property<'p>(&mut self, rest: &'p str, negated: bool) -> &'p str {
        let Some((name, after)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            // A category of one letter needs no braces.
            let (letter, after) = rest.split_at(usize::from(rest.starts_with(|c: char| c.is_ascii_alphabetic())));
            if letter.is_empty() {
                self.error = Some("Unknown character property".to_owned());
            }
            self.out.push_str(if negated { r"\P" } else { r"\p" });
            self.out.push_str(letter);
            return after;
        };
        match posix(name) {
            Some(members) => self.class(members, negated),
            None => {
                let name = match name {
                    "javaLowerCase" => "Lowercase",
                    "javaUpperCase" => "Uppercase",
                    "javaWhitespace" => "White_Space",
                    "IsPunctuation" => "P",
                    name => name.strip_prefix("Is").unwrap_or(name),
                };
                self.out.push_str(if negated { r"\P{" } else { r"\p{" });
                self.out.push_str(name);
                self.out.push('}');
            }
        }
        after
    }
}

/// What ends a line in Java.
const LINE_ENDS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
const VERTICAL: &str = r"\n\x0B\f\r\x{85}\x{2028}\x{2029}";
const HORIZONTAL: &str = r" \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";

fn posix(name: &str) -> Option<&'static str> {
    Some(match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\f\r",
        _ => return None,
    })
}
