//! XSLT 1.0 on the trees of `mi-xml`.
//!
//! What it is for: the mediators `xslt` and `fastXSLT`. A [`Stylesheet`] is compiled once and runs any number of times,
//! on any thread. Why there is no library beneath: docs/decisions/xslt.md.
//!
//! What it guarantees:
//! - It does no I/O. Modules and documents come from the [`Resolver`] that the caller gives, and from nowhere else.
//! - Compiling finds what can be found then: unknown instructions, attributes, templates, variables, functions and
//!   prefixes, each with its line and column ([`StylesheetError`]).
//! - A run ends: steps, depth and the size of what it makes are bounded ([`Limits`]). Nothing panics, whatever the
//!   stylesheet and the message.
//! - Beyond XSLT 1.0 there are `exsl:node-set` and other EXSLT functions, and a result tree fragment can be used as a
//!   node-set wherever one is needed. There is no way to call code.
//!
//! Begin reading at [`Stylesheet`], then `sheet` (the compiled form), `compile` and `run`.

mod compile;
mod decimal;
mod error;
mod output;
mod run;
mod sheet;

use std::sync::Arc;

use mi_xml::{Document, NodeId};

pub use error::{Place, StylesheetError, TransformError, TransformErrorKind};
pub use output::{Method, OutputSettings};
pub use run::{Message, Transformed};

/// Where modules (`xsl:import`, `xsl:include`) and documents (`document()`) come from.
pub trait Resolver {
    /// The document at `location`, as it is written in the stylesheet.
    ///
    /// # Errors
    /// Why there is none.
    fn resolve(&self, location: &str) -> Result<Arc<Document>, String>;
}

/// A resolver that has nothing.
#[derive(Copy, Clone, Debug, Default)]
pub struct NoDocuments;

impl Resolver for NoDocuments {
    fn resolve(&self, _location: &str) -> Result<Arc<Document>, String> {
        Err("there is no such document".to_owned())
    }
}

/// How much a run may use.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// How many instructions may run. Default 50 million.
    pub steps: u64,
    /// How deep instructions may call each other. Default 20,000, which is about 5,000 recursive calls of a template;
    /// calls that are the last thing of their template do not count.
    pub depth: u32,
    /// How many bytes of text and nodes the result and the variables may have, taken together. Default 256 MiB.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 50_000_000, depth: 20_000, bytes: 256 << 20 }
    }
}

/// A compiled stylesheet. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stylesheet {
    sheet: Arc<sheet::Sheet>,
}

impl Stylesheet {
    /// Compiles a stylesheet with the modules that it names. `document` should have been read with positions
    /// ([`mi_xml::ParseOptions::artifact`]), or errors have no line.
    ///
    /// # Errors
    /// The first thing that is wrong.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use mi_xml::{Document, ParseOptions};
    /// use mi_xslt::{Limits, NoDocuments, Stylesheet};
    ///
    /// let text = "<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>
    ///   <xsl:param name='to'/>
    ///   <xsl:template match='/order'><note to='{$to}'><xsl:value-of select='@id'/></note></xsl:template>
    /// </xsl:stylesheet>";
    /// let document = Document::parse(text.as_bytes(), &ParseOptions::artifact())?;
    /// let stylesheet = Stylesheet::compile(Arc::new(document), &NoDocuments)?;
    ///
    /// let order = Document::parse(b"<order id='7'/>", &ParseOptions::default())?;
    /// let parameters = [("to".to_owned(), "us".to_owned())];
    /// let done = stylesheet.transform(&order, order.root(), &parameters, &NoDocuments, &Limits::default())?;
    /// assert_eq!(done.to_text(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?><note to=\"us\">7</note>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compile(document: Arc<Document>, resolver: &dyn Resolver) -> Result<Self, StylesheetError> {
        Ok(Self { sheet: Arc::new(compile::compile(document, resolver)?) })
    }

    /// Runs on the tree below `source`, which should be a document node (patterns and paths that begin with `/` mean
    /// the topmost node above it). `parameters` are values for global `xsl:param`s by name; `{namespace}local` is
    /// understood, and what the stylesheet does not know is ignored.
    ///
    /// # Errors
    /// An expression or instruction failed, the stylesheet ended the run, or a limit was met.
    pub fn transform(
        &self,
        document: &Document,
        source: NodeId,
        parameters: &[(String, String)],
        resolver: &(dyn Resolver + Sync),
        limits: &Limits,
    ) -> Result<Transformed, TransformError> {
        run::transform(&self.sheet, document, source, parameters, resolver, limits)
    }

    /// What `xsl:output` says.
    pub fn output(&self) -> &OutputSettings {
        &self.sheet.output
    }

    /// Whether a run asks the resolver for documents.
    pub fn reads_documents(&self) -> bool {
        self.sheet.reads_documents
    }
}
