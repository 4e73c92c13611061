//! Whether the value of a script matters.
//!
//! A script whose last statement has the value `false` stops the flow. Only `eval` gives the value of a statement, and it
//! compiles at each run. Most scripts end in a call of `mc` that answers nothing; those become a function, compiled once.

use crate::lexer::{Kind, Token, tokens};

/// Whether the last statement surely is a call that answers nothing: `mc.set…(…)`, `mc.add…(…)`, `mc.remove…(…)`,
/// `print(…)`.
pub(crate) fn is_never_false(source: &str) -> bool {
    let Ok(tokens) = tokens(source) else { return false };
    let text = |token: &Token| source.get(token.start..token.end).unwrap_or_default();
    let trailing = tokens.iter().rev().take_while(|token| text(token) == ";").count();
    let Some(body) = tokens.get(..tokens.len() - trailing) else { return false };
    if body.is_empty() {
        return true;
    }
    // Backwards from the closing bracket to the one that it closes.
    let mut depth = 0_usize;
    let mut open = None;
    for (index, token) in body.iter().enumerate().rev() {
        match text(token) {
            ")" | "]" | "}" if token.kind == Kind::Punctuation => depth += 1,
            "(" | "[" | "{" if token.kind == Kind::Punctuation => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    open = (text(token) == "(").then_some(index);
                    break;
                }
            }
            _ if depth == 0 => return false,
            _ => {}
        }
    }
    let Some(open) = open else { return false };
    let before = |count: usize| open.checked_sub(count).and_then(|index| body.get(index));
    let called = match (before(3).map(text), before(2).map(text), before(1).map(text)) {
        (_, _, Some("print")) if before(2).is_none_or(|token| text(token) != ".") => 1,
        (Some("mc"), Some("."), Some(method))
            if ["set", "add", "remove"].iter().any(|verb| method.starts_with(verb)) =>
        {
            3
        }
        _ => return false,
    };
    let Some(first) = body.get(open - called) else { return false };
    let Some(previous) = before(called + 1) else { return true };
    // It begins a statement: after one that has ended, or on a new line after something that cannot go on with a name.
    let ended = matches!(text(previous), ";" | "}") && previous.kind == Kind::Punctuation;
    let whole = matches!(previous.kind, Kind::Number | Kind::Text | Kind::Regex) || matches!(text(previous), ")" | "]");
    let word = previous.kind == Kind::Word && !crate::lexer::expects_operand(text(previous));
    ended || first.after_newline && (whole || word)
}

#[cfg(test)]
mod tests {
    use super::is_never_false;

    #[test]
    fn knows_the_plain_ends() {
        for source in [
            "",
            "mc.setPayloadJSON({a: [1, (2)]});",
            "var a = 1; mc.setProperty('a', a) ;; // done",
            "var a = 1\nmc.addHeader(false, x)",
            "if (a) { b() } mc.removeProperty('a', 'axis2')",
            "f(1)\nprint('x')",
        ] {
            assert!(is_never_false(source), "{source}");
        }
    }

    #[test]
    fn leaves_the_others_to_eval() {
        for source in [
            "x == 1;",
            "!mc.setProperty('a', 1)",
            "a == 1 && mc.setProperty('a', 1)",
            "a = b ==\nmc.setProperty('a', 1)",
            "return\nmc.setProperty('a', 1)",
            "mc.getProperty('a')",
            "mc.setProperty('a', 1) == 2",
            "a.print(1)",
            "{ mc.setProperty('a', 1) }",
            "'open",
        ] {
            assert!(!is_never_false(source), "{source}");
        }
    }
}
