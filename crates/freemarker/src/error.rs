//! What can be wrong with a template: when it is read, and when it is rendered.

use std::fmt;

/// A place in a template. Both numbers begin at 1; a tab goes on to the next column that is a multiple of 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that is not a template, or a template that asks for what is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Syntax error in template in {at}: {message}")]
pub struct SyntaxError {
    /// Where.
    pub at: Position,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

impl SyntaxError {
    pub(crate) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// What ended a rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Something is missing and has no default.
    Missing,
    /// A value has a type that cannot be used where it stands.
    WrongType,
    /// The template did something else that its values do not allow.
    Failed,
    /// A `#stop` directive.
    Stopped,
    /// A limit was reached; `#attempt` does not recover from it.
    Limit,
}

/// A template that could not be rendered for the values that it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// What kind of end it was.
    pub kind: ErrorKind,
    /// What happened. Of `#stop`, its text.
    pub message: String,
    /// The expression that is to blame, in FreeMarker's canonical form; only of what is missing or has the wrong type.
    pub blamed: Option<String>,
    /// Where that expression begins, or the directive.
    pub at: Option<Position>,
}

impl RenderError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Failed, message: message.into(), blamed: None, at: None }
    }

    pub(crate) fn limit(what: &str) -> Self {
        Self {
            kind: ErrorKind::Limit,
            message: format!("The template exceeds the limit of {what}"),
            blamed: None,
            at: None,
        }
    }

    /// Blames `expression`, if something is to blame and nothing inside it is blamed already.
    pub(crate) fn blame(mut self, expression: &crate::syntax::Expr) -> Self {
        if self.blamed.is_none() && matches!(self.kind, ErrorKind::Missing | ErrorKind::WrongType) {
            self.blamed = Some(expression.to_string());
            self.at = Some(expression.at);
        }
        self
    }
}
