//! Expressions over a message: XPath, JSONPath and Synapse expressions, compiled at deployment.
//!
//! What it is for: the text of an attribute becomes an [`Expression`] when an artifact is deployed; at run time it is
//! evaluated on whatever implements [`Message`]. This crate does not know what a mediator or a message context is.
//!
//! What it guarantees:
//! - An expression that compiles can be evaluated on any message without a panic; what Micro Integrator reports as a
//!   fault is an [`ExpressionFault`], what it only logs is logged under the target `SynapseExpression`.
//! - Evaluation looks nothing up that compilation could have resolved.
//!
//! Begin reading at [`message`] (the seam), then [`expression`]. [`ValueExpression`] is for attributes that may be
//! literal, [`InlineTemplate`] for text with embedded expressions.

mod awareness;
pub mod expression;
pub mod fault;
pub mod jsonpath;
pub mod message;
pub mod namespaces;
mod synapse;
pub mod template;
#[cfg(test)]
mod testing;
pub mod value_expression;
mod xpath;

pub use expression::{Expression, ExpressionKind, JsonTarget, SelectedNode, Selection};
pub use fault::{BuildFault, CompileError, ExpressionFault};
pub use jsonpath::JsonPath;
pub use message::{Envelope, Field, Held, Message, Scope};
pub use namespaces::Namespaces;
pub use template::InlineTemplate;
pub use value_expression::ValueExpression;
