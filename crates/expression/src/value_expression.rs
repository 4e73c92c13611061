//! Attributes that hold a literal or, in braces, an expression: keys, names, template parameters (spec, 3.1).

use std::borrow::Cow;
use std::sync::Arc;

use crate::expression::Expression;
use crate::fault::{CompileError, ExpressionFault};
use crate::message::Message;
use crate::namespaces::Namespaces;

/// A literal, or an expression written in braces.
#[derive(Clone, Debug)]
pub enum ValueExpression {
    /// The text itself.
    Literal(Arc<str>),
    /// `{…}`: evaluated for each message.
    Dynamic(Expression),
    /// `{{…}}`: for now the text `{…}`; a called template evaluates the expression in its own context.
    Escaped {
        /// The text with one pair of braces.
        text: Arc<str>,
        /// The expression within.
        expression: Expression,
    },
}

impl ValueExpression {
    /// Reads the attribute's text. A Synapse expression (`{${…}}`) gets no namespaces.
    ///
    /// # Errors
    /// There are braces, but what is in them does not compile.
    pub fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, CompileError> {
        if let Some(inner) = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"))
            && text.len() > 3
        {
            let once = text.get(1..text.len() - 1).unwrap_or(inner);
            // Nobody evaluates it here, so what is no expression (JSON in braces) is just that text.
            return Ok(match compile_inner(inner, namespaces) {
                Ok(expression) => Self::Escaped { text: once.into(), expression },
                Err(_) => Self::Literal(once.into()),
            });
        }
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) => Ok(Self::Dynamic(compile_inner(inner, namespaces)?)),
            None => Ok(Self::Literal(text.into())),
        }
    }

    /// The text for this message; `None` where the expression gives Java's null.
    ///
    /// # Errors
    /// As [`Expression::evaluate_string`].
    pub fn evaluate<'m>(&'m self, message: &'m dyn Message) -> Result<Option<Cow<'m, str>>, ExpressionFault> {
        match self {
            Self::Literal(text) | Self::Escaped { text, .. } => Ok(Some(Cow::Borrowed(text))),
            Self::Dynamic(expression) => expression.evaluate_string(message),
        }
    }

    /// The text, if it is the same for every message.
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) | Self::Escaped { text, .. } => Some(text),
            Self::Dynamic(_) => None,
        }
    }

    /// Whether the body has to be read before it is evaluated.
    pub fn is_content_aware(&self) -> bool {
        matches!(self, Self::Dynamic(expression) if expression.is_content_aware())
    }
}

fn compile_inner(inner: &str, namespaces: &Namespaces) -> Result<Expression, CompileError> {
    if inner.starts_with("${") {
        return Expression::compile(inner, &Namespaces::none());
    }
    Expression::compile(inner, namespaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> ValueExpression {
        ValueExpression::compile(text, &Namespaces::none()).expect("compiles")
    }

    #[test]
    fn literals_expressions_and_escapes() {
        assert_eq!(compile("a key").literal(), Some("a key"));
        assert_eq!(compile("${x}").literal(), Some("${x}"));
        assert!(matches!(compile("{//a}"), ValueExpression::Dynamic(e) if e.text() == "//a" && e.is_content_aware()));
        assert!(matches!(compile("{${vars.a}}"), ValueExpression::Dynamic(e) if e.text() == "${vars.a}"));
        let escaped = compile("{{//a}}");
        assert_eq!(escaped.literal(), Some("{//a}"));
        assert!(matches!(&escaped, ValueExpression::Escaped { expression, .. } if expression.text() == "//a"));
        assert!(!escaped.is_content_aware());
        assert!(matches!(compile("{{\"a\": 1}}"), ValueExpression::Literal(text) if &*text == "{\"a\": 1}"));
    }
}
