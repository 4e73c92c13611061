//! What can go wrong when a stylesheet is compiled and when it runs.

use std::fmt;
use std::sync::Arc;

/// A place in a stylesheet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The location by which the module was imported or included; `""` for the stylesheet itself.
    pub module: Arc<str>,
    /// The line, from 1; 0 if unknown.
    pub line: u32,
    /// The column in characters, from 1; 0 if unknown.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_empty() {
            write!(f, "{}, ", self.module)?;
        }
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why a text is not a stylesheet that can be run.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message} ({place})")]
pub struct StylesheetError {
    /// Where.
    pub place: Place,
    /// What is wrong, for people.
    pub message: String,
}

/// Why a transformation has no result.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}{}", at.as_ref().map(|place| format!(" ({place})")).unwrap_or_default())]
pub struct TransformError {
    /// The instruction at fault, if it is known.
    pub at: Option<Place>,
    /// The sort of error.
    pub kind: TransformErrorKind,
    /// What is wrong, for people.
    pub message: String,
}

/// The sorts of [`TransformError`].
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransformErrorKind {
    /// `xsl:message terminate="yes"`.
    Terminated,
    /// More steps, depth or output than the limits allow.
    Limit,
    /// An expression or instruction that failed.
    Failed,
}

/// Passed on the way of every instruction, hence small.
pub(crate) type Failure = Box<TransformError>;

impl TransformError {
    pub(crate) fn failed(message: impl Into<String>) -> Failure {
        Box::new(Self { at: None, kind: TransformErrorKind::Failed, message: message.into() })
    }

    pub(crate) fn limit(message: impl Into<String>) -> Failure {
        Box::new(Self { at: None, kind: TransformErrorKind::Limit, message: message.into() })
    }
}

impl From<mi_xml::xpath::EvalError> for Box<TransformError> {
    fn from(error: mi_xml::xpath::EvalError) -> Self {
        TransformError::failed(error.to_string())
    }
}
