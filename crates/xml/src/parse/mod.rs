//! The reader: options, errors, and the entry points. `scanner` finds where things end, `builder` knows the grammar.
//!
//! Why there is no library beneath: docs/decisions/xml-reader.md.

mod builder;
mod declaration;
mod decode;
mod misc;
mod namespace;
mod reference;
mod scanner;

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::Encoding;

use crate::document::{Document, Node, NodeId};
use builder::Builder;

/// What the reader keeps and what it refuses.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    /// Keep line and column of each element and attribute (for artifacts). Default: no.
    pub positions: bool,
    /// How deep elements may be nested. Default 1,000.
    pub max_depth: usize,
    /// How long the input may be, in bytes. Default and upper limit: 4 GiB.
    pub max_bytes: usize,
    /// How many attributes and namespace declarations an element may have. Default 1,000.
    pub max_attributes: usize,
    /// How many namespace declarations may be in scope at once. Default 1,000.
    pub max_namespaces: usize,
    /// The encoding that the transport announced. It wins over the XML declaration, a byte order mark wins over both.
    /// Default: none.
    pub encoding: Option<&'static Encoding>,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            positions: false,
            max_depth: 1_000,
            max_bytes: u32::MAX as usize,
            max_attributes: 1_000,
            max_namespaces: 1_000,
            encoding: None,
        }
    }
}

impl ParseOptions {
    /// The defaults, with positions.
    pub fn artifact() -> Self {
        Self { positions: true, ..Self::default() }
    }

    /// Takes the name of the encoding that the transport announced; an unknown name is ignored.
    pub fn with_charset(mut self, label: &str) -> Self {
        self.encoding = Encoding::for_label(label.as_bytes());
        self
    }
}

/// Why a text is not an acceptable XML document.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The sort of error.
    pub kind: ParseErrorKind,
    /// What is wrong, for people.
    pub message: String,
}

/// The sorts of [`ParseError`].
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Not well-formed.
    Syntax,
    /// There is no root element.
    NoRoot,
    /// Bytes that the encoding does not know, or an unknown encoding.
    Encoding,
    /// A document type declaration.
    Doctype,
    /// A reference to an entity that is not one of the five predefined ones.
    Entity,
    /// A prefix that is not declared, or a declaration that is not allowed.
    Namespace,
    /// Deeper, longer or with more attributes than [`ParseOptions`] allow.
    Limit,
}

/// An error at a byte offset, before anyone has asked for its line.
#[derive(Debug)]
struct Flaw {
    offset: usize,
    kind: ParseErrorKind,
    message: String,
}

impl Flaw {
    fn new(offset: usize, kind: ParseErrorKind, message: impl Into<String>) -> Self {
        Self { offset, kind, message: message.into() }
    }

    fn syntax(offset: usize, message: impl Into<String>) -> Self {
        Self::new(offset, ParseErrorKind::Syntax, message)
    }

    fn at(self, text: &str) -> ParseError {
        let position = crate::position::LineCursor::new(text).at(self.offset.min(text.len()));
        ParseError { line: position.line, column: position.column, kind: self.kind, message: self.message }
    }
}

/// The root element of what was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadElement {
    /// The element.
    pub id: NodeId,
    /// Where in the input the very bytes stand that [`Document::write`] writes for the element as long as nobody
    /// changes it; `None` if the input has another spelling (single quotes, `<a/>`, another encoding, …) or may have.
    pub verbatim: Option<Range<usize>>,
}

impl Document {
    /// Reads a document. Bytes are taken as the byte order mark, [`ParseOptions::encoding`], the XML declaration or
    /// UTF-8 say, in this order.
    ///
    /// ```
    /// use mi_xml::{Document, ParseOptions};
    ///
    /// let mut document = Document::parse(b"<order id='7'/>", &ParseOptions::default())?;
    /// let order = document.root_element().ok_or("no root")?;
    /// assert_eq!(document.attr(order, "id"), Some("7"));
    /// let note = document.create_element("", "", "note");
    /// document.set_text(note, "1 < 2");
    /// document.append_child(order, note);
    /// assert_eq!(document.to_xml(order), "<order id=\"7\"><note>1 &lt; 2</note></order>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Whatever XML 1.0 with namespaces calls ill-formed, a DTD, and what exceeds the limits of `options`.
    pub fn parse(input: &[u8], options: &ParseOptions) -> Result<Self, ParseError> {
        Self::read(input, options).map(|(document, _)| document)
    }

    /// As [`Self::parse`], and says whether the root element is spelled as the writer would spell it.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read(input: &[u8], options: &ParseOptions) -> Result<(Self, ReadElement), ParseError> {
        let text = decode::decode(input, options)?;
        let mut document = Self::with_capacity(1 + count_nodes(text.as_bytes()), text.len() / 3);
        if options.positions {
            document.positions = Some(Box::default());
        }
        let holder = document.root();
        let element = Builder::new(&mut document, &text, options, holder).run().map_err(|flaw| flaw.at(&text))?;
        document.give_back();
        let skipped = matches!(text, Cow::Borrowed(_)).then(|| input.len() - text.len());
        Ok((document, element.behind(skipped)))
    }

    /// Reads a whole document and appends its root element to `parent`, dropping what stood outside of the root
    /// element. If the input is refused, this document stays as it was.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_into(
        &mut self,
        parent: NodeId,
        input: &[u8],
        options: &ParseOptions,
    ) -> Result<ReadElement, ParseError> {
        let text = decode::decode(input, options)?;
        let (nodes, attributes, characters) = (self.nodes.len(), self.attributes.len(), self.text.len());
        let declaration = self.declaration.take();
        self.nodes.reserve(1 + count_nodes(text.as_bytes()));
        // A document node of its own holds the tree until it is known to be whole.
        let holder = self.next_id();
        self.nodes.push(Node::document(holder));
        let outcome = Builder::new(self, &text, options, holder).run();
        self.declaration = declaration;
        let element = match outcome {
            Ok(element) => element,
            Err(flaw) => {
                self.nodes.truncate(nodes);
                self.attributes.truncate(attributes);
                self.text.truncate(characters);
                return Err(flaw.at(&text));
            }
        };
        self.append_child(parent, element.id);
        let skipped = matches!(text, Cow::Borrowed(_)).then(|| input.len() - text.len());
        Ok(element.behind(skipped))
    }

    /// Returns the memory that growing took too much, where it is worth a reallocation.
    fn give_back(&mut self) {
        const WORTH_IT: usize = 256 * 1024;
        if self.text.capacity() - self.text.len() > WORTH_IT {
            self.text.shrink_to_fit();
        }
        if (self.attributes.capacity() - self.attributes.len()) * size_of::<crate::document::Attr>() > WORTH_IT {
            self.attributes.shrink_to_fit();
        }
    }
}

impl ReadElement {
    /// From a place in the decoded text to the place in the input, which has so many bytes (a byte order mark) before
    /// the same text; `None`: the input is in another encoding.
    fn behind(self, skipped: Option<usize>) -> Self {
        let place = |range: Range<usize>, skipped| range.start + skipped..range.end + skipped;
        Self { id: self.id, verbatim: self.verbatim.zip(skipped).map(|(range, skipped)| place(range, skipped)) }
    }
}

/// About how many nodes the text will become: one for each tag that is no end tag, one for each text before a tag.
/// Comments and CDATA sections can make it wrong, which costs time or memory but nothing else.
fn count_nodes(text: &[u8]) -> usize {
    /// Up to here a guess costs less than counting: memory that is not needed goes with the message.
    const SMALL: usize = 64 * 1024;
    if text.len() <= SMALL {
        return text.len() / 12;
    }
    let mut count = 0;
    for at in memchr::memchr_iter(b'<', text) {
        count += usize::from(text.get(at + 1) != Some(&b'/'));
        count += usize::from(at > 0 && text.get(at - 1) != Some(&b'>'));
    }
    count
}

#[cfg(test)]
mod tests;
