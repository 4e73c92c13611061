//! The inside of `[?( … )]`.

use mi_payload::java::JavaRegex;
use serde_json::Value;

use super::JsonPathError;
use super::ast::{Comparison, Operand, Test};
use super::parser::Scanner;

/// The operators, longer ones before their beginnings.
const COMPARISONS: [(&str, Comparison); 18] = [
    ("===", Comparison::SameTypeEqual),
    ("!==", Comparison::SameTypeNotEqual),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("=~", Comparison::Matches),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("in", Comparison::In),
    ("nin", Comparison::NotIn),
    ("subsetof", Comparison::SubsetOf),
    ("anyof", Comparison::AnyOf),
    ("noneof", Comparison::NoneOf),
    ("all", Comparison::AllOf),
    ("contains", Comparison::Contains),
    ("size", Comparison::Size),
    ("empty", Comparison::Empty),
];

pub(super) fn filter(scanner: &mut Scanner<'_>) -> Result<Test, JsonPathError> {
    scanner.skip_blanks();
    if !scanner.rest().starts_with('(') {
        return Err(scanner.error("( is expected after ?"));
    }
    either(scanner)
}

fn either(scanner: &mut Scanner<'_>) -> Result<Test, JsonPathError> {
    let mut tests = vec![both(scanner)?];
    while operator(scanner, "||") {
        tests.push(both(scanner)?);
    }
    Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Or(tests) })
}

fn both(scanner: &mut Scanner<'_>) -> Result<Test, JsonPathError> {
    let mut tests = vec![single(scanner)?];
    while operator(scanner, "&&") {
        tests.push(single(scanner)?);
    }
    Ok(if tests.len() == 1 { tests.remove(0) } else { Test::And(tests) })
}

fn operator(scanner: &mut Scanner<'_>, token: &str) -> bool {
    scanner.skip_blanks();
    scanner.take(token)
}

fn single(scanner: &mut Scanner<'_>) -> Result<Test, JsonPathError> {
    scanner.skip_blanks();
    if scanner.take("!") {
        let inner = scanner.deeper(single)?;
        return Ok(Test::Not(Box::new(inner)));
    }
    if scanner.take("(") {
        let inner = scanner.deeper(either)?;
        scanner.skip_blanks();
        if !scanner.take(")") {
            return Err(scanner.error(") is expected"));
        }
        return Ok(inner);
    }
    let left = operand(scanner)?;
    scanner.skip_blanks();
    let Some(comparison) = comparison(scanner) else {
        return match left {
            Operand::Current(_) | Operand::Root(_) => Ok(Test::Exists(left)),
            Operand::Literal(_) | Operand::Regex(_) => Err(scanner.error("a comparison is expected")),
        };
    };
    scanner.skip_blanks();
    let right = operand(scanner)?;
    Ok(Test::Compare(left, comparison, right))
}

fn comparison(scanner: &mut Scanner<'_>) -> Option<Comparison> {
    let rest = scanner.rest();
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    let fits = |token: &str| if word.is_empty() { rest.starts_with(token) } else { word == token };
    let (token, comparison) = COMPARISONS.into_iter().find(|(token, _)| fits(token))?;
    scanner.at += token.len();
    Some(comparison)
}

/// A literal or a path.
pub(super) fn operand(scanner: &mut Scanner<'_>) -> Result<Operand, JsonPathError> {
    match scanner.peek() {
        Some('@') => {
            scanner.at += 1;
            scanner.sub_path().map(Operand::Current)
        }
        Some('$') => {
            scanner.at += 1;
            scanner.sub_path().map(Operand::Root)
        }
        Some('\'' | '"') => scanner.quoted().map(|text| Operand::Literal(Value::String(text))),
        Some('/') => regex(scanner),
        Some('[' | '{') => json(scanner),
        Some(_) => {
            let rest = scanner.rest();
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+')));
            let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or("");
            let value = match word {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                number => match serde_json::from_str(number) {
                    Ok(value @ Value::Number(_)) => value,
                    _ => return Err(scanner.error("a path or a literal is expected")),
                },
            };
            scanner.at += word.len();
            Ok(Operand::Literal(value))
        }
        None => Err(scanner.error("a path or a literal is expected")),
    }
}

/// `/pattern/flags`; of the flags `i`, `s`, `m`, `x` and `u` have Java's meaning.
fn regex(scanner: &mut Scanner<'_>) -> Result<Operand, JsonPathError> {
    let inside = scanner.rest().get(1..).unwrap_or("");
    let mut escaped = false;
    let end = inside.find(|c| {
        let ends = c == '/' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let Some(end) = end else { return Err(scanner.error("the regular expression is not closed")) };
    let pattern = inside.get(..end).unwrap_or("").replace(r"\/", "/");
    let flags: String = inside.get(end + 1..).unwrap_or("").chars().take_while(|c| "ismxu".contains(*c)).collect();
    let with_flags = if flags.is_empty() { pattern } else { format!("(?{flags}){pattern}") };
    let regex = JavaRegex::new(&with_flags).map_err(|error| scanner.error(error.message))?;
    scanner.at += end + 2 + flags.len();
    Ok(Operand::Regex(Box::new(regex)))
}

/// An array or object; single quotes are taken for double ones.
fn json(scanner: &mut Scanner<'_>) -> Result<Operand, JsonPathError> {
    let rest = scanner.rest();
    let (mut depth, mut quote, mut escaped, mut json) = (0_usize, None, false, String::new());
    for (at, c) in rest.char_indices() {
        let was_escaped = std::mem::replace(&mut escaped, false);
        match (quote, c) {
            (Some(_), '\\') if !was_escaped => escaped = true,
            (Some(open), c) if c == open && !was_escaped => {
                quote = None;
                json.push('"');
                continue;
            }
            (Some(_), '"') if !was_escaped => json.push('\\'),
            (Some(_), _) => {}
            (None, '\'' | '"') => {
                quote = Some(c);
                json.push('"');
                continue;
            }
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        json.push(c);
        if depth == 0 {
            let value = serde_json::from_str(&json).map_err(|error| scanner.error(error.to_string()))?;
            scanner.at += at + c.len_utf8();
            return Ok(Operand::Literal(value));
        }
    }
    Err(scanner.error("the array or object is not closed"))
}
