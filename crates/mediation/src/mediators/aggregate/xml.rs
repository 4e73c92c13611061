//! Joining XML: the first message, and below its body what is taken from the others.

use mi_expression::{Expression, Selection};
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::{Document, NodeId};

use crate::context::MessageContext;
use crate::fault::Fault;

pub(super) fn join(
    messages: &[MessageContext],
    expression: Option<&Expression>,
    enclosing: Option<&XmlFragment>,
) -> Result<Payload, Fault> {
    let Some((first, others)) = messages.split_first() else { return Ok(Payload::empty()) };
    let own = first.payload.envelope(&first.configuration.settings.json)?;
    let mut joined = own.clone();
    if let Some(expression) = expression {
        let matches = nodes_of(first, expression, &own.document)?;
        lift(&mut joined, &matches);
    }
    for message in others {
        let envelope = message.payload.envelope(&message.configuration.settings.json)?;
        let Some(expression) = expression else {
            if let Some(payload) = envelope.payload() {
                append(&mut joined, &envelope.document, payload);
            }
            continue;
        };
        add(&mut joined, message, expression)?;
    }
    if let Some(element) = enclosing {
        let copy = joined.document.import(element.document(), element.node());
        let content: Vec<_> = joined.document.children(joined.body).collect();
        for node in content {
            joined.document.append_child(copy, node);
        }
        joined.document.append_child(joined.body, copy);
    }
    Ok(Payload::xml(joined))
}

fn append(joined: &mut Envelope, document: &Document, node: NodeId) {
    let copy = joined.document.import(document, node);
    joined.document.append_child(joined.body, copy);
}

/// The nodes of the message's own tree that the expression selects.
fn nodes_of(message: &MessageContext, expression: &Expression, own: &Document) -> Result<Vec<NodeId>, Fault> {
    Ok(match expression.evaluate_nodes(message)? {
        Selection::Nodes(nodes) => {
            let own = nodes.iter().filter(|node| node.attribute.is_none() && std::ptr::eq(node.document, own));
            own.map(|node| node.node).collect()
        }
        Selection::Json(_) | Selection::Value(_) => Vec::new(),
    })
}

/// What is matched further down comes directly below the body, and what it stood in goes.
fn lift(joined: &mut Envelope, matches: &[NodeId]) {
    let body = joined.body;
    let document = &mut joined.document;
    let deep: Vec<_> = matches.iter().copied().filter(|&node| document.parent(node) != Some(body)).collect();
    let mut tops = Vec::new();
    for &node in &deep {
        let top = document.ancestors(node).find(|&ancestor| document.parent(ancestor) == Some(body));
        tops.extend(top.filter(|top| !tops.contains(top)));
    }
    let copies: Vec<_> = deep.iter().map(|&node| document.copy_subtree(node)).collect();
    for top in tops {
        document.detach(top);
    }
    for copy in copies {
        document.append_child(body, copy);
    }
}

fn add(joined: &mut Envelope, message: &MessageContext, expression: &Expression) -> Result<(), Fault> {
    let nothing = || {
        Fault::new(format!("Error evaluating expression: {expression}"))
            .detail("Could not find matching elements to aggregate.")
    };
    match expression.evaluate_nodes(message)? {
        Selection::Nodes(nodes) if !nodes.is_empty() => {
            for node in nodes.iter().filter(|node| node.attribute.is_none()) {
                let is_envelope = node.document.local_name(node.node) == "Envelope"
                    && mi_payload::SoapVersion::of_namespace(node.document.namespace(node.node)).is_some();
                if is_envelope {
                    return Err(Fault::new("Could not add SOAPEnvelope as child element."));
                }
                append(joined, node.document, node.node);
            }
            Ok(())
        }
        Selection::Value(Value::Xml(fragment)) => {
            append(joined, fragment.document(), fragment.node());
            Ok(())
        }
        Selection::Value(Value::Nodes(items)) => {
            for item in items.iter() {
                if let NodeItem::Element(fragment) = item {
                    append(joined, fragment.document(), fragment.node());
                }
            }
            Ok(())
        }
        Selection::Nodes(_) | Selection::Json(_) | Selection::Value(_) => Err(nothing()),
    }
}
