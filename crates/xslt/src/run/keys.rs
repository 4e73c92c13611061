//! `key()`: tables made when they are first asked for, one for each document and name.

use std::collections::HashMap;
use std::rc::Rc;

use mi_xml::xpath::{Alternative, Focus, NodeRef, NodeSet, Subject, Value};
use mi_xml::{Document, NodeId};

use super::Machine;
use super::environment::Scope;
use super::frame::Frame;
use crate::error::Failure;
use crate::sheet::Key;

pub(crate) struct KeyTable<'a> {
    document: &'a Document,
    top: NodeId,
    name: (Box<str>, Box<str>),
    nodes: HashMap<Box<str>, Vec<NodeRef<'a>>>,
}

impl<'a> Machine<'a> {
    /// The nodes of the context's document that a key gives for a value; `None` if there is no such key.
    pub(super) fn key(
        &self,
        namespace: &str,
        local: &str,
        value: &Value<'a>,
        context: NodeRef<'a>,
    ) -> Result<Option<NodeSet<'a>>, Failure> {
        if !self.sheet.keys.iter().any(|key| key.name.is(namespace, local)) {
            return Ok(None);
        }
        let table = self.key_table(namespace, local, context)?;
        let of = |text: &str| table.nodes.get(text).into_iter().flatten().copied();
        Ok(Some(match value {
            Value::NodeSet(nodes) => nodes.iter().flat_map(|node| of(&node.string_value())).collect(),
            other => of(&other.clone().into_string()).collect(),
        }))
    }

    fn key_table(&self, namespace: &str, local: &str, context: NodeRef<'a>) -> Result<Rc<KeyTable<'a>>, Failure> {
        let document = context.document;
        let top = document.ancestors(context.node).last().unwrap_or(context.node);
        let known = self.keys.borrow().iter().find_map(|table| {
            let same = std::ptr::eq(table.document, document)
                && table.top == top
                && &*table.name.1 == local
                && &*table.name.0 == namespace;
            same.then(|| Rc::clone(table))
        });
        if let Some(table) = known {
            return Ok(table);
        }
        let name = (namespace.into(), local.into());
        let mut table = KeyTable { document, top, name, nodes: HashMap::new() };
        let frame = Frame::default();
        for key in self.sheet.keys.iter().filter(|key| key.name.is(namespace, local)) {
            let elements_only =
                key.pattern.alternatives().iter().map(Alternative::subject).all(|subject| subject != Subject::Other);
            for id in std::iter::once(top).chain(document.descendants(top)) {
                self.enter_key(key, NodeRef::new(document, id), &frame, &mut table)?;
                if !elements_only {
                    for attribute in document.attributes(id) {
                        self.enter_key(key, NodeRef::attribute(document, id, attribute.id), &frame, &mut table)?;
                    }
                }
            }
        }
        let table = Rc::new(table);
        self.keys.borrow_mut().push(Rc::clone(&table));
        Ok(table)
    }

    fn enter_key(
        &self,
        key: &'a Key,
        node: NodeRef<'a>,
        frame: &Frame<'a>,
        table: &mut KeyTable<'a>,
    ) -> Result<(), Failure> {
        let scope = Scope { machine: self, frame, current: node };
        if !key.pattern.matches(node, &scope)? {
            return Ok(());
        }
        self.step()?;
        match key.using.evaluate_in(Focus::alone(node), &scope)? {
            Value::NodeSet(values) => {
                for value in values.iter() {
                    table.nodes.entry(value.string_value().as_ref().into()).or_default().push(node);
                }
            }
            other => table.nodes.entry(other.into_string().as_ref().into()).or_default().push(node),
        }
        Ok(())
    }
}
