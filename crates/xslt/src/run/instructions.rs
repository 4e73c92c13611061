//! What each instruction does.

use std::borrow::Cow;

use mi_xml::xpath::{Focus, NodeRef, Value, XPath};
use mi_xml::{NodeKind, chars};
use smallvec::SmallVec;

use super::frame::{Frame, Params};
use super::sink::{Sink, Taken};
use super::templates::Tail;
use super::{Machine, Message};
use crate::TransformErrorKind;
use crate::error::{Failure, TransformError};
use crate::sheet::{
    Avt, AvtPart, Body, ComputedName, Content, Instruction, LiteralElement, Name, Operation, Sort, WithParam,
};

/// A run of instructions may end in a call that takes its template's place.
pub(super) type Ran<'a> = Result<Option<Tail<'a>>, Failure>;

type Nodes<'a> = SmallVec<[NodeRef<'a>; 8]>;

impl<'a> Machine<'a> {
    /// Runs instructions; variables that they declare end with them.
    pub(super) fn run(&self, body: &'a Body, focus: Focus<'a>, frame: &mut Frame<'a>, out: &mut Sink<'_>) -> Ran<'a> {
        self.deeper()?;
        let outside = frame.locals.len();
        let mut tail = None;
        for instruction in &body.instructions {
            self.step()?;
            match self.execute(instruction, focus, frame, out) {
                Ok(None) => {}
                Ok(found) => {
                    tail = found;
                    break;
                }
                Err(mut error) => {
                    error.at.get_or_insert_with(|| instruction.place.clone());
                    return Err(error);
                }
            }
        }
        self.check_size(out)?;
        frame.locals.truncate(outside);
        self.shallower();
        Ok(tail)
    }

    fn execute(
        &self,
        instruction: &'a Instruction,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Ran<'a> {
        match &instruction.operation {
            Operation::Text { text, raw } => out.text(text, *raw),
            Operation::ValueOf { select, raw } => {
                let text = select.string_in(focus, &self.scope(frame, focus))?;
                out.text(&text, *raw);
            }
            Operation::CopyOf(select) => {
                let value = select.evaluate_in(focus, &self.scope(frame, focus))?;
                copy_of(value, out);
            }
            Operation::Element(element) => self.literal(element, focus, frame, out)?,
            Operation::NamedElement { name, sets, body } => self.element(name, sets, body, focus, frame, out)?,
            Operation::Attribute { name, body } => self.attribute(name, body, focus, frame, out)?,
            Operation::Comment(body) => {
                let text = self.text_of(body, focus, frame)?;
                out.comment(&apart(&text, "--"));
            }
            Operation::ProcessingInstruction { name, body } => {
                let target = self.avt(name, focus, frame)?.into_owned();
                let text = self.text_of(body, focus, frame)?;
                if !chars::is_ncname(&target) {
                    return Err(TransformError::failed(format!("'{target}' is not a target of an instruction")));
                }
                out.instruction(&target, &apart(text.trim_start(), "?>"));
            }
            Operation::Copy { sets, body } => self.copy(sets, body, focus, frame, out)?,
            Operation::ApplyTemplates { select, mode, sorts, params } => {
                self.apply_templates(select.as_ref(), *mode, sorts, params, focus, frame, out)?;
            }
            Operation::ApplyImports => self.apply_imports(focus, frame, out)?,
            Operation::CallTemplate { template, params, tail } => {
                let params = self.params(params, focus, frame)?;
                let Some(template) = self.sheet.templates.get(*template) else { return Ok(None) };
                if *tail {
                    return Ok(Some(Tail { template, params }));
                }
                self.call(template, params, frame.rule, focus, frame, out)?;
            }
            Operation::ForEach { select, sorts, body } => self.for_each(select, sorts, body, focus, frame, out)?,
            Operation::If { test, body } => {
                if test.boolean_in(focus, &self.scope(frame, focus))? {
                    return self.run(body, focus, frame, out);
                }
            }
            Operation::Choose { branches, otherwise } => {
                for (test, body) in branches {
                    if test.boolean_in(focus, &self.scope(frame, focus))? {
                        return self.run(body, focus, frame, out);
                    }
                }
                if let Some(body) = otherwise {
                    return self.run(body, focus, frame, out);
                }
            }
            Operation::Variable { name, content } => {
                let value = self.content(content, focus, frame)?;
                frame.locals.push((name, value));
            }
            Operation::Param { name, content } => self.declare_param(name, content, focus, frame)?,
            Operation::Number(number) => {
                let text = self.number(number, focus, frame)?;
                out.text(&text, false);
            }
            Operation::Message { body, terminate } => self.message(body, *terminate, focus, frame)?,
            Operation::Unknown { name, fallback } => {
                let Some(body) = fallback else {
                    return Err(TransformError::failed(format!("there is no instruction {name} here")));
                };
                return self.run(body, focus, frame, out);
            }
        }
        Ok(None)
    }

    fn declare_param(
        &self,
        name: &'a Name,
        content: &'a Content,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
    ) -> Result<(), Failure> {
        let value = match frame.param(name) {
            Some(given) => given.clone(),
            None => self.content(content, focus, frame)?,
        };
        frame.locals.push((name, value));
        Ok(())
    }

    fn literal(
        &self,
        element: &'a LiteralElement,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        out.start(&element.prefix, &element.name.namespace, &element.name.local);
        for (prefix, uri) in &element.namespaces {
            out.namespace(prefix, uri);
        }
        self.attribute_sets(&element.sets, focus, out)?;
        for attribute in &element.attributes {
            let value = self.avt(&attribute.value, focus, frame)?;
            out.attribute(&attribute.prefix, &attribute.name.namespace, &attribute.name.local, &value);
        }
        self.run(&element.body, focus, frame, out)?;
        out.end();
        Ok(())
    }

    fn element(
        &self,
        name: &'a ComputedName,
        sets: &'a [usize],
        body: &'a Body,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let (prefix, namespace, local) = self.computed(name, true, focus, frame)?;
        out.start(&prefix, &namespace, &local);
        self.attribute_sets(sets, focus, out)?;
        self.run(body, focus, frame, out)?;
        out.end();
        Ok(())
    }

    fn attribute(
        &self,
        name: &'a ComputedName,
        body: &'a Body,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let (prefix, namespace, local) = self.computed(name, false, focus, frame)?;
        if local == "xmlns" && namespace.is_empty() {
            return Err(TransformError::failed("an attribute cannot be named xmlns"));
        }
        let value = self.text_of(body, focus, frame)?;
        out.attribute(&prefix, &namespace, &local, &value);
        Ok(())
    }

    /// Prefix, namespace and local name. The default namespace counts for elements.
    fn computed(
        &self,
        name: &'a ComputedName,
        is_element: bool,
        focus: Focus<'a>,
        frame: &Frame<'a>,
    ) -> Result<(String, String, String), Failure> {
        let text = self.avt(&name.name, focus, frame)?;
        let (prefix, local) = text.split_once(':').unwrap_or(("", &text));
        if !chars::is_ncname(local) || !(prefix.is_empty() || chars::is_ncname(prefix)) {
            return Err(TransformError::failed(format!("'{text}' is not a name")));
        }
        let namespace = match &name.namespace {
            Some(namespace) => self.avt(namespace, focus, frame)?.into_owned(),
            None if prefix.is_empty() && !is_element => String::new(),
            None if prefix == "xml" => mi_xml::XML_NAMESPACE.to_owned(),
            None => match name.scope.iter().find(|(known, _)| **known == *prefix) {
                Some((_, uri)) => uri.to_string(),
                None if prefix.is_empty() => String::new(),
                None => {
                    return Err(TransformError::failed(format!("the prefix of '{text}' is not bound to a namespace")));
                }
            },
        };
        Ok((prefix.to_owned(), namespace, local.to_owned()))
    }

    fn copy(
        &self,
        sets: &'a [usize],
        body: &'a Body,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let node = focus.node;
        match node.kind() {
            Some(NodeKind::Document) => {
                self.run(body, focus, frame, out)?;
            }
            Some(NodeKind::Element) => {
                out.start_copy(node.document, node.node);
                self.attribute_sets(sets, focus, out)?;
                self.run(body, focus, frame, out)?;
                out.end();
            }
            _ => out.copy(node),
        }
        Ok(())
    }

    fn attribute_sets(&self, sets: &'a [usize], focus: Focus<'a>, out: &mut Sink<'_>) -> Result<(), Failure> {
        for set in sets.iter().filter_map(|index| self.sheet.attribute_sets.get(*index)) {
            for (used, body) in &set.parts {
                self.attribute_sets(used, focus, out)?;
                // Only global variables can be seen from an attribute set.
                self.run(body, focus, &mut Frame::default(), out)?;
            }
        }
        Ok(())
    }

    fn apply_templates(
        &self,
        select: Option<&'a XPath>,
        mode: usize,
        sorts: &'a [Sort],
        params: &'a [WithParam],
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let nodes = match select {
            Some(select) => self.nodes(select, focus, frame)?,
            None => {
                let NodeRef { document, node, .. } = focus.node;
                let is_whole = focus.node.kind().is_some();
                document.children(node).filter(|_| is_whole).map(|child| NodeRef::new(document, child)).collect()
            }
        };
        let nodes = self.sorted(nodes, sorts, frame)?;
        let params = self.params(params, focus, frame)?;
        let size = nodes.len();
        for (position, node) in (1..).zip(nodes) {
            self.step()?;
            self.apply(Focus { node, position, size }, mode, &params, frame, out)?;
        }
        Ok(())
    }

    fn for_each(
        &self,
        select: &'a XPath,
        sorts: &'a [Sort],
        body: &'a Body,
        focus: Focus<'a>,
        frame: &mut Frame<'a>,
        out: &mut Sink<'_>,
    ) -> Result<(), Failure> {
        let nodes = self.nodes(select, focus, frame)?;
        let nodes = self.sorted(nodes, sorts, frame)?;
        // Inside there is no current template rule.
        let rule = frame.rule.take();
        let size = nodes.len();
        for (position, node) in (1..).zip(nodes) {
            self.run(body, Focus { node, position, size }, frame, out)?;
        }
        frame.rule = rule;
        Ok(())
    }

    fn nodes(&self, select: &'a XPath, focus: Focus<'a>, frame: &Frame<'a>) -> Result<Nodes<'a>, Failure> {
        let value = select.evaluate_in(focus, &self.scope(frame, focus))?;
        Ok(value.into_nodes()?.iter().collect())
    }

    fn params(&self, params: &'a [WithParam], focus: Focus<'a>, frame: &mut Frame<'a>) -> Result<Params<'a>, Failure> {
        let mut values = Params::new();
        for param in params {
            values.push((&param.name, self.content(&param.content, focus, frame)?));
        }
        Ok(values)
    }

    /// The text that instructions make.
    fn text_of(&self, body: &'a Body, focus: Focus<'a>, frame: &mut Frame<'a>) -> Result<String, Failure> {
        let mut sink = Sink::text_only();
        self.run(body, focus, frame, &mut sink)?;
        Ok(match sink.take() {
            Taken::Text(text) => text,
            Taken::Tree(tree, _) => tree.text_content(tree.root()).into_owned(),
        })
    }

    fn message(&self, body: &'a Body, terminate: bool, focus: Focus<'a>, frame: &mut Frame<'a>) -> Result<(), Failure> {
        let mut sink = Sink::all_text();
        self.run(body, focus, frame, &mut sink)?;
        let Taken::Text(text) = sink.take() else { return Ok(()) };
        if terminate {
            let message = format!("the stylesheet ended the transformation: {text}");
            return Err(Box::new(TransformError { at: None, kind: TransformErrorKind::Terminated, message }));
        }
        self.messages.borrow_mut().push(Message { text });
        Ok(())
    }

    /// The text of an attribute value template.
    pub(super) fn avt(&self, avt: &'a Avt, focus: Focus<'a>, frame: &Frame<'a>) -> Result<Cow<'a, str>, Failure> {
        let parts = match avt {
            Avt::Constant(text) => return Ok(Cow::Borrowed(text)),
            Avt::Parts(parts) => parts,
        };
        let scope = self.scope(frame, focus);
        if let [AvtPart::Value(only)] = parts.as_slice() {
            return Ok(only.string_in(focus, &scope)?);
        }
        let mut text = String::new();
        for part in parts {
            match part {
                AvtPart::Text(literal) => text.push_str(literal),
                AvtPart::Value(value) => text.push_str(&value.string_in(focus, &scope)?),
            }
        }
        Ok(Cow::Owned(text))
    }
}

fn copy_of(value: Value<'_>, out: &mut Sink<'_>) {
    match value {
        Value::NodeSet(nodes) => nodes.iter().for_each(|node| out.copy(node)),
        other => out.text(&other.into_string(), false),
    }
}

/// Puts a blank into what must not stand in a comment or instruction.
fn apart<'t>(text: &'t str, forbidden: &str) -> Cow<'t, str> {
    let ends_badly = forbidden == "--" && text.ends_with('-');
    if !ends_badly && !text.contains(forbidden) {
        return Cow::Borrowed(text);
    }
    let (first, second) = forbidden.split_at(1);
    let mut text = text.to_owned();
    while text.contains(forbidden) {
        text = text.replace(forbidden, &format!("{first} {second}"));
    }
    if forbidden == "--" && text.ends_with('-') {
        text.push(' ');
    }
    Cow::Owned(text)
}
