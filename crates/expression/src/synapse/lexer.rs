//! Tokens (spec, 4.1). The longest match wins, blanks are skipped, and what forms no token is dropped in silence.

/// A token and the column it begins at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lexed<'t> {
    pub(super) token: Token<'t>,
    /// In characters, from 1.
    pub(super) column: usize,
}

#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    Number(&'t str),
    /// With its quotes.
    Text(&'t str),
    /// An identifier or keyword.
    Word(&'t str),
    /// `length()` and its like: one token of a path.
    PathCall(&'t str),
    Symbol(&'static str),
}

const PATH_CALLS: [&str; 10] =
    ["length()", "size()", "min()", "max()", "avg()", "sum()", "stddev()", "keys()", "first()", "last()"];

/// Longer ones before their beginnings.
const SYMBOLS: [&str; 28] = [
    "==", "!=", "<=", ">=", "=~", "&&", "||", "..", "+", "-", "*", "/", "%", "<", ">", "!", "?", ":", ".", ",", "(",
    ")", "[", "]", "@", "$", "===", "!==",
];

pub(super) fn lex(text: &str) -> Vec<Lexed<'_>> {
    let (mut tokens, mut rest, mut column) = (Vec::new(), text, 1);
    while let Some(c) = rest.chars().next() {
        let found = token(rest, c);
        let length = found.map_or(c.len_utf8(), |(_, length)| length);
        if let Some((token, _)) = found {
            tokens.push(Lexed { token, column });
        }
        let (taken, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        column += taken.chars().count();
        rest = after;
    }
    tokens
}

/// The token at the beginning of the text and its length in bytes.
fn token(rest: &str, first: char) -> Option<(Token<'_>, usize)> {
    let part = |length: usize| rest.get(..length).unwrap_or("");
    if let Some(length) = number(rest) {
        return Some((Token::Number(part(length)), length));
    }
    if matches!(first, '"' | '\'') {
        let length = text(rest, first)?;
        return Some((Token::Text(part(length)), length));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        if let Some(call) = PATH_CALLS.into_iter().find(|call| call.len() == length + 2 && rest.starts_with(call)) {
            return Some((Token::PathCall(part(call.len())), call.len()));
        }
        return Some((Token::Word(part(length)), length));
    }
    let symbol = SYMBOLS.into_iter().filter(|symbol| rest.starts_with(symbol)).max_by_key(|symbol| symbol.len())?;
    Some((Token::Symbol(symbol), symbol.len()))
}

/// An optional minus sign, digits, and a fraction if digits follow the point.
fn number(rest: &str) -> Option<usize> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(rest.starts_with('-'));
    let whole = digits(rest.get(sign..)?);
    if whole == 0 {
        return None;
    }
    let end = sign + whole;
    let fraction = rest.get(end..)?.strip_prefix('.').map_or(0, digits);
    Some(if fraction > 0 { end + 1 + fraction } else { end })
}

/// A text in quotes, in which a backslash has to begin an escape.
fn text(rest: &str, quote: char) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some(at + 1);
        }
        if c != '\\' {
            continue;
        }
        match chars.next()?.1 {
            'b' | 't' | 'n' | 'f' | 'r' | '"' | '\'' | '\\' | '/' | '0'..='7' => {}
            'u' => {
                if !chars.by_ref().take(4).all(|(_, c)| c.is_ascii_hexdigit()) {
                    return None;
                }
            }
            _ => return None,
        }
    }
    None
}
