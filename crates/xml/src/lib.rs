//! The XML tree, its reader and writer, and XPath 1.0.
//!
//! What it is for: messages with an XML body and the artifacts of a deployment are both a [`Document`], an arena whose
//! nodes are named by small ids. It knows nothing of messages and does no I/O.
//!
//! What it guarantees:
//! - Reading never resolves an external entity and refuses a DTD; depth, size and the number of attributes are bounded
//!   ([`ParseOptions`]), and every refusal says line and column ([`ParseError`]).
//! - Input that nobody changed is written back as it was, apart from what XML 1.0 calls insignificant (quotes around
//!   attribute values, white space inside tags, `<a></a>` for `<a/>`).
//! - No call panics, whatever the input: an id that does not belong to the document reads as an empty, detached text.
//! - A document is a few vectors and strings: cheap to build, to clone and to send to another thread.
//!
//! Begin reading at [`document`] (the shape of the arena), then `parse` (the reader) and [`mod@write`] (the writer).

pub mod attributes;
pub mod build;
pub mod chars;
pub mod document;
pub mod edit;
pub mod import;
mod names;
pub mod namespaces;
pub mod navigate;
pub mod parse;
pub mod position;
pub mod trees;
pub mod write;
pub mod xpath;

pub use attributes::{Attribute, AttributeId};
pub use build::TreeBuilder;
pub use document::{Declaration, Document, NodeId, NodeKind, QName};
pub use navigate::{Ancestors, ChildElements, Children, Descendants};
pub use parse::{ParseError, ParseErrorKind, ParseOptions, ReadElement};
pub use position::Position;
pub use write::{EmptyElement, WriteOptions};

/// The namespace that the prefix `xml` is always bound to.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of namespace declarations themselves.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
