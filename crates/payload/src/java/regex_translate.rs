//! From Java's regular expression syntax to fancy-regex's, where the two differ: quoted runs, ASCII classes, POSIX
//! classes, octal and `\u` escapes, what a dot and a dollar sign match.

/// The pattern in the other syntax. What is no pattern here is none there.
pub fn translate(pattern: &str) -> String {
    let mut translator = Translator { out: String::new(), depth: 0, flags: flags(pattern) };
    translator.run(pattern);
    translator.out
}

struct Translator {
    out: String,
    /// How many brackets are open.
    depth: usize,
    flags: Flags,
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
pub(super) fn sets_flag(pattern: &str, flag: char) -> bool {
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
                '.' if self.depth == 0 && !self.flags.dot_all => {
                    self.out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]");
                }
                '$' if self.depth == 0 && !self.flags.multi_line => self.out.push_str(r"(?=(?:\r\n|[\n\r])?\z)"),
                // Operators of the other engine's classes that are plain characters in Java.
                '-' | '~' if self.depth > 0 && rest.starts_with(c) => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c => self.out.push(c),
            }
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
            'v' => self.class(r"\n\x0B\f\r\x{85}\x{2028}\x{2029}", false),
            'R' => self.out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
            'Z' => self.out.push_str(r"(?=(?:\r\n|[\n\r])?\z)"),
            'e' => self.out.push_str(r"\x1B"),
            '0' => return self.code(after, 8, 3),
            'u' => return self.code(after, 16, 4),
            'p' | 'P' => return self.property(after, c == 'P'),
            c if c.is_ascii_alphanumeric() => {
                self.out.push('\\');
                self.out.push(c);
            }
            c => self.literal(c),
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
            self.out.push_str(if negated { r"\P" } else { r"\p" });
            return rest;
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
