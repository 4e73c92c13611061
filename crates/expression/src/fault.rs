//! What can go wrong, at deployment and at run time.

/// Why an attribute's text is not an expression. Deployment refuses the artifact.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} in {expression} at column {column}")]
pub struct CompileError {
    /// The expression as written.
    pub expression: String,
    /// The column within it, in characters from 1.
    pub column: usize,
    /// What is wrong, for people.
    pub message: String,
}

/// Why the payload could not be seen as XML or JSON.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct BuildFault {
    /// What Micro Integrator would say.
    pub message: String,
}

/// Why an expression has no result. Mediation turns it into a fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ExpressionFault {
    /// The payload could not be seen as the expression needs it.
    #[error(transparent)]
    Build(#[from] BuildFault),
    /// An XPath error: an unknown prefix, function or variable, or a value of the wrong type.
    #[error("Evaluation of the XPath expression {expression} resulted in an error")]
    XPath {
        /// The expression as written.
        expression: String,
        /// The reason, for the log.
        reason: String,
    },
    /// A JSONPath error, in Jayway's words.
    #[error("{message}")]
    JsonPath {
        /// The expression as written.
        expression: String,
        /// What Jayway would say.
        message: String,
    },
    /// An error within a Synapse expression that is not a soft one.
    #[error("{message}")]
    Runtime {
        /// The expression as written.
        expression: String,
        /// What went wrong.
        message: String,
    },
}
