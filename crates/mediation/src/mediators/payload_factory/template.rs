//! The default template language: `$n` and `${expression}` in one pass.

use mi_expression::{CompileError, Expression, Namespaces};

use super::argument::Argument;
use super::{Media, insert};
use crate::context::MessageContext;
use crate::fault::Fault;

/// A template, taken apart.
pub(super) struct Template {
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    /// `"${expression}"`, the quotes included.
    Quoted(Expression),
    Bare(Expression),
    /// `$n`, and the text of the template from there on, should there be no such argument.
    Argument(usize, String),
}

impl Template {
    /// Takes `text` apart.
    pub(super) fn parse(text: &str, media: Media) -> Result<Self, CompileError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let quoted = rest[..at].ends_with('"');
            if let Some((inner, after)) = expression(&rest[at..]) {
                let expression = compile(inner, media)?;
                match after.strip_prefix('"').filter(|_| quoted) {
                    Some(after) => {
                        plain.push_str(&rest[..at - 1]);
                        push_text(&mut parts, &mut plain);
                        parts.push(Part::Quoted(expression));
                        rest = after;
                    }
                    None => {
                        plain.push_str(&rest[..at]);
                        push_text(&mut parts, &mut plain);
                        parts.push(Part::Bare(expression));
                        rest = after;
                    }
                }
                continue;
            }
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            if digits == 0 {
                plain.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            }
            plain.push_str(&rest[..at]);
            push_text(&mut parts, &mut plain);
            let number = rest[at + 1..at + 1 + digits].parse().unwrap_or(usize::MAX);
            parts.push(Part::Argument(number, rest[at..].to_owned()));
            rest = &rest[at + 1 + digits..];
        }
        plain.push_str(rest);
        push_text(&mut parts, &mut plain);
        Ok(Self { parts })
    }

    /// The text for a message.
    pub(super) fn fill(
        &self,
        context: &MessageContext,
        media: Media,
        arguments: &[Argument],
        escape_controls_only: bool,
    ) -> Result<String, Fault> {
        let mut out = String::with_capacity(256);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Quoted(expression) => insert::expression(context, media, expression, true, &mut out)?,
                Part::Bare(expression) => insert::expression(context, media, expression, false, &mut out)?,
                Part::Argument(number, rest) => match number.checked_sub(1).and_then(|index| arguments.get(index)) {
                    Some(argument) => insert::argument(context, media, argument, escape_controls_only, &mut out)?,
                    None => {
                        tracing::error!(
                            target: "org.apache.synapse.mediators.transform.pfutils.RegexTemplateProcessor",
                            "{}#replace. Mis-match detected between number of formatters and arguments", context.log_prefix()
                        );
                        out.push_str(rest);
                        break;
                    }
                },
            }
        }
        Ok(out)
    }
}

fn push_text(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}

/// `${…}` at the beginning of `text`: what is between the braces, and what follows. At least one character is.
fn expression(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("${")?;
    let first = inner.chars().next()?.len_utf8();
    let end = first + inner.get(first..)?.find('}')?;
    Some((&inner[..end], &inner[end + 1..]))
}

fn compile(inner: &str, media: Media) -> Result<Expression, CompileError> {
    // In an XML format the text was written out with references for the characters that XML needs itself.
    let text = if media == Media::Xml && inner.contains('&') {
        inner.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    } else {
        inner.to_owned()
    };
    Expression::compile(&format!("${{{text}}}"), &Namespaces::none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn everything_else_is_copied() {
        let template = Template::parse("a $ b $$ c {x} \"$\"", Media::Text).expect("compiles");
        assert!(matches!(template.parts.as_slice(), [Part::Text(text)] if text == "a $ b $$ c {x} \"$\""));
    }

    proptest! {
        #[test]
        fn never_panics(text in r#"[a-c$0-9{}"é.]{0,24}"#) {
            let _ = Template::parse(&text, Media::Json);
        }
    }
}
