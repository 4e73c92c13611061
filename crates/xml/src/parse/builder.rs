//! From the input to the arena: the grammar of XML 1.0 with namespaces, without DTD.

use std::ops::Range;

use super::namespace::Scope;
use super::reference::{self, Traits};
use super::scanner::{InTag, RawAttribute, RawName, Scanner};
use super::{Flaw, ParseErrorKind, ParseOptions, ReadElement};
use crate::chars;
use crate::document::{Attr, Document, NO_ATTRIBUTE, NodeId, NodeKind, Span};
use crate::names::{NameId, NamespaceId};
use crate::position::LineCursor;

pub(super) struct Builder<'d, 'i> {
    pub(super) document: &'d mut Document,
    pub(super) scanner: Scanner<'i>,
    pub(super) input: &'i str,
    pub(super) options: &'i ParseOptions,
    /// The document node that the tree grows under.
    pub(super) holder: NodeId,
    pub(super) current: NodeId,
    root: Option<NodeId>,
    /// Where the root element begins and ends.
    root_range: Range<usize>,
    /// How many tags, comments and sections the root element has, each of which ends with a `>`.
    pub(super) brackets: usize,
    pub(super) depth: usize,
    /// The text node that goes on growing until there is markup.
    growing: Option<NodeId>,
    pub(super) scope: Scope<'i>,
    /// The attributes of the tag at hand; kept to be used again.
    pending: Vec<RawAttribute<'i>>,
    lines: Option<LineCursor<'i>>,
    traits: Traits,
    /// Names that were met lately, by a few of their bits.
    recent: [NameId; RECENT],
}

const RECENT: usize = 32;

impl<'d, 'i> Builder<'d, 'i> {
    pub(super) fn new(document: &'d mut Document, input: &'i str, options: &'i ParseOptions, holder: NodeId) -> Self {
        Self {
            document,
            scanner: Scanner::new(input),
            input,
            options,
            holder,
            current: holder,
            root: None,
            root_range: 0..0,
            brackets: 0,
            depth: 0,
            growing: None,
            scope: Scope::default(),
            pending: Vec::new(),
            lines: options.positions.then(|| LineCursor::new(input)),
            traits: Traits { carriage_returns: false, section_ends: false },
            recent: [NameId::NONE; RECENT],
        }
    }

    /// Reads the whole input and returns the root element.
    pub(super) fn run(mut self) -> Result<ReadElement, Flaw> {
        self.traits = reference::look_over(self.input)?;
        self.scanner.verbatim = !self.traits.carriage_returns;
        if self.input.starts_with("<?xml") && self.input.get(5..).is_some_and(|rest| rest.starts_with(chars::is_space))
        {
            self.declaration()?;
        }
        loop {
            let start = self.scanner.at;
            let (text, end) = self.scanner.text();
            if !text.is_empty() {
                self.text(start, text)?;
            }
            match end {
                Some(b'<') => self.markup()?,
                Some(_) => self.reference()?,
                None => return self.finish(),
            }
        }
    }

    fn finish(self) -> Result<ReadElement, Flaw> {
        let end = self.input.len();
        if self.current != self.holder {
            let name = self.document.names.qualified(self.document.node(self.current).name());
            return Err(Flaw::syntax(end, format!("the input ends within the element {name}")));
        }
        let Some(id) = self.root else {
            return Err(Flaw::new(end, ParseErrorKind::NoRoot, "there is no root element"));
        };
        let verbatim = self.is_verbatim().then_some(self.root_range);
        Ok(ReadElement { id, verbatim })
    }

    /// Whether the writer would write the root element as it stands. It escapes each `>` that ends no markup.
    fn is_verbatim(&self) -> bool {
        let bytes = self.input.as_bytes().get(self.root_range.clone()).unwrap_or_default();
        self.scanner.verbatim && memchr::memchr_iter(b'>', bytes).count() == self.brackets
    }

    fn markup(&mut self) -> Result<(), Flaw> {
        self.growing = None;
        match self.scanner.rest().get(1) {
            Some(b'/') => self.end_tag(),
            Some(b'!') => self.bang(),
            Some(b'?') => self.instruction(),
            _ => self.start_tag(),
        }
    }

    fn start_tag(&mut self) -> Result<(), Flaw> {
        let start = self.scanner.at;
        if self.current == self.holder {
            if self.root.is_some() {
                return Err(Flaw::syntax(start, "there is more than one root element"));
            }
        } else if self.depth >= self.options.max_depth {
            let message = format!("elements are nested deeper than {} levels", self.options.max_depth);
            return Err(Flaw::new(start, ParseErrorKind::Limit, message));
        }
        self.depth += 1;
        self.brackets += 1;
        self.scanner.at += 1;
        let name = self.scanner.name();
        self.pending.clear();
        // Most start tags have nothing but a name.
        let empty = !self.scanner.skip(b">")
            && loop {
                match self.scanner.in_tag()? {
                    InTag::Attribute(attribute) => self.note_attribute(attribute)?,
                    InTag::End => break false,
                    InTag::EmptyEnd => break true,
                }
            };
        let name = self.element_name(name, start + 1)?;
        let id = self.document.push_element(name);
        self.document.link_last(self.current, id);
        if let (Some(lines), Some(positions)) = (&mut self.lines, &mut self.document.positions) {
            positions.set_node(id.index(), lines.at(start));
        }
        if !self.pending.is_empty() {
            self.add_attributes(id)?;
        }
        if self.current == self.holder {
            self.root = Some(id);
            self.root_range.start = start;
        }
        self.current = id;
        if empty {
            self.close();
        }
        Ok(())
    }

    fn note_attribute(&mut self, attribute: RawAttribute<'i>) -> Result<(), Flaw> {
        if self.pending.len() >= self.options.max_attributes {
            let message = format!("an element has more than {} attributes", self.options.max_attributes);
            return Err(Flaw::new(attribute.offset, ParseErrorKind::Limit, message));
        }
        if attribute.name.text.starts_with("xmlns") {
            self.note_declaration(&attribute)?;
        }
        self.pending.push(attribute);
        Ok(())
    }

    fn end_tag(&mut self) -> Result<(), Flaw> {
        let start = self.scanner.at;
        self.scanner.at += 2;
        let node = self.document.node(self.current);
        let expected = self.document.names.qualified(node.name());
        let has_content = node.first_child() != NodeId::NONE;
        self.brackets += 1;
        // Nearly always it is what it has to be.
        if self.current != self.holder
            && let Some(after) = self.scanner.rest().strip_prefix(expected.as_bytes())
            && after.first() == Some(&b'>')
        {
            self.scanner.at += expected.len() + 1;
            self.scanner.verbatim &= has_content;
        } else {
            self.scanner.verbatim = false;
            self.other_end_tag(start)?;
        }
        self.close();
        Ok(())
    }

    /// An end tag that has white space, or is wrong.
    fn other_end_tag(&mut self, start: usize) -> Result<(), Flaw> {
        let name = self.scanner.name();
        if self.current == self.holder {
            return Err(Flaw::syntax(start, format!("the end tag {} has no start tag", name.text)));
        }
        let expected = self.document.names.qualified(self.document.node(self.current).name());
        if name.text != expected {
            let message = format!("the end tag {} does not match the start tag {expected}", name.text);
            return Err(Flaw::syntax(start, message));
        }
        self.scanner.spaces();
        if !self.scanner.skip(b">") {
            return Err(self.scanner.flaw(format!("the end tag {} does not end", name.text)));
        }
        Ok(())
    }

    fn close(&mut self) {
        self.scope.leave(self.depth);
        self.depth = self.depth.saturating_sub(1);
        let parent = self.document.node(self.current).parent;
        self.current = parent.some().unwrap_or(self.holder);
        self.growing = None;
        if self.current == self.holder {
            self.root_range.end = self.scanner.at;
        }
    }

    fn element_name(&mut self, name: RawName<'i>, offset: usize) -> Result<NameId, Flaw> {
        let prefix = name.prefix();
        let namespace = match self.scope.bound(prefix) {
            Some(namespace) => namespace,
            None if prefix.is_empty() => NamespaceId::NONE,
            None => return Err(undeclared(name, offset)),
        };
        self.intern(name, namespace, offset)
    }

    fn attribute_name(&mut self, name: RawName<'i>, offset: usize) -> Result<NameId, Flaw> {
        let namespace = match name.prefix() {
            "" if name.text == "xmlns" => NamespaceId::XMLNS,
            "" => NamespaceId::NONE,
            "xmlns" => NamespaceId::XMLNS,
            prefix => self.scope.bound(prefix).ok_or_else(|| undeclared(name, offset))?,
        };
        self.intern(name, namespace, offset)
    }

    /// The id of a name. Only a name that the document does not know yet has to be looked at.
    fn intern(&mut self, name: RawName<'i>, namespace: NamespaceId, offset: usize) -> Result<NameId, Flaw> {
        let bytes = name.text.as_bytes();
        let mark = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(*byte));
        let slot = (bytes.len() * 5 + mark(bytes.first()) + mark(bytes.last()) * 3) % RECENT;
        let names = &mut self.document.names;
        // Nodes that have no name share one that is empty: it is not among those that may be written.
        if let Some(&recent) = self.recent.get(slot)
            && !bytes.is_empty()
            && names.namespace_of(recent) == namespace
            && names.qualified(recent) == name.text
        {
            return Ok(recent);
        }
        let id = names.intern_checked(name.text, name.prefix_len, namespace, || check_name(name.text, offset))?;
        if let Some(recent) = self.recent.get_mut(slot) {
            *recent = id;
        }
        Ok(id)
    }

    fn add_attributes(&mut self, element: NodeId) -> Result<(), Flaw> {
        let first = self.document.attributes.len();
        let mut last = None;
        for index in 0..self.pending.len() {
            let Some(&attribute) = self.pending.get(index) else { break };
            let name = self.attribute_name(attribute.name, attribute.offset)?;
            self.refuse_duplicate(first, name, &attribute)?;
            let start = self.document.text.len();
            let plain = reference::push_value(attribute.value, attribute.offset, &mut self.document.text)?;
            self.scanner.verbatim &= plain;
            let value = self.span_from(start);
            let entry = self.document.link_attribute(element, last, Attr { name, value, next: NO_ATTRIBUTE });
            last = Some(entry);
            if let (Some(lines), Some(positions)) = (&mut self.lines, &mut self.document.positions) {
                positions.set_attribute(entry as usize, lines.at(attribute.offset));
            }
        }
        Ok(())
    }

    fn refuse_duplicate(&self, first: usize, name: NameId, attribute: &RawAttribute<'_>) -> Result<(), Flaw> {
        let names = &self.document.names;
        let namespace = names.namespace_of(name);
        let earlier = self.document.attributes.get(first..).unwrap_or_default();
        let same = |other: &Attr| {
            other.name == name
                // Another prefix for the same namespace makes the same name.
                || (namespace != NamespaceId::NONE
                    && names.namespace_of(other.name) == namespace
                    && names.local(other.name) == names.local(name))
        };
        if earlier.iter().any(same) {
            let message = format!("the attribute {} occurs twice", attribute.name.text);
            return Err(Flaw::syntax(attribute.offset, message));
        }
        Ok(())
    }

    fn text(&mut self, start: usize, text: &str) -> Result<(), Flaw> {
        if self.current == self.holder {
            return match text.find(|c| !chars::is_space(c)) {
                None => Ok(()),
                Some(at) => Err(Flaw::syntax(start + at, "there is text outside of the root element")),
            };
        }
        if self.traits.section_ends
            && let Some(at) = text.find("]]>")
        {
            return Err(Flaw::syntax(start + at, "]]> is not allowed in text"));
        }
        let from = self.document.text.len();
        self.push_text(text);
        self.grow_text(from);
        Ok(())
    }

    fn reference(&mut self) -> Result<(), Flaw> {
        let start = self.scanner.at;
        if self.current == self.holder {
            return Err(Flaw::syntax(start, "there is a reference outside of the root element"));
        }
        self.scanner.at += 1;
        let Some(name) = self.scanner.up_to(";") else {
            return Err(Flaw::syntax(start, "a reference does not end"));
        };
        self.scanner.verbatim &= matches!(name, "amp" | "lt" | "gt");
        let from = self.document.text.len();
        self.document.text.push(reference::resolve(name, start)?);
        self.grow_text(from);
        Ok(())
    }

    /// Makes what was appended to the text since `from` a text node, or part of the one before it.
    fn grow_text(&mut self, from: usize) {
        let grown = self.span_from(from);
        if let Some(node) = self.growing.and_then(|growing| self.document.node_mut(growing)) {
            let text = node.text();
            node.set_text(Span { start: text.start, len: text.len + grown.len });
            return;
        }
        let id = self.document.push_characters(NodeKind::Text, NameId::NONE, false, grown);
        self.document.link_last(self.current, id);
        self.growing = Some(id);
    }

    pub(super) fn push_text(&mut self, text: &str) {
        if self.traits.carriage_returns {
            reference::push_lines(text, &mut self.document.text);
        } else {
            self.document.text.push_str(text);
        }
    }

    /// The text since `from`. The input is shorter than 4 GiB, and what it becomes is not longer.
    pub(super) fn span_from(&self, from: usize) -> Span {
        let start = u32::try_from(from).unwrap_or(u32::MAX);
        let len = u32::try_from(self.document.text.len() - from).unwrap_or(0);
        Span { start, len }
    }
}

fn check_name(name: &str, offset: usize) -> Result<(), Flaw> {
    let good = match name.split_once(':') {
        Some((prefix, local)) => chars::is_ncname(prefix) && chars::is_ncname(local),
        None => chars::is_ncname(name),
    };
    if good { Ok(()) } else { Err(Flaw::syntax(offset, format!("{name} is not a name"))) }
}

/// The error of a prefix without namespace, unless what it stands in is not a name at all.
fn undeclared(name: RawName<'_>, offset: usize) -> Flaw {
    let message = || format!("the prefix {} is not declared", name.prefix());
    check_name(name.text, offset).err().unwrap_or_else(|| Flaw::new(offset, ParseErrorKind::Namespace, message()))
}
