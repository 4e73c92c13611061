//! The arena: one vector of nodes, one of attributes, one table of names, and one string with all character data.
//!
//! A node is 24 bytes. Siblings are a list whose first element points back to the last, so that a parent needs only its
//! first child to append in constant time.

use std::fmt;

use crate::names::{NameId, Names};
use crate::position::Positions;

/// A node of one [`Document`]. It is meaningful only for the document that gave it.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }

    /// The id as a number: unique within the document, small, and growing in the order in which nodes were made.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is. Attributes and namespace declarations are not nodes of the arena; they belong to their element.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum NodeKind {
    /// The node above the root element, its comments and processing instructions. Every document has exactly one.
    Document,
    /// An element.
    Element,
    /// Character data; see [`Document::is_cdata`].
    Text,
    /// A comment.
    Comment,
    /// A processing instruction.
    ProcessingInstruction,
}

/// The name of an element or attribute.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct QName<'a> {
    /// The prefix as written, `""` if there is none.
    pub prefix: &'a str,
    /// The namespace, `""` if there is none.
    pub namespace: &'a str,
    /// The part after the colon.
    pub local: &'a str,
}

impl fmt::Display for QName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.prefix.is_empty() {
            write!(f, "{}:", self.prefix)?;
        }
        f.write_str(self.local)
    }
}

/// What the XML declaration of the input said.
#[derive(Clone, Eq, PartialEq, Debug, Default)]
pub struct Declaration {
    /// The declared encoding, if any.
    pub encoding: Option<String>,
    /// The `standalone` value, if any.
    pub standalone: Option<bool>,
}

/// An XML document, or a bag of detached trees waiting to become one.
#[derive(Clone)]
pub struct Document {
    pub(crate) nodes: Vec<Node>,
    pub(crate) attributes: Vec<Attr>,
    pub(crate) names: Names,
    /// All character data and attribute values. Editing appends; what was replaced stays until the document goes.
    pub(crate) text: String,
    pub(crate) positions: Option<Box<Positions>>,
    pub(crate) declaration: Option<Box<Declaration>>,
    /// Whether in every tree of the arena document order is the order of ids.
    pub(crate) sorted: bool,
}

/// Where a piece of text lies in [`Document::text`].
#[derive(Copy, Clone, Eq, PartialEq, Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    pub(crate) fn of(self, text: &str) -> &str {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or("")
    }
}

#[derive(Copy, Clone, Debug)]
pub(crate) struct Node {
    /// Bits 0–2 the kind, bit 3 the CDATA flag, the rest the name (elements, processing instructions).
    head: u32,
    pub(crate) parent: NodeId,
    pub(crate) next: NodeId,
    /// The previous sibling; of a first child (and of a node without siblings) the last one.
    pub(crate) previous: NodeId,
    /// Elements and documents: the first child. Others: where the text begins.
    a: u32,
    /// Elements: the first attribute. Others: the length of the text.
    b: u32,
}

/// An attribute or a namespace declaration (whose name is in the `xmlns` namespace).
#[derive(Copy, Clone, Debug)]
pub(crate) struct Attr {
    pub(crate) name: NameId,
    pub(crate) value: Span,
    pub(crate) next: u32,
}

pub(crate) const NO_ATTRIBUTE: u32 = u32::MAX;

const KIND_MASK: u32 = 0b111;
const CDATA: u32 = 0b1000;
const NAME_SHIFT: u32 = 4;

const DOCUMENT: u32 = 0;
const ELEMENT: u32 = 1;
const TEXT: u32 = 2;
const COMMENT: u32 = 3;

/// What an id that is not of this document reads as.
static STRAY: Node = Node { head: TEXT, parent: NodeId::NONE, next: NodeId::NONE, previous: NodeId::NONE, a: 0, b: 0 };

impl Node {
    fn parent_node(head: u32, id: NodeId) -> Self {
        Self { head, parent: NodeId::NONE, next: NodeId::NONE, previous: id, a: u32::MAX, b: NO_ATTRIBUTE }
    }

    pub(crate) fn document(id: NodeId) -> Self {
        Self::parent_node(DOCUMENT, id)
    }

    pub(crate) fn element(id: NodeId, name: NameId) -> Self {
        Self::parent_node(ELEMENT | name.0 << NAME_SHIFT, id)
    }

    pub(crate) fn characters(id: NodeId, kind: NodeKind, name: NameId, cdata: bool, text: Span) -> Self {
        let flag = if cdata { CDATA } else { 0 };
        let head = kind_code(kind) | flag | name.0 << NAME_SHIFT;
        Self { head, parent: NodeId::NONE, next: NodeId::NONE, previous: id, a: text.start, b: text.len }
    }

    pub(crate) fn kind(&self) -> NodeKind {
        match self.head & KIND_MASK {
            DOCUMENT => NodeKind::Document,
            ELEMENT => NodeKind::Element,
            TEXT => NodeKind::Text,
            COMMENT => NodeKind::Comment,
            _ => NodeKind::ProcessingInstruction,
        }
    }

    pub(crate) fn is_element(&self) -> bool {
        self.head & KIND_MASK == ELEMENT
    }

    pub(crate) fn is_text(&self) -> bool {
        self.head & KIND_MASK == TEXT
    }

    pub(crate) fn holds_children(&self) -> bool {
        self.head & KIND_MASK <= ELEMENT
    }

    pub(crate) fn is_cdata(&self) -> bool {
        self.head & CDATA != 0
    }

    pub(crate) fn name(&self) -> NameId {
        NameId(self.head >> NAME_SHIFT)
    }

    pub(crate) fn set_name(&mut self, name: NameId) {
        self.head = self.head & (KIND_MASK | CDATA) | name.0 << NAME_SHIFT;
    }

    pub(crate) fn first_child(&self) -> NodeId {
        if self.holds_children() { NodeId(self.a) } else { NodeId::NONE }
    }

    pub(crate) fn set_first_child(&mut self, child: NodeId) {
        if self.holds_children() {
            self.a = child.0;
        }
    }

    pub(crate) fn first_attribute(&self) -> u32 {
        if self.is_element() { self.b } else { NO_ATTRIBUTE }
    }

    pub(crate) fn set_first_attribute(&mut self, attribute: u32) {
        if self.is_element() {
            self.b = attribute;
        }
    }

    pub(crate) fn text(&self) -> Span {
        if self.holds_children() { Span::default() } else { Span { start: self.a, len: self.b } }
    }

    pub(crate) fn set_text(&mut self, text: Span) {
        if !self.holds_children() {
            self.a = text.start;
            self.b = text.len;
        }
    }
}

/// Whether two texts are the same. An empty text may have an address that cannot be read; comparing bytes there costs
/// a hundred times what it costs elsewhere, and empty prefixes and namespaces are the most frequent ones.
pub(crate) fn same_text(left: &str, right: &str) -> bool {
    left.len() == right.len() && (left.is_empty() || left == right)
}

fn kind_code(kind: NodeKind) -> u32 {
    match kind {
        NodeKind::Document => DOCUMENT,
        NodeKind::Element => ELEMENT,
        NodeKind::Text => TEXT,
        NodeKind::Comment => COMMENT,
        NodeKind::ProcessingInstruction => COMMENT + 1,
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} nodes: {})", self.nodes.len(), self.to_xml(self.root()))
    }
}

impl Document {
    /// A document with nothing but its document node.
    pub fn new() -> Self {
        Self::with_capacity(8, 0)
    }

    pub(crate) fn with_capacity(nodes: usize, text: usize) -> Self {
        let mut arena = Vec::with_capacity(nodes.max(1));
        arena.push(Node::document(NodeId(0)));
        Self {
            nodes: arena,
            attributes: Vec::new(),
            names: Names::new(),
            text: String::with_capacity(text),
            positions: None,
            declaration: None,
            sorted: true,
        }
    }

    /// The document node: parent of the root element.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// What the XML declaration of the input said; `None` if there was none.
    pub fn declaration(&self) -> Option<&Declaration> {
        self.declaration.as_deref()
    }

    /// About how many bytes of memory the document holds.
    pub fn memory_size(&self) -> usize {
        size_of::<Self>()
            + self.nodes.capacity() * size_of::<Node>()
            + self.attributes.capacity() * size_of::<Attr>()
            + self.text.capacity()
            + self.names.memory_size()
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&STRAY)
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id.0 as usize)
    }

    pub(crate) fn attr_entry(&self, index: u32) -> Option<&Attr> {
        self.attributes.get(index as usize)
    }

    /// The id that the next node will have. An arena of 2³² nodes would need 96 GiB; the last id is then used again.
    pub(crate) fn next_id(&self) -> NodeId {
        NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX - 1))
    }

    /// Appends to the shared text. Beyond 4 GiB, which [`crate::ParseOptions`] keeps out, text is dropped.
    pub(crate) fn store(&mut self, text: &str) -> Span {
        let (Ok(start), Ok(len)) = (u32::try_from(self.text.len()), u32::try_from(text.len())) else {
            return Span::default();
        };
        if start.checked_add(len).is_none() {
            return Span::default();
        }
        self.text.push_str(text);
        Span { start, len }
    }
}
