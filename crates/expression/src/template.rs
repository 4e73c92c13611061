//! Text with expressions in it (mediators spec, 2.8).

use crate::expression::{Expression, ExpressionKind};
use crate::fault::{CompileError, ExpressionFault};
use crate::message::Message;
use crate::namespaces::Namespaces;

/// A text with embedded expressions, split at deployment.
#[derive(Clone, Debug)]
pub struct InlineTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Expression(Expression),
}

impl InlineTemplate {
    /// Splits a text with `${…}` parts, as the message of the log mediator. Each part is the shortest one up to the next
    /// `}` on the same line; the expressions get no namespaces.
    ///
    /// # Errors
    /// One of the expressions does not compile.
    pub fn synapse(text: &str) -> Result<Self, CompileError> {
        let find = |rest: &str| {
            rest.match_indices("${").find_map(|(start, _)| {
                let inner = rest.get(start + 2..)?;
                // At least one character stands between the braces, and it may be a `}`.
                let first = inner.chars().next()?.len_utf8();
                let end = first + inner.get(first..)?.find(['}', '\n', '\r'])?;
                (inner.as_bytes().get(end) == Some(&b'}') && !inner.starts_with(['\n', '\r']))
                    .then_some((start, start + 2 + end + 1))
            })
        };
        Self::split(text, find, |part| Expression::compile(part, &Namespaces::none()))
    }

    /// Splits a text with `{json-eval(…)}` or `{xpath}` parts, as the inline source of enrich. No blanks, quotes, commas,
    /// `<`, `>` or `]` within a part.
    ///
    /// # Errors
    /// One of the expressions does not compile.
    pub fn braces(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        let find = |rest: &str| {
            rest.match_indices('{').find_map(|(start, _)| {
                let inner = rest.get(start + 1..)?;
                let stop = |c: char| c.is_whitespace() || matches!(c, '"' | ',' | '<' | '>' | '}' | ']');
                let end = inner.find(stop).filter(|&end| end > 0)?;
                inner.get(end..)?.starts_with('}').then_some((start, start + 1 + end + 1))
            })
        };
        Self::split(text, find, |part| {
            let inner = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')).unwrap_or(part);
            Expression::compile(inner, namespaces)
        })
    }

    fn split(
        text: &str,
        find: impl Fn(&str) -> Option<(usize, usize)>,
        compile: impl Fn(&str) -> Result<Expression, CompileError>,
    ) -> Result<Self, CompileError> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((start, end)) = find(rest) {
            let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
            let (part, after) = from.split_at_checked(end - start).unwrap_or((from, ""));
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Expression(compile(part)?));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The text for this message.
    ///
    /// # Errors
    /// As [`Expression::evaluate_string`].
    pub fn evaluate(&self, message: &dyn Message) -> Result<String, ExpressionFault> {
        self.evaluate_with(message, |_, value| value)
    }

    /// The text for this message, each expression's value going through `adapt` first (with the language it came from).
    ///
    /// # Errors
    /// As [`Expression::evaluate_string`].
    pub fn evaluate_with(
        &self,
        message: &dyn Message,
        adapt: impl Fn(ExpressionKind, String) -> String,
    ) -> Result<String, ExpressionFault> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expression(expression) => {
                    let value = expression.evaluate_string(message)?.unwrap_or_default().into_owned();
                    out.push_str(&adapt(expression.kind(), value));
                }
            }
        }
        Ok(out)
    }

    /// The text, if there is no expression in it.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The expressions, in order.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// Whether the body has to be read before it is evaluated.
    pub fn is_content_aware(&self) -> bool {
        self.expressions().any(Expression::is_content_aware)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(template: &InlineTemplate) -> Vec<&str> {
        template.expressions().map(Expression::text).collect()
    }

    #[test]
    fn the_shortest_part_on_one_line() {
        let template = InlineTemplate::synapse("a ${vars.x} b ${payload.y}} ${no\nline} $").expect("compiles");
        assert_eq!(texts(&template), ["${vars.x}", "${payload.y}"]);
        assert!(template.is_content_aware());
        assert_eq!(InlineTemplate::synapse("plain ${").expect("compiles").literal(), Some("plain ${"));
    }

    #[test]
    fn braces_without_blanks_or_quotes() {
        let text = "{\"a\": {json-eval($.x)}, \"b\": \"{//c}\", \"d\": {}, \"e\": { \"f\": 1 }}";
        let template = InlineTemplate::braces(text, &Namespaces::none()).expect("compiles");
        assert_eq!(texts(&template), ["json-eval($.x)", "//c"]);
    }
}
