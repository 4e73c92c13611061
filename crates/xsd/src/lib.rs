//! XML Schema 1.0 (and much of 1.1) for the mediator `validate`.
//!
//! The validator is the library `uppsala` (why: docs/decisions/xsd.md). This crate gives it its schemas: documents that
//! the caller supplies, with their imports and includes, and nothing else. And it says what is wrong in the words of
//! Xerces, because flows hand those on to their clients.
//!
//! What it guarantees: no DTD, no network, and no file but those that [`Schemas::compile`] writes for the library into a
//! private temporary folder, which is gone when it returns. Validating does no I/O.
//!
//! Begin reading at [`Schemas`], then `gather` (documents and what they import) and `wording`.

mod gather;
mod references;
mod wording;

use mi_xml::{Document, NodeId};
use uppsala::XsdValidator;

/// The namespace of XML Schema.
pub(crate) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// A set of schemas, ready to validate. It can be shared between threads.
pub struct Schemas {
    validator: XsdValidator,
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
        let folder = tempfile::Builder::new().prefix("mi-schemas").tempdir();
        let folder = folder.map_err(|error| failed(format!("no folder for its imports: {error}")))?;
        for (file, text) in gathered.files() {
            std::fs::write(folder.path().join(file), text)
                .map_err(|error| failed(format!("no file for its imports: {error}")))?;
        }
        let main = gathered.main();
        let document = uppsala::parse(&main).map_err(|error| failed(error.to_string()))?;
        let validator = XsdValidator::from_schema_with_base_path(&document, Some(folder.path()))
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self { validator })
    }

    /// What is wrong with an element and all below it; nothing if it is valid.
    pub fn validate(&self, document: &Document, element: NodeId) -> Vec<Violation> {
        let text = document.to_xml(element);
        let parsed = match uppsala::parse(&text) {
            Ok(parsed) => parsed,
            Err(error) => return vec![Violation { message: error.to_string(), line: 0, column: 0 }],
        };
        let found = self.validator.validate(&parsed);
        if found.is_empty() { Vec::new() } else { wording::violations(&text, &found) }
    }
}

fn names(schemas: &[(String, Vec<u8>)]) -> String {
    schemas.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
