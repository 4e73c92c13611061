//! The attributes of elements.

use crate::document::{Attr, Document, NO_ATTRIBUTE, NodeId, QName, same_text};
use crate::names::{NameId, NamespaceId};

/// An attribute of one [`Document`], unique within it.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct AttributeId(pub(crate) u32);

impl AttributeId {
    /// The id as a number, unique within the document.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An attribute as it is read.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Attribute<'a> {
    /// Its name.
    pub name: QName<'a>,
    /// Its value, white space normalised as XML 1.0 §3.3.3 says for CDATA attributes.
    pub value: &'a str,
    /// Its place in the arena.
    pub id: AttributeId,
}

impl Document {
    /// The attributes of an element in document order, without namespace declarations.
    pub fn attributes(&self, id: NodeId) -> impl Iterator<Item = Attribute<'_>> + Clone {
        self.attribute_entries(id)
            .filter(|(_, attr)| self.names.namespace_of(attr.name) != NamespaceId::XMLNS)
            .map(|(index, attr)| self.attribute_view(index, attr))
    }

    /// The value of an attribute.
    pub fn attribute(&self, id: NodeId, namespace: &str, local: &str) -> Option<&str> {
        self.attributes(id)
            .find(|attribute| same_text(attribute.name.namespace, namespace) && attribute.name.local == local)
            .map(|attribute| attribute.value)
    }

    /// The value of an attribute without namespace.
    pub fn attr(&self, id: NodeId, local: &str) -> Option<&str> {
        self.attribute(id, "", local)
    }

    /// An attribute by its id.
    pub fn attribute_by_id(&self, id: AttributeId) -> Option<Attribute<'_>> {
        self.attr_entry(id.0).map(|attr| self.attribute_view(id.0, attr))
    }

    /// Sets an attribute, adding it after the others if the element has none of this namespace and local name.
    ///
    /// An attribute in a namespace needs a prefix; without one it gets a prefix in scope, or `ns0`.
    pub fn set_attribute(&mut self, id: NodeId, prefix: &str, namespace: &str, local: &str, value: &str) {
        let name = if prefix.is_empty() && !namespace.is_empty() {
            let known = self.lookup_prefix(id, namespace).filter(|known| !known.is_empty()).unwrap_or("ns0").to_owned();
            self.names.intern_parts(&known, namespace, local)
        } else {
            self.names.intern_parts(prefix, namespace, local)
        };
        let existing = self.attributes(id).find(|a| a.name.local == local && a.name.namespace == namespace);
        let existing = existing.map(|attribute| attribute.id);
        self.put(id, existing, name, value);
    }

    /// Removes an attribute; says whether there was one.
    pub fn remove_attribute(&mut self, id: NodeId, namespace: &str, local: &str) -> bool {
        let found = self.attributes(id).find(|a| a.name.local == local && a.name.namespace == namespace);
        let Some(index) = found.map(|attribute| attribute.id.0) else { return false };
        self.unlink_attribute(id, index);
        true
    }

    /// Sets the value of an attribute that is known by its id.
    pub fn set_attribute_value(&mut self, id: AttributeId, value: &str) {
        let value = self.store(value);
        if let Some(attr) = self.attributes.get_mut(id.0 as usize) {
            attr.value = value;
        }
    }

    /// The element's attributes and namespace declarations as they are linked.
    pub(crate) fn attribute_entries(&self, id: NodeId) -> impl Iterator<Item = (u32, &Attr)> + Clone {
        let mut at = self.node(id).first_attribute();
        std::iter::from_fn(move || {
            let index = at;
            let attr = self.attr_entry(index)?;
            at = attr.next;
            Some((index, attr))
        })
    }

    fn attribute_view<'a>(&'a self, index: u32, attr: &Attr) -> Attribute<'a> {
        Attribute { name: self.names.qname(attr.name), value: attr.value.of(&self.text), id: AttributeId(index) }
    }

    /// Writes over `existing`, or links a new entry at the end of the element's list.
    pub(crate) fn put(&mut self, id: NodeId, existing: Option<AttributeId>, name: NameId, value: &str) {
        if !self.is_element(id) {
            return;
        }
        let value = self.store(value);
        if let Some(attr) = existing.and_then(|existing| self.attributes.get_mut(existing.0 as usize)) {
            (attr.name, attr.value) = (name, value);
            return;
        }
        let last = self.attribute_entries(id).last().map(|(index, _)| index);
        self.link_attribute(id, last, Attr { name, value, next: NO_ATTRIBUTE });
    }

    /// Links an attribute after `last` (or as the first) and returns its index.
    pub(crate) fn link_attribute(&mut self, id: NodeId, last: Option<u32>, attr: Attr) -> u32 {
        let index = u32::try_from(self.attributes.len()).unwrap_or(NO_ATTRIBUTE);
        self.attributes.push(attr);
        match last.and_then(|last| self.attributes.get_mut(last as usize)) {
            Some(before) => before.next = index,
            None => {
                if let Some(node) = self.node_mut(id) {
                    node.set_first_attribute(index);
                }
            }
        }
        index
    }

    pub(crate) fn unlink_attribute(&mut self, id: NodeId, index: u32) {
        let Some(next) = self.attr_entry(index).map(|attr| attr.next) else { return };
        let before = self.attribute_entries(id).find(|(_, attr)| attr.next == index).map(|(before, _)| before);
        match before.and_then(|before| self.attributes.get_mut(before as usize)) {
            Some(attr) => attr.next = next,
            None => {
                if let Some(node) = self.node_mut(id) {
                    node.set_first_attribute(next);
                }
            }
        }
    }
}
