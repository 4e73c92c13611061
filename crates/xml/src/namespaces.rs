//! Namespace declarations and what they bind.

use crate::document::{Document, NodeId};
use crate::names::NamespaceId;
use crate::{AttributeId, XML_NAMESPACE, XMLNS_NAMESPACE};

impl Document {
    /// The namespaces declared on the element itself, as (prefix, namespace); the default namespace has the prefix `""`.
    pub fn namespace_declarations(&self, id: NodeId) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.attribute_entries(id)
            .filter(|(_, attr)| self.names.namespace_of(attr.name) == NamespaceId::XMLNS)
            .map(|(_, attr)| (self.declared_prefix(attr.name), attr.value.of(&self.text)))
    }

    /// What a prefix (`""`: the default namespace) is bound to at the element. `None` if it is not declared; an
    /// undeclared default namespace and one taken back with `xmlns=""` are `None` too.
    pub fn lookup_namespace(&self, id: NodeId, prefix: &str) -> Option<&str> {
        match prefix {
            "xml" => return Some(XML_NAMESPACE),
            "xmlns" => return Some(XMLNS_NAMESPACE),
            _ => {}
        }
        std::iter::once(id)
            .chain(self.ancestors(id))
            .find_map(|at| self.namespace_declarations(at).find(|(declared, _)| *declared == prefix))
            .map(|(_, uri)| uri)
            .filter(|uri| !uri.is_empty())
    }

    /// A prefix that is bound to the namespace at the element; the default namespace (`""`) counts.
    pub fn lookup_prefix(&self, id: NodeId, namespace: &str) -> Option<&str> {
        if namespace == XML_NAMESPACE {
            return Some("xml");
        }
        std::iter::once(id)
            .chain(self.ancestors(id))
            .flat_map(|at| self.namespace_declarations(at))
            .filter(|(_, uri)| *uri == namespace)
            .map(|(prefix, _)| prefix)
            .find(|prefix| self.lookup_namespace(id, prefix) == Some(namespace))
    }

    /// Every binding in scope at the element, nearest first, without those that are hidden or taken back, and without
    /// the built-in `xml`.
    pub fn in_scope_namespaces(&self, id: NodeId) -> Vec<(&str, &str)> {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for at in std::iter::once(id).chain(self.ancestors(id)) {
            for (prefix, uri) in self.namespace_declarations(at) {
                if !seen.iter().any(|(known, _)| *known == prefix) {
                    seen.push((prefix, uri));
                }
            }
        }
        seen.retain(|(_, uri)| !uri.is_empty());
        seen
    }

    /// Declares a namespace on the element, over an earlier declaration of the same prefix (`""`: the default).
    pub fn declare_namespace(&mut self, id: NodeId, prefix: &str, uri: &str) {
        let name = if prefix.is_empty() {
            self.names.intern("xmlns", 0, NamespaceId::XMLNS)
        } else {
            self.names.intern(&format!("xmlns:{prefix}"), "xmlns".len(), NamespaceId::XMLNS)
        };
        let existing = self.attribute_entries(id).find(|(_, attr)| attr.name == name);
        let existing = existing.map(|(index, _)| AttributeId(index));
        self.put(id, existing, name, uri);
    }

    /// Removes the declaration of a prefix from the element; says whether there was one.
    pub fn remove_namespace_declaration(&mut self, id: NodeId, prefix: &str) -> bool {
        let found = self
            .attribute_entries(id)
            .filter(|(_, attr)| self.names.namespace_of(attr.name) == NamespaceId::XMLNS)
            .find(|(_, attr)| self.declared_prefix(attr.name) == prefix)
            .map(|(index, _)| index);
        let Some(index) = found else { return false };
        self.unlink_attribute(id, index);
        true
    }

    fn declared_prefix(&self, name: crate::names::NameId) -> &str {
        let name = self.names.qname(name);
        if name.prefix.is_empty() { "" } else { name.local }
    }
}
