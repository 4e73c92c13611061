//! A part of XQuery 1.0, for the mediator `xquery`.
//!
//! What it is for: queries as integration projects have them. There are the prolog (namespaces, variables, functions,
//! boundary space), FLWOR with `order by`, `if`, quantified expressions, sequences and ranges, arithmetic, comparisons,
//! paths along all axes, direct and computed constructors, casts between strings, numbers and booleans, and the usual
//! functions. What is not there (modules, `typeswitch`, `validate`, dates, `doc()`) is refused when the query is compiled,
//! by its name and place: nothing is ignored silently.
//!
//! What it guarantees: it does no I/O, a run has limits for steps and depth, and nothing panics.
//!
//! Begin reading at [`Query`], then `ast`, `parse` and `run`.

mod ast;
mod atomic;
mod parse;
mod run;

use std::sync::Arc;

use mi_xml::Document;

pub use atomic::Atomic;

/// Why a text is not a query that can be run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct QueryError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, for people.
    pub message: String,
}

/// Why a query has no result.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct RunError(pub(crate) String);

/// The value of an external variable.
#[derive(Clone, Debug)]
pub enum External {
    /// The document node of a tree.
    Document(Arc<Document>),
    /// A single value.
    Atomic(Atomic),
    /// Nothing.
    Empty,
}

/// An item of the result.
#[derive(Debug)]
pub enum Outcome {
    /// An element or a document, as a tree of its own.
    Tree(Document),
    /// A text, attribute or comment: its string.
    Text(String),
    /// A value.
    Atomic(Atomic),
}

/// How much a run may use.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// How many expressions may be evaluated. Default 5 million.
    pub steps: u64,
    /// How deep evaluation may go; a call of a function takes about five levels. Default 2,000.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 5_000_000, depth: 2_000 }
    }
}

/// A compiled query. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Query {
    module: Arc<ast::Module>,
}

impl Query {
    /// Compiles a query.
    ///
    /// # Errors
    /// The text does not follow the grammar, names something that is not declared, or uses what is not here.
    ///
    /// ```
    /// use mi_xquery::{Limits, Outcome, Query};
    ///
    /// let query = Query::compile("for $n in (3, 1, 2) order by $n return $n * 10")?;
    /// let all = query.run(&[], &Limits::default())?;
    /// let Some(Outcome::Atomic(first)) = all.into_iter().next() else { return Err("no number".into()) };
    /// assert_eq!(first.to_text(), "10");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compile(text: &str) -> Result<Self, QueryError> {
        Ok(Self { module: Arc::new(parse::module(text)?) })
    }

    /// Runs the query. `variables` are values for external variables by their local name (those in no namespace).
    ///
    /// # Errors
    /// A variable has no value, an expression failed, or a limit was met.
    pub fn run(&self, variables: &[(String, External)], limits: &Limits) -> Result<Vec<Outcome>, RunError> {
        run::run(&self.module, variables, limits)
    }
}

#[cfg(test)]
mod tests;
