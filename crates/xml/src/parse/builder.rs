//! From quick-xml's tokens to the arena.
//!
//! quick-xml finds the tokens and pairs the tags; what XML demands beyond that (characters, names, attributes,
//! references, namespaces, one root) is checked here.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::errors::{Error as TokenError, IllFormedError};
use quick_xml::events::{BytesDecl, Event};

use super::start_tag::{RawAttribute, RawAttributes};
use super::{Flaw, ParseErrorKind, ParseOptions};
use crate::chars;
use crate::document::{Attr, Declaration, Document, NO_ATTRIBUTE, NodeId, NodeKind, Span, same_text};
use crate::names::{NameId, NamespaceId};
use crate::position::LineCursor;

pub(super) struct Builder<'d, 'i> {
    document: &'d mut Document,
    input: &'i str,
    options: &'i ParseOptions,
    /// The document node that the tree grows under.
    holder: NodeId,
    current: NodeId,
    root: Option<NodeId>,
    depth: usize,
    scope: Vec<Binding<'i>>,
    /// The attributes of the tag at hand; kept to be used again.
    pending: Vec<RawAttribute<'i>>,
    lines: Option<LineCursor<'i>>,
    traits: Traits,
}

/// A declaration in scope.
struct Binding<'i> {
    prefix: &'i str,
    namespace: NamespaceId,
    depth: usize,
}

/// What one look at the whole input tells, so that no text needs to be looked at for it again.
#[derive(Copy, Clone)]
struct Traits {
    /// There is a carriage return, so line ends have to be normalised.
    carriage_returns: bool,
    /// There is a `]]>` somewhere, so texts have to be searched for it.
    section_ends: bool,
}

impl<'d, 'i> Builder<'d, 'i> {
    pub(super) fn new(document: &'d mut Document, input: &'i str, options: &'i ParseOptions, holder: NodeId) -> Self {
        Self {
            document,
            input,
            options,
            holder,
            current: holder,
            root: None,
            depth: 0,
            scope: Vec::new(),
            pending: Vec::new(),
            lines: options.positions.then(|| LineCursor::new(input)),
            traits: Traits { carriage_returns: false, section_ends: false },
        }
    }

    /// Reads the whole input and returns the root element.
    pub(super) fn run(mut self) -> Result<NodeId, Flaw> {
        self.traits = look_over(self.input)?;
        let mut reader = Reader::from_str(self.input);
        reader.config_mut().check_comments = true;
        loop {
            let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    self.start_tag(start, tag.name().as_ref().len(), tag.len())?;
                }
                Ok(Event::Empty(tag)) => {
                    self.start_tag(start, tag.name().as_ref().len(), tag.len())?;
                    self.end_tag();
                }
                Ok(Event::End(_)) => self.end_tag(),
                Ok(Event::Text(text)) => self.text(start, &text)?,
                Ok(Event::GeneralRef(reference)) => self.reference(start, &reference)?,
                Ok(Event::CData(text)) => self.cdata(start, &text)?,
                Ok(Event::Comment(text)) => self.characters(NodeKind::Comment, NameId::NONE, &text),
                Ok(Event::PI(pi)) => self.instruction(start, pi.target(), pi.content())?,
                Ok(Event::Decl(declaration)) => self.declaration(start, &declaration)?,
                Ok(Event::DocType(_)) => {
                    let message = "a document type declaration is not allowed";
                    return Err(Flaw::new(start, ParseErrorKind::Doctype, message));
                }
                Ok(Event::Eof) => return self.finish(),
                Err(error) => {
                    let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                    return Err(Flaw::syntax(at, token_message(&error)));
                }
            }
        }
    }

    fn finish(self) -> Result<NodeId, Flaw> {
        let end = self.input.len();
        if self.current != self.holder {
            let name = self.document.names.qualified(self.document.node(self.current).name());
            return Err(Flaw::syntax(end, format!("the input ends within the element {name}")));
        }
        self.root.ok_or_else(|| Flaw::new(end, ParseErrorKind::NoRoot, "there is no root element"))
    }

    /// A tag whose `<` stands at `start`; `len` is the length of what is between the brackets.
    fn start_tag(&mut self, start: usize, name_len: usize, len: usize) -> Result<(), Flaw> {
        if self.current == self.holder {
            if self.root.is_some() {
                return Err(Flaw::syntax(start, "there is more than one root element"));
            }
        } else if self.depth >= self.options.max_depth {
            let message = format!("elements are nested deeper than {} levels", self.options.max_depth);
            return Err(Flaw::new(start, ParseErrorKind::Limit, message));
        }
        self.depth += 1;
        let name_start = start + 1;
        let name = self.input.get(name_start..name_start + name_len).unwrap_or("");
        self.pending.clear();
        if len > name_len {
            self.read_attributes(name_start + name_len, name_start + len)?;
        }
        let name = self.element_name(name, name_start)?;
        let id = self.document.push_element(name);
        self.document.link_last(self.current, id);
        if let (Some(lines), Some(positions)) = (&mut self.lines, &mut self.document.positions) {
            positions.set_node(id.index(), lines.at(start));
        }
        self.add_attributes(id)?;
        if self.current == self.holder {
            self.root = Some(id);
        }
        self.current = id;
        Ok(())
    }

    fn end_tag(&mut self) {
        while self.scope.last().is_some_and(|binding| binding.depth == self.depth) {
            self.scope.pop();
        }
        self.depth = self.depth.saturating_sub(1);
        let parent = self.document.node(self.current).parent;
        self.current = parent.some().unwrap_or(self.holder);
    }

    /// Fills `pending` with the attributes between two offsets, and `scope` with the declarations among them.
    fn read_attributes(&mut self, offset: usize, end: usize) -> Result<(), Flaw> {
        let rest = self.input.get(offset..end).unwrap_or("");
        let mut attributes = RawAttributes::new(rest, offset);
        while let Some(attribute) = attributes.next()? {
            if self.pending.len() >= self.options.max_attributes {
                let message = format!("an element has more than {} attributes", self.options.max_attributes);
                return Err(Flaw::new(attribute.offset, ParseErrorKind::Limit, message));
            }
            if let Some(prefix) = declared_prefix(attribute.name) {
                self.declare(prefix, &attribute)?;
            }
            self.pending.push(attribute);
        }
        Ok(())
    }

    fn declare(&mut self, prefix: &'i str, attribute: &RawAttribute<'i>) -> Result<(), Flaw> {
        let namespace_flaw = |message: String| Err(Flaw::new(attribute.offset, ParseErrorKind::Namespace, message));
        let start = self.document.text.len();
        self.push_value(attribute)?;
        let uri = self.document.text.get(start..).unwrap_or("");
        let id = self.document.names.intern_namespace(uri);
        self.document.text.truncate(start);
        if id == NamespaceId::NONE && !prefix.is_empty() {
            return namespace_flaw(format!("the prefix {prefix} cannot be bound to no namespace"));
        }
        if prefix == "xmlns" || id == NamespaceId::XMLNS || (prefix == "xml") != (id == NamespaceId::XML) {
            return namespace_flaw(format!("the declaration {} is reserved", attribute.name));
        }
        if self.scope.len() >= self.options.max_namespaces {
            let message = format!("more than {} namespaces are declared", self.options.max_namespaces);
            return Err(Flaw::new(attribute.offset, ParseErrorKind::Limit, message));
        }
        self.scope.push(Binding { prefix, namespace: id, depth: self.depth });
        Ok(())
    }

    fn element_name(&mut self, name: &str, offset: usize) -> Result<NameId, Flaw> {
        let prefix = prefix_of(name);
        let namespace = match self.bound(prefix) {
            Some(namespace) => namespace,
            None if prefix.is_empty() => NamespaceId::NONE,
            None => return Err(undeclared(name, prefix, offset)),
        };
        self.intern(name, prefix, namespace, offset)
    }

    /// The id of a name; only a name that the document does not know yet has to be looked at.
    fn intern(&mut self, name: &str, prefix: &str, namespace: NamespaceId, offset: usize) -> Result<NameId, Flaw> {
        self.document.names.intern_checked(name, prefix.len(), namespace, || check_name(name, offset))
    }

    fn attribute_name(&mut self, name: &str, offset: usize) -> Result<NameId, Flaw> {
        let prefix = prefix_of(name);
        let namespace = match prefix {
            "" if name == "xmlns" => NamespaceId::XMLNS,
            "" => NamespaceId::NONE,
            "xmlns" => NamespaceId::XMLNS,
            _ => self.bound(prefix).ok_or_else(|| undeclared(name, prefix, offset))?,
        };
        self.intern(name, prefix, namespace, offset)
    }

    fn bound(&self, prefix: &str) -> Option<NamespaceId> {
        if prefix == "xml" {
            return Some(NamespaceId::XML);
        }
        self.scope.iter().rev().find(|binding| same_text(binding.prefix, prefix)).map(|binding| binding.namespace)
    }

    fn add_attributes(&mut self, element: NodeId) -> Result<(), Flaw> {
        let first = self.document.attributes.len();
        let mut last = None;
        for index in 0..self.pending.len() {
            let Some(&attribute) = self.pending.get(index) else { break };
            let name = self.attribute_name(attribute.name, attribute.offset)?;
            self.refuse_duplicate(first, name, &attribute)?;
            let start = self.document.text.len();
            self.push_value(&attribute)?;
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
            let message = format!("the attribute {} occurs twice", attribute.name);
            return Err(Flaw::syntax(attribute.offset, message));
        }
        Ok(())
    }

    /// Appends the normalised value to the document's text.
    fn push_value(&mut self, attribute: &RawAttribute<'i>) -> Result<(), Flaw> {
        let special = |b: u8| matches!(b, b'&' | b'\t' | b'\n' | b'\r');
        let mut rest = attribute.value;
        while let Some(at) = rest.bytes().position(special) {
            let (clean, from) = rest.split_at(at);
            self.document.text.push_str(clean);
            rest = if from.starts_with('&') {
                let end = memchr::memchr(b';', from.as_bytes());
                let Some(name) = end.and_then(|end| from.get(1..end)) else {
                    let message = format!("a reference in the attribute {} does not end", attribute.name);
                    return Err(Flaw::syntax(attribute.offset, message));
                };
                self.document.text.push(resolve(name, attribute.offset)?);
                from.get(name.len() + 2..).unwrap_or("")
            } else {
                // A line end is one blank, however many characters it has.
                self.document.text.push(' ');
                from.strip_prefix("\r\n").or_else(|| from.get(1..)).unwrap_or("")
            };
        }
        self.document.text.push_str(rest);
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
        self.push_lines(text);
        self.grow_text(from, false);
        Ok(())
    }

    fn reference(&mut self, start: usize, name: &str) -> Result<(), Flaw> {
        if self.current == self.holder {
            return Err(Flaw::syntax(start, "there is a reference outside of the root element"));
        }
        let from = self.document.text.len();
        self.document.text.push(resolve(name, start)?);
        self.grow_text(from, false);
        Ok(())
    }

    fn cdata(&mut self, start: usize, text: &str) -> Result<(), Flaw> {
        if self.current == self.holder {
            return Err(Flaw::syntax(start, "there is text outside of the root element"));
        }
        let from = self.document.text.len();
        self.push_lines(text);
        self.grow_text(from, true);
        Ok(())
    }

    /// Makes what was appended to the text since `from` a text node, or part of the one before it.
    fn grow_text(&mut self, from: usize, cdata: bool) {
        let grown = self.span_from(from);
        let last = self.document.last_child(self.current);
        if !cdata && let Some(node) = last.and_then(|last| self.document.node_mut(last)) {
            let text = node.text();
            if node.is_text() && !node.is_cdata() && text.start + text.len == grown.start {
                node.set_text(Span { start: text.start, len: text.len + grown.len });
                return;
            }
        }
        let id = self.document.push_characters(NodeKind::Text, NameId::NONE, cdata, grown);
        self.document.link_last(self.current, id);
    }

    fn characters(&mut self, kind: NodeKind, name: NameId, text: &str) {
        let from = self.document.text.len();
        self.push_lines(text);
        let span = self.span_from(from);
        let id = self.document.push_characters(kind, name, false, span);
        self.document.link_last(self.current, id);
    }

    fn instruction(&mut self, start: usize, target: &str, content: &str) -> Result<(), Flaw> {
        if !chars::is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(Flaw::syntax(start, format!("{target} cannot be a processing instruction")));
        }
        let name = self.document.names.intern(target, 0, NamespaceId::NONE);
        self.characters(NodeKind::ProcessingInstruction, name, content.trim_start_matches(chars::is_space));
        Ok(())
    }

    fn declaration(&mut self, start: usize, declaration: &BytesDecl<'_>) -> Result<(), Flaw> {
        if start != 0 {
            return Err(Flaw::syntax(start, "the XML declaration is not at the beginning"));
        }
        declaration.version().map_err(|error| Flaw::syntax(start, token_message(&error)))?;
        let standalone = declaration.standalone().and_then(Result::ok).map(|standalone| standalone == "yes");
        let encoding = declaration.encoding().and_then(Result::ok).map(Cow::into_owned);
        self.document.declaration = Some(Box::new(Declaration { encoding, standalone }));
        Ok(())
    }

    /// Appends text with line ends normalised to line feeds.
    fn push_lines(&mut self, text: &str) {
        if !self.traits.carriage_returns {
            self.document.text.push_str(text);
            return;
        }
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\r', rest.as_bytes()) {
            let (clean, from) = rest.split_at(at);
            self.document.text.push_str(clean);
            self.document.text.push('\n');
            rest = from.strip_prefix("\r\n").or_else(|| from.get(1..)).unwrap_or("");
        }
        self.document.text.push_str(rest);
    }

    /// The text since `from`. The input is shorter than 4 GiB, and what it becomes is not longer.
    fn span_from(&self, from: usize) -> Span {
        let start = u32::try_from(from).unwrap_or(u32::MAX);
        let len = u32::try_from(self.document.text.len() - from).unwrap_or(0);
        Span { start, len }
    }
}

/// Refuses characters that XML does not allow anywhere, and notes what the text may contain.
fn look_over(input: &str) -> Result<Traits, Flaw> {
    let bytes = input.as_bytes();
    // Branchless over all bytes, so that the compiler can use wide registers.
    let (mut controls, mut returns, mut high) = (false, false, false);
    for &byte in bytes {
        controls |= byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r';
        returns |= byte == b'\r';
        high |= byte == 0xEF;
    }
    if (controls || high)
        && let Some((at, c)) = input.char_indices().find(|(_, c)| !chars::is_char(*c))
    {
        return Err(Flaw::syntax(at, format!("the character U+{:04X} is not allowed", u32::from(c))));
    }
    Ok(Traits { carriage_returns: returns, section_ends: memchr::memmem::find(bytes, b"]]>").is_some() })
}

fn declared_prefix(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns")? {
        "" => Some(""),
        rest => rest.strip_prefix(':'),
    }
}

/// What stands before the colon.
fn prefix_of(name: &str) -> &str {
    name.bytes().position(|b| b == b':').and_then(|colon| name.get(..colon)).unwrap_or("")
}

fn check_name(name: &str, offset: usize) -> Result<(), Flaw> {
    let good = match name.split_once(':') {
        Some((prefix, local)) => chars::is_ncname(prefix) && chars::is_ncname(local),
        None => chars::is_ncname(name),
    };
    if good { Ok(()) } else { Err(Flaw::syntax(offset, format!("{name} is not a name"))) }
}

/// The error of a prefix without namespace, unless what it stands in is not a name at all.
fn undeclared(name: &str, prefix: &str, offset: usize) -> Flaw {
    let message = || format!("the prefix {prefix} is not declared");
    check_name(name, offset).err().unwrap_or_else(|| Flaw::new(offset, ParseErrorKind::Namespace, message()))
}

/// What a reference stands for: a character by its number or one of the five predefined entities.
fn resolve(name: &str, offset: usize) -> Result<char, Flaw> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
            None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        };
        return code
            .and_then(char::from_u32)
            .filter(|&c| chars::is_char(c))
            .ok_or_else(|| Flaw::syntax(offset, format!("&{name}; is not a character")));
    }
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(Flaw::new(offset, ParseErrorKind::Entity, format!("the entity {name} is not defined"))),
    }
}

fn token_message(error: &TokenError) -> String {
    match error {
        TokenError::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            format!("the end tag {found} does not match the start tag {expected}")
        }
        other => other.to_string(),
    }
}
