//! The prefixes that an expression may use.

use std::sync::Arc;

use mi_xml::{Document, NodeId};

/// Prefix-to-namespace bindings, shared by the expressions of one element, and whether these may be XPath 2.0. The
/// default namespace is never among the bindings.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Namespaces {
    bindings: Arc<[(String, String)]>,
    xpath2: bool,
}

impl Namespaces {
    /// No bindings.
    pub fn none() -> Self {
        Self::default()
    }

    /// The bindings that an expression on `element` gets (spec, 3.2): all that the element and its ancestors declare;
    /// of a prefix that is declared twice the outermost declaration counts.
    pub fn in_scope(document: &Document, element: NodeId) -> Self {
        let mut bindings: Vec<(String, String)> = Vec::new();
        for at in std::iter::once(element).chain(document.ancestors(element)) {
            for (prefix, uri) in document.namespace_declarations(at).filter(|(prefix, _)| !prefix.is_empty()) {
                match bindings.iter_mut().find(|(known, _)| known == prefix) {
                    Some((_, bound)) => uri.clone_into(bound),
                    None => bindings.push((prefix.to_owned(), uri.to_owned())),
                }
            }
        }
        Self { bindings: bindings.into(), xpath2: false }
    }

    /// The same, where an XPath that is none of version 1.0 is tried as one of 2.0 (spec, 3.7).
    #[must_use]
    pub fn allowing_xpath2(self, allowed: bool) -> Self {
        Self { xpath2: allowed, ..self }
    }

    /// Whether XPath 2.0 is tried.
    pub fn allows_xpath2(&self) -> bool {
        self.xpath2
    }

    /// The bindings as pairs of prefix and namespace.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.bindings
    }

    /// What a prefix is bound to.
    pub fn get(&self, prefix: &str) -> Option<&str> {
        self.bindings.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }
}

impl<P: Into<String>, U: Into<String>> FromIterator<(P, U)> for Namespaces {
    fn from_iter<I: IntoIterator<Item = (P, U)>>(bindings: I) -> Self {
        let bindings = bindings.into_iter().map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
        Self { bindings, xpath2: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mi_xml::ParseOptions;

    #[test]
    fn the_outermost_declaration_wins_and_the_default_namespace_is_left_out() {
        let text = b"<a xmlns:p='outer' xmlns='d'><b xmlns:p='inner' xmlns:q='q'/></a>";
        let document = Document::parse(text, &ParseOptions::default()).expect("well-formed");
        let a = document.root_element().expect("a");
        let b = document.first_child_element(a).expect("b");
        let namespaces = Namespaces::in_scope(&document, b);
        assert_eq!(namespaces.get("p"), Some("outer"));
        assert_eq!(namespaces.get("q"), Some("q"));
        assert_eq!(namespaces.pairs().len(), 2);
    }
}
