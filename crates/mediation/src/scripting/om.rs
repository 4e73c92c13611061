//! The XML of a message in the hands of a script: nodes by number.

use mi_payload::{Envelope, XmlFragment};
use mi_script::Value;
use mi_xml::{Document, NodeId, NodeKind};

use super::host::{Answer, MessageHost};
use crate::context::MessageContext;

/// Nodes that a script knows.
#[derive(Default)]
pub(super) struct Nodes {
    known: Vec<(Tree, NodeId)>,
    /// Documents that do not belong to the message.
    documents: Vec<Document>,
    /// Grows when the payload is replaced: numbers of nodes of the old one are refused.
    generation: u32,
}

/// Where a node lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tree {
    Message(u32),
    Own(usize),
}

impl Nodes {
    /// What the script knows of the payload's tree is worthless from now on.
    pub(super) fn payload_replaced(&mut self) {
        self.generation += 1;
    }

    /// The number of a copy of an element.
    pub(super) fn add_copy(&mut self, fragment: &XmlFragment) -> i32 {
        let mut document = Document::new();
        let node = document.import(fragment.document(), fragment.node());
        document.append_child(document.root(), node);
        self.add_document(document, node)
    }

    pub(super) fn add_document(&mut self, document: Document, node: NodeId) -> i32 {
        self.documents.push(document);
        self.add(Tree::Own(self.documents.len() - 1), node)
    }

    pub(super) fn add(&mut self, tree: Tree, node: NodeId) -> i32 {
        self.known.push((tree, node));
        i32::try_from(self.known.len() - 1).unwrap_or(i32::MAX)
    }

    pub(super) fn find(&self, number: Option<&Value>) -> Result<(Tree, NodeId), String> {
        let Some(Value::Integer(number)) = number else { return Err("an XML node is expected".to_owned()) };
        let place = usize::try_from(*number).ok().and_then(|index| self.known.get(index));
        match place {
            Some((Tree::Message(generation), _)) if *generation != self.generation => {
                Err("the XML node belongs to a payload that has been replaced".to_owned())
            }
            Some(&place) => Ok(place),
            None => Err("there is no such XML node".to_owned()),
        }
    }
}

/// The XML view of a message.
pub(super) fn view(context: &MessageContext) -> Result<&Envelope, String> {
    context.payload.envelope(&context.configuration.settings.json).map_err(|error| error.to_string())
}

fn fragment(text: &str) -> Result<XmlFragment, String> {
    XmlFragment::parse(text.trim_start())
        .map_err(|error| format!("Failed to create OMElement with provided payload: {error}"))
}

impl MessageHost {
    /// The tree of the message for editing.
    fn edit(&mut self) -> Result<&mut Envelope, String> {
        self.keep_original();
        if let Some(undo) = &mut self.undo {
            undo.keep_payload(&self.context.payload);
        }
        let configuration = self.context.configuration.clone();
        self.context.payload.envelope_mut(&configuration.settings.json).map_err(|error| error.to_string())
    }

    /// Puts an element in the place of the first one in the body.
    pub(super) fn set_payload_xml(&mut self, text: &str) -> Answer {
        let fragment = fragment(text)?;
        let envelope = self.edit()?;
        let copy = envelope.document.import(fragment.document(), fragment.node());
        match envelope.payload() {
            Some(old) => {
                envelope.document.insert_after(old, copy);
                envelope.document.detach(old);
            }
            None => envelope.document.append_child(envelope.body, copy),
        }
        self.changes().has_entity();
        Ok(Value::Undefined)
    }

    pub(super) fn add_header(&mut self, must_understand: bool, text: &str) -> Answer {
        let fragment = fragment(text)?;
        let envelope = self.edit()?;
        let header = envelope.header_or_insert();
        let copy = envelope.document.import(fragment.document(), fragment.node());
        let prefix = envelope.document.name(envelope.element).map_or_else(String::new, |name| name.prefix.to_owned());
        let prefix = if prefix.is_empty() { "soapenv" } else { &prefix };
        let value = match (envelope.version, must_understand) {
            (mi_payload::SoapVersion::V11, true) => "1",
            (mi_payload::SoapVersion::V11, false) => "0",
            (mi_payload::SoapVersion::V12, true) => "true",
            (mi_payload::SoapVersion::V12, false) => "false",
        };
        envelope.document.set_attribute(copy, prefix, envelope.version.namespace(), "mustUnderstand", value);
        envelope.document.append_child(header, copy);
        Ok(Value::Undefined)
    }

    pub(super) fn document(&self, tree: Tree) -> Result<&Document, String> {
        match tree {
            Tree::Message(_) => Ok(&view(&self.context)?.document),
            Tree::Own(index) => self.nodes.documents.get(index).ok_or_else(|| "there is no such tree".to_owned()),
        }
    }

    fn document_mut(&mut self, tree: Tree) -> Result<&mut Document, String> {
        match tree {
            Tree::Message(_) => Ok(&mut self.edit()?.document),
            Tree::Own(index) => self.nodes.documents.get_mut(index).ok_or_else(|| "there is no such tree".to_owned()),
        }
    }

    fn message_node(&mut self, node: Option<NodeId>) -> Value {
        let tree = Tree::Message(self.nodes.generation);
        node.map_or(Value::Null, |node| Value::Integer(self.nodes.add(tree, node)))
    }

    /// Does what `api.js` asks for with `om.…`.
    pub(super) fn om(&mut self, operation: &str, arguments: &[Value]) -> Answer {
        let text = |index: usize| arguments.get(index).and_then(Value::as_str).unwrap_or_default();
        match operation {
            "envelope" => {
                let node = view(&self.context)?.element;
                return Ok(self.message_node(Some(node)));
            }
            "body" => {
                let node = view(&self.context)?.body;
                return Ok(self.message_node(Some(node)));
            }
            "header" => {
                let node = view(&self.context)?.header;
                return Ok(self.message_node(node));
            }
            "parse" => {
                let fragment = fragment(text(0))?;
                return Ok(Value::Integer(self.nodes.add_copy(&fragment)));
            }
            "xpath" => return self.xpath(arguments.first(), text(1), text(2)),
            "create" => {
                let mut document = Document::new();
                let node = document.create_element(text(0), text(1), text(2));
                document.append_child(document.root(), node);
                return Ok(Value::Integer(self.nodes.add_document(document, node)));
            }
            _ => {}
        }
        let (tree, node) = self.nodes.find(arguments.first())?;
        match operation {
            "append" | "after" | "before" => return self.join(operation, (tree, node), arguments.get(1)),
            "setText" | "empty" | "detach" | "rename" | "setAttribute" | "removeAttribute" => {
                return self.change(operation, tree, node, &text);
            }
            _ => {}
        }
        let document = self.document(tree)?;
        Ok(match operation {
            "isElement" => document.is_element(node).into(),
            "local" => document.local_name(node).into(),
            "uri" => document.namespace(node).into(),
            "prefix" => document.name(node).map_or("", |name| name.prefix).into(),
            "text" if document.is_element(node) => document.direct_text(node).into_owned().into(),
            "text" => document.text(node).unwrap_or_default().into(),
            "allText" => document.text_content(node).into_owned().into(),
            "xml" => document.to_xml(node).into(),
            "attribute" => Value::maybe(document.attribute(node, text(1), text(2))),
            "attributes" => attributes(document, node).into(),
            "parent" => {
                let parent = document.parent(node).filter(|&parent| document.is_element(parent));
                parent.map_or(Value::Null, |parent| Value::Integer(self.nodes.add(tree, parent)))
            }
            "next" => {
                let next = document.next_sibling(node);
                next.map_or(Value::Null, |next| Value::Integer(self.nodes.add(tree, next)))
            }
            "elements" => {
                let all = document.child_elements(node).collect();
                self.numbers(tree, all)
            }
            "children" => {
                let seen = |kind| matches!(kind, NodeKind::Element | NodeKind::Text);
                let all = document.children(node).filter(|&child| seen(document.kind(child))).collect();
                self.numbers(tree, all)
            }
            "descendants" => {
                let all = document.descendants(node).filter(|&child| document.is_element(child)).collect();
                self.numbers(tree, all)
            }
            other => return Err(format!("a script cannot ask for om.{other}")),
        })
    }

    fn numbers(&mut self, tree: Tree, nodes: Vec<NodeId>) -> Value {
        let numbers: Vec<_> = nodes.into_iter().map(|node| self.nodes.add(tree, node).to_string()).collect();
        numbers.join(",").into()
    }

    fn change<'a>(&mut self, operation: &str, tree: Tree, node: NodeId, text: &impl Fn(usize) -> &'a str) -> Answer {
        let document = self.document_mut(tree)?;
        match operation {
            // The text of an element; its elements stay, as in MI.
            "setText" => {
                let is_text = |&child: &NodeId| document.kind(child) == NodeKind::Text;
                let old: Vec<NodeId> = document.children(node).filter(is_text).collect();
                for child in old {
                    document.detach(child);
                }
                let new = document.create_text(text(1));
                document.append_child(node, new);
            }
            "empty" => document.remove_children(node),
            "detach" => document.detach(node),
            "rename" => document.rename(node, text(1), text(2), text(3)),
            "setAttribute" => document.set_attribute(node, text(1), text(2), text(3), text(4)),
            _ => {
                document.remove_attribute(node, text(1), text(2));
            }
        }
        Ok(Value::Undefined)
    }

    /// Puts a node into a tree, from wherever it was; answers its number there.
    fn join(&mut self, operation: &str, place: (Tree, NodeId), other: Option<&Value>) -> Answer {
        let (from, moved) = self.nodes.find(other)?;
        let (tree, node) = place;
        let moved = if from == tree {
            moved
        } else {
            let mut single = Document::new();
            let copy = single.import(self.document(from)?, moved);
            self.document_mut(from)?.detach(moved);
            self.document_mut(tree)?.import(&single, copy)
        };
        let document = self.document_mut(tree)?;
        match operation {
            "append" => document.append_child(node, moved),
            "after" => document.insert_after(node, moved),
            _ => document.insert_before(node, moved),
        }
        Ok(Value::Integer(self.nodes.add(tree, moved)))
    }
}

fn attributes(document: &Document, node: NodeId) -> String {
    let all = document.attributes(node).map(|attribute| {
        let name = attribute.name;
        serde_json::Value::from(vec![name.namespace, name.prefix, name.local, attribute.value])
    });
    serde_json::Value::from(all.collect::<Vec<_>>()).to_string()
}
