//! Where instructions write to.

use mi_xml::xpath::{NodePart, NodeRef};
use mi_xml::{Document, NodeId, NodeKind, TreeBuilder};

use crate::output::OutputSettings;

/// A result tree, or text where only text is wanted.
pub(crate) struct Sink<'s> {
    to: To,
    /// Texts that are to be written as they are.
    raw: Vec<NodeId>,
    /// Which elements hold CDATA sections, if this is the result of the run.
    settings: Option<&'s OutputSettings>,
}

#[expect(clippy::large_enum_variant, reason = "one of them lives at a time, and boxing costs an allocation")]
enum To {
    Tree(TreeBuilder),
    /// A tree that has only had text so far.
    Fragment(String),
    /// Text; what stands in elements counts only if `all`.
    Text {
        text: String,
        all: bool,
        muted: usize,
    },
}

/// What a [`Sink`] has taken in.
#[expect(clippy::large_enum_variant, reason = "one of them lives at a time, and boxing costs an allocation")]
pub(crate) enum Taken {
    Tree(Document, Vec<NodeId>),
    Text(String),
}

impl<'s> Sink<'s> {
    fn new(to: To) -> Self {
        Self { to, raw: Vec::new(), settings: None }
    }

    /// The result of a run.
    pub(crate) fn result(settings: &'s OutputSettings) -> Self {
        let settings = (!settings.cdata_elements.is_empty()).then_some(settings);
        Self { to: To::Tree(TreeBuilder::new()), raw: Vec::new(), settings }
    }

    /// A result of which only the text is wanted.
    pub(crate) fn all_text() -> Self {
        Self::new(To::Text { text: String::new(), all: true, muted: 0 })
    }

    /// The content of an attribute, comment or processing instruction, where there can be no nodes but text.
    pub(crate) fn text_only() -> Self {
        Self::new(To::Text { text: String::new(), all: false, muted: 0 })
    }

    /// A result tree fragment. With `as_tree` it becomes a tree even if it holds nothing but text.
    pub(crate) fn fragment(as_tree: bool) -> Self {
        Self::new(if as_tree { To::Tree(TreeBuilder::new()) } else { To::Fragment(String::new()) })
    }

    pub(crate) fn take(self) -> Taken {
        match self.to {
            To::Tree(builder) => Taken::Tree(builder.finish(), self.raw),
            To::Fragment(text) | To::Text { text, .. } => Taken::Text(text),
        }
    }

    /// About how many bytes it holds.
    pub(crate) fn size(&self) -> usize {
        match &self.to {
            To::Tree(builder) => builder.text_length() + builder.node_count() * 32,
            To::Fragment(text) | To::Text { text, .. } => text.len(),
        }
    }

    pub(crate) fn text(&mut self, text: &str, raw: bool) {
        if text.is_empty() {
            return;
        }
        match &mut self.to {
            To::Text { text: taken, muted: 0, .. } | To::Fragment(taken) => taken.push_str(text),
            To::Text { .. } => {}
            To::Tree(builder) if raw => self.raw.push(builder.separate_text(text, false)),
            To::Tree(builder) => {
                let cdata = self
                    .settings
                    .zip(builder.open_name())
                    .is_some_and(|(settings, (namespace, local))| settings.is_cdata(namespace, local));
                // A raw text takes in nothing behind it.
                let apart = !self.raw.is_empty() && self.raw.last() == builder.last_node().as_ref();
                if cdata || apart {
                    builder.separate_text(text, cdata);
                } else {
                    builder.text(text);
                }
            }
        }
    }

    pub(crate) fn start(&mut self, prefix: &str, namespace: &str, local: &str) {
        if let Some(builder) = self.builder() {
            builder.start_element(prefix, namespace, local);
        } else if let To::Text { all: false, muted, .. } = &mut self.to {
            *muted += 1;
        }
    }

    /// Begins a copy of an element, with its namespaces and nothing else.
    pub(crate) fn start_copy(&mut self, document: &Document, element: NodeId) {
        if let Some(builder) = self.builder() {
            builder.start_copy(document, element);
        } else if let To::Text { all: false, muted, .. } = &mut self.to {
            *muted += 1;
        }
    }

    pub(crate) fn end(&mut self) {
        match &mut self.to {
            To::Tree(builder) => builder.end_element(),
            To::Text { all: false, muted, .. } => *muted = muted.saturating_sub(1),
            To::Text { .. } | To::Fragment(_) => {}
        }
    }

    pub(crate) fn namespace(&mut self, prefix: &str, uri: &str) {
        if let To::Tree(builder) = &mut self.to {
            builder.namespace(prefix, uri);
        }
    }

    /// An attribute that comes too late, or outside of an element, is left out, as XSLT 1.0 §7.1.3 allows.
    pub(crate) fn attribute(&mut self, prefix: &str, namespace: &str, local: &str, value: &str) {
        if let To::Tree(builder) = &mut self.to {
            builder.attribute(prefix, namespace, local, value);
        }
    }

    pub(crate) fn comment(&mut self, text: &str) {
        if let Some(builder) = self.builder() {
            builder.comment(text);
        }
    }

    pub(crate) fn instruction(&mut self, target: &str, text: &str) {
        if let Some(builder) = self.builder() {
            builder.instruction(target, text);
        }
    }

    /// A copy of a node with everything below it.
    pub(crate) fn copy(&mut self, node: NodeRef<'_>) {
        let kind = node.kind();
        if matches!(kind, Some(NodeKind::Text)) || matches!(self.to, To::Text { all: true, .. }) {
            let is_text = !matches!(kind, Some(NodeKind::Comment | NodeKind::ProcessingInstruction) | None);
            if is_text {
                self.text(&node.string_value(), false);
            }
            return;
        }
        if kind == Some(NodeKind::Document) {
            node.document.children(node.node).for_each(|child| self.copy(NodeRef::new(node.document, child)));
            return;
        }
        if node.part != NodePart::Whole && !matches!(self.to, To::Tree(_)) {
            return;
        }
        if let Some(builder) = self.builder() {
            builder.copy(node);
        }
    }

    /// The builder of a tree; a fragment becomes a tree now.
    fn builder(&mut self) -> Option<&mut TreeBuilder> {
        if let To::Fragment(text) = &self.to {
            let mut builder = TreeBuilder::new();
            builder.text(text);
            self.to = To::Tree(builder);
        }
        match &mut self.to {
            To::Tree(builder) => Some(builder),
            To::Fragment(_) | To::Text { .. } => None,
        }
    }
}
