//! XML Schema 1.0 for the mediator `validate`.
//!
//! The validator is the library `fastxml` (why: docs/decisions/xsd.md). This crate gives it its schemas: documents that
//! the caller supplies, with their imports and includes, and nothing else. And it says what is wrong in the words of
//! Xerces, because flows hand those on to their clients.
//!
//! What it guarantees: no DTD, and no I/O, neither while compiling nor while validating.
//!
//! Begin reading at [`Schemas`], then `gather` (documents and what they import) and `wording`.

mod gather;
mod references;
mod wording;

use std::sync::Arc;

use fastxml::schema::{Schema, Validator};
use mi_xml::xpath::NodeRef;
use mi_xml::{Document, NodeId, TreeBuilder};

/// The namespace of XML Schema.
pub(crate) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// A set of schemas, ready to validate. It can be shared between threads.
pub struct Schemas {
    schema: Arc<Schema>,
    /// The values of each enumeration, in order.
    enumerations: Vec<Vec<String>>,
}

/// Why schemas cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{schema}: {message}")]
pub struct SchemaError {
    /// The schema at fault, as the caller or an import names it.
    pub schema: String,
    /// What is wrong, for people.
    pub message: String,
}

/// Something wrong with a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// What, as Xerces says it: a code (`cvc-…`) and a sentence.
    pub message: String,
    /// The line in the document as it was written for validation, from 1; 0 if unknown.
    pub line: u32,
    /// The column, from 1; 0 if unknown.
    pub column: u32,
}

/// Where imported and included schemas come from: the content of a location.
pub type Resolve<'r> = &'r dyn Fn(&str) -> Result<Vec<u8>, String>;

impl Schemas {
    /// Compiles schemas, given as pairs of a name and a content, with what they import and include. One schema may
    /// import another one of the list by its namespace.
    ///
    /// # Errors
    /// A document is no schema, an include has no content, or a name is not defined anywhere.
    pub fn compile(schemas: &[(String, Vec<u8>)], resolve: Resolve<'_>) -> Result<Self, SchemaError> {
        let gathered = gather::gather(schemas, resolve)?;
        references::check(&gathered)?;
        let failed = |message: String| SchemaError { schema: names(schemas), message };
        let mut builder = fastxml::schema::Schema::builder();
        for (name, text) in gathered.given_files() {
            builder = builder.add(name, text.into_bytes());
        }
        let files = gather::Files::new(&gathered);
        let schema = builder.resolve_with(&files).map_err(|error| failed(error.to_string()))?;
        Ok(Self { schema: Arc::new(schema), enumerations: gathered.enumerations() })
    }

    /// What is wrong with an element and all below it; nothing if it is valid.
    pub fn validate(&self, document: &Document, element: NodeId) -> Vec<Violation> {
        let text = text_of(document, element);
        let report = match Validator::from_reader(text.as_bytes()).schema(Arc::clone(&self.schema)).run() {
            Ok(report) => report,
            Err(error) => return vec![Violation { message: error.to_string(), line: 0, column: 0 }],
        };
        if report.is_valid() {
            return Vec::new();
        }
        let mut found = wording::violations(&text, &report.errors(), &self.enumerations);
        if found.is_empty() {
            // Whatever it is, the document is not valid.
            found.push(Violation { message: "the document is not valid".to_owned(), line: 0, column: 0 });
        }
        found
    }
}

/// The element as a document. Types that are named in it need the prefixes that are declared above it.
fn text_of(document: &Document, element: NodeId) -> String {
    const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
    let all = std::iter::once(element).chain(document.descendants(element));
    let names_types = all.into_iter().any(|id| document.attribute(id, INSTANCE, "type").is_some());
    if !names_types || document.parent(element) == Some(document.root()) {
        return document.to_xml(element);
    }
    let mut builder = TreeBuilder::new();
    builder.copy(NodeRef::new(document, element));
    let copy = builder.finish();
    copy.to_xml(copy.root())
}

fn names(schemas: &[(String, Vec<u8>)]) -> String {
    schemas.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
