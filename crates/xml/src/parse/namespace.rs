//! The namespaces in scope while reading.

use super::builder::Builder;
use super::reference;
use super::scanner::RawAttribute;
use super::{Flaw, ParseErrorKind};
use crate::document::same_text;
use crate::names::NamespaceId;

/// The declarations of the open elements, innermost last.
#[derive(Default)]
pub(super) struct Scope<'i>(Vec<Binding<'i>>);

struct Binding<'i> {
    prefix: &'i str,
    namespace: NamespaceId,
    depth: usize,
}

impl Scope<'_> {
    /// What a prefix (`""`: no prefix) is bound to.
    pub(super) fn bound(&self, prefix: &str) -> Option<NamespaceId> {
        if prefix == "xml" {
            return Some(NamespaceId::XML);
        }
        self.0.iter().rev().find(|binding| same_text(binding.prefix, prefix)).map(|binding| binding.namespace)
    }

    /// Forgets the declarations of the element at this depth.
    pub(super) fn leave(&mut self, depth: usize) {
        while self.0.last().is_some_and(|binding| binding.depth == depth) {
            self.0.pop();
        }
    }
}

impl<'i> Builder<'_, 'i> {
    /// Takes an attribute whose name begins with `xmlns` into the scope if it is a declaration.
    pub(super) fn note_declaration(&mut self, attribute: &RawAttribute<'i>) -> Result<(), Flaw> {
        let prefix = match attribute.name.text.strip_prefix("xmlns") {
            Some("") => "",
            Some(rest) => match rest.strip_prefix(':') {
                Some(prefix) => prefix,
                None => return Ok(()),
            },
            None => return Ok(()),
        };
        let flaw = |message: String| Err(Flaw::new(attribute.offset, ParseErrorKind::Namespace, message));
        let start = self.document.text.len();
        reference::push_value(attribute.value, attribute.offset, &mut self.document.text)?;
        let id = self.document.names.intern_namespace(self.document.text.get(start..).unwrap_or(""));
        self.document.text.truncate(start);
        if id == NamespaceId::NONE && !prefix.is_empty() {
            return flaw(format!("the prefix {prefix} cannot be bound to no namespace"));
        }
        if prefix == "xmlns" || id == NamespaceId::XMLNS || (prefix == "xml") != (id == NamespaceId::XML) {
            return flaw(format!("the declaration {} is reserved", attribute.name.text));
        }
        if self.scope.0.len() >= self.options.max_namespaces {
            let message = format!("more than {} namespaces are declared", self.options.max_namespaces);
            return Err(Flaw::new(attribute.offset, ParseErrorKind::Limit, message));
        }
        self.scope.0.push(Binding { prefix, namespace: id, depth: self.depth });
        Ok(())
    }
}
