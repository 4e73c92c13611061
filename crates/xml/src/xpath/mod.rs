//! XPath 1.0, compiled once and evaluated on any [`Document`](crate::Document).
//!
//! Begin at [`XPath::compile`]. `lexer` and `parser` make the tree of `ast`, `analysis` finds out what can be evaluated
//! as a stream; `evaluate` walks the tree, `path` walks location paths without building sets it does not need.
//!
//! Beyond the recommendation there are `lower-case`, `upper-case` and `ends-with`, as in Jaxen. Without a DTD there are
//! no ID attributes, so `id()` finds nothing.

mod analysis;
mod ast;
mod axes;
mod compare;
mod evaluate;
mod functions;
mod lexer;
mod node;
mod number;
mod order;
mod parser;
mod path;
mod pattern;
mod references;
mod step;
mod value;

use std::fmt;

use crate::document::NodeId;

pub use node::{NodePart, NodeRef};
pub use number::{number_to_string, string_to_number};
pub use pattern::{Alternative, Pattern, Subject};
pub use references::{Arguments, Reference};
pub use step::{AxisStep, StepTest};
pub use value::{NodeSet, Value};

/// A compiled expression.
#[derive(Clone)]
pub struct XPath {
    text: Box<str>,
    root: ast::Expr,
}

/// Why a text is not XPath 1.0.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct XPathError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong, for people.
    pub message: String,
}

/// Why an evaluation has no result.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A prefix that was not among the namespaces at compile time.
    #[error("the prefix {0} is not bound to a namespace")]
    UnknownPrefix(String),
    /// A variable that the environment does not know.
    #[error("Variable {0}")]
    UnknownVariable(String),
    /// A function that neither XPath nor the environment knows.
    #[error("there is no function {0}")]
    UnknownFunction(String),
    /// A function that got the wrong number of arguments.
    #[error("the function {0} got a wrong number of arguments")]
    Arguments(String),
    /// Something else than a node-set where only a node-set makes sense.
    #[error("a node-set is needed, but there is a {0}")]
    NotANodeSet(&'static str),
    /// The evaluation has looked at fifty million nodes, and would go on.
    #[error("the evaluation looks at too many nodes")]
    TooLong,
    /// What a variable or function of the environment had to say.
    #[error("{0}")]
    Environment(String),
}

/// The context node with its position among the nodes that are looked at together.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Focus<'a> {
    /// The context node.
    pub node: NodeRef<'a>,
    /// What `position()` gives, from 1.
    pub position: usize,
    /// What `last()` gives.
    pub size: usize,
}

impl<'a> Focus<'a> {
    /// A node that is looked at alone.
    pub fn alone(node: NodeRef<'a>) -> Self {
        Self { node, position: 1, size: 1 }
    }
}

/// Whether XPath itself has a function of this name.
pub fn is_function(local: &str) -> bool {
    functions::Function::by_name(local).is_some()
}

/// Variables and functions from outside.
pub trait Environment<'a> {
    /// The value of `$prefix:local`; `None` if there is no such variable.
    ///
    /// # Errors
    /// The variable exists but has no value.
    fn variable(&self, prefix: &str, local: &str) -> Result<Option<Value<'a>>, EvalError>;

    /// Calls a function that is not one of XPath's; `None` if there is no such function.
    ///
    /// # Errors
    /// The function failed.
    fn function(
        &self,
        prefix: &str,
        local: &str,
        arguments: Vec<Value<'a>>,
        context: NodeRef<'a>,
    ) -> Result<Option<Value<'a>>, EvalError>;
}

/// An environment without variables and functions.
#[derive(Copy, Clone, Debug, Default)]
pub struct NoEnvironment;

impl<'a> Environment<'a> for NoEnvironment {
    fn variable(&self, _prefix: &str, _local: &str) -> Result<Option<Value<'a>>, EvalError> {
        Ok(None)
    }

    fn function(
        &self,
        _prefix: &str,
        _local: &str,
        _arguments: Vec<Value<'a>>,
        _context: NodeRef<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        Ok(None)
    }
}

impl XPath {
    /// Compiles an expression. `namespaces` are pairs of prefix and namespace; names without prefix are in no namespace.
    /// A prefix that is not among them is an error only when the expression is evaluated.
    ///
    /// # Errors
    /// The text does not follow the grammar, is nested more than a hundred levels deep, or has a path of more than two
    /// hundred steps.
    ///
    /// ```
    /// use mi_xml::xpath::{NoEnvironment, NodeRef, XPath};
    /// use mi_xml::{Document, ParseOptions};
    ///
    /// let text = "<o:orders xmlns:o='urn:o'><order><symbol>IBM</symbol></order></o:orders>";
    /// let document = Document::parse(text.as_bytes(), &ParseOptions::default())?;
    /// let xpath = XPath::compile("/x:orders/order[1]/symbol", &[("x", "urn:o")])?;
    /// let value = xpath.evaluate(NodeRef::new(&document, document.root()), &NoEnvironment)?;
    /// assert_eq!(value.into_string(), "IBM");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compile<P: AsRef<str>, U: AsRef<str>>(text: &str, namespaces: &[(P, U)]) -> Result<Self, XPathError> {
        let resolve = |prefix: &str| {
            let found = namespaces.iter().find(|(known, _)| known.as_ref() == prefix);
            found.map(|(_, uri)| uri.as_ref()).or((prefix == "xml").then_some(crate::XML_NAMESPACE)).map(str::to_owned)
        };
        let root = parser::parse(text, &resolve, parser::Names::AsWritten)?;
        Ok(Self { text: text.into(), root })
    }

    /// As [`Self::compile`] for a language that knows XPath's surroundings when it compiles: the environment is asked
    /// for variables and functions by namespace instead of prefix, and a prefix that `resolve` does not know is an
    /// error where it stands before a variable or function.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_expanded(text: &str, resolve: &dyn Fn(&str) -> Option<String>) -> Result<Self, XPathError> {
        let root = parser::parse(text, resolve, parser::Names::Expanded)?;
        Ok(Self { text: text.into(), root })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Evaluates with `context` as the context node; `/` is the document node.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn evaluate<'a>(&self, context: NodeRef<'a>, env: &dyn Environment<'a>) -> Result<Value<'a>, EvalError> {
        evaluate::Evaluator::new(context, None, env, &axes::Budget::default()).value(&self.root)
    }

    /// As [`Self::evaluate`], but in the context's document nothing lies above the node `root`, and `/` is that node.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn evaluate_below<'a>(
        &self,
        context: NodeRef<'a>,
        root: NodeId,
        env: &dyn Environment<'a>,
    ) -> Result<Value<'a>, EvalError> {
        evaluate::Evaluator::new(context, Some(root), env, &axes::Budget::default()).value(&self.root)
    }

    /// The effective boolean value, found without collecting nodes. `root` as in [`Self::evaluate_below`].
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn evaluate_boolean<'a>(
        &self,
        context: NodeRef<'a>,
        root: Option<NodeId>,
        env: &dyn Environment<'a>,
    ) -> Result<bool, EvalError> {
        evaluate::Evaluator::new(context, root, env, &axes::Budget::default()).boolean(&self.root)
    }

    /// As [`Self::evaluate`], with a context that has a position.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn evaluate_in<'a>(&self, focus: Focus<'a>, env: &dyn Environment<'a>) -> Result<Value<'a>, EvalError> {
        evaluate::Evaluator::focused(focus, env, &axes::Budget::default()).value(&self.root)
    }

    /// The string of the result, found without collecting nodes.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn string_in<'s, 'a: 's>(
        &'s self,
        focus: Focus<'a>,
        env: &dyn Environment<'a>,
    ) -> Result<std::borrow::Cow<'s, str>, EvalError> {
        evaluate::Evaluator::focused(focus, env, &axes::Budget::default()).string(&self.root)
    }

    /// The effective boolean value, found without collecting nodes.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn boolean_in<'a>(&self, focus: Focus<'a>, env: &dyn Environment<'a>) -> Result<bool, EvalError> {
        evaluate::Evaluator::focused(focus, env, &axes::Budget::default()).boolean(&self.root)
    }
}

impl fmt::Debug for XPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XPath({})", self.text)
    }
}

#[cfg(test)]
mod tests;
