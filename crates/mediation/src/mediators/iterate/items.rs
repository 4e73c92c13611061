//! The payloads of the items.

use std::sync::Arc;

use mi_expression::jsonpath::Found;
use mi_expression::{Expression, ExpressionKind, Selection};
use mi_payload::value::{NodeItem, Value};
use mi_payload::{Envelope, Payload, XmlFragment};
use mi_xml::NodeId;
use serde_json::Value as Json;

use super::Around;
use crate::context::MessageContext;
use crate::fault::Fault;
use crate::mediators::split::behind_parameter;

const FAILED: &str = "Exception occurred while executing the Iterate Mediator";

/// The payload of each item. The message itself is not changed.
pub(super) fn split(
    context: &mut MessageContext,
    expression: &Expression,
    around: &Around,
) -> Result<Vec<Payload>, Fault> {
    let expression = &behind_parameter(context, expression);
    if expression.kind() == ExpressionKind::JsonPath {
        return split_json(context, expression, around);
    }
    let mut own: Vec<NodeId> = Vec::new();
    let items: Vec<Arc<XmlFragment>> = match expression.evaluate_nodes(context)? {
        Selection::Nodes(nodes) => {
            let document = &context.payload.envelope(&context.configuration.settings.json)?.document;
            let elements = nodes.iter().filter(|node| node.attribute.is_none());
            own.extend(elements.clone().filter(|node| std::ptr::eq(node.document, document)).map(|node| node.node));
            elements.map(|node| Arc::new(XmlFragment::copy_of(node.document, node.node))).collect()
        }
        Selection::Json(items) => {
            return Ok(items.into_iter().map(|item| Payload::json_value(item.into_owned())).collect());
        }
        Selection::Value(Value::Xml(fragment)) => vec![fragment],
        Selection::Value(Value::Nodes(items)) => {
            let elements = items.iter().filter_map(|item| match item {
                NodeItem::Element(fragment) => Some(fragment.clone()),
                NodeItem::Text(_) => None,
            });
            elements.collect()
        }
        // What is no node matches nothing.
        Selection::Value(_) => Vec::new(),
    };
    let envelope = context.payload.envelope(&context.configuration.settings.json)?;
    let (base, place) = match around {
        Around::Nothing => {
            let base = envelope.with_empty_body();
            let body = base.body;
            (base, body)
        }
        Around::Payload(attach) => {
            let mut base = envelope.clone();
            for node in own {
                base.document.detach(node);
            }
            let place = attach_place(context, &base, attach.as_ref())?;
            (base, place)
        }
    };
    let payloads = items.iter().map(|item| {
        let mut envelope = base.clone();
        let copy = envelope.document.import(item.document(), item.node());
        envelope.document.append_child(place, copy);
        Payload::xml(envelope)
    });
    Ok(payloads.collect())
}

/// The element that items are appended to, as `base` has it; its copies have it at the same node.
fn attach_place(context: &mut MessageContext, base: &Envelope, attach: Option<&Expression>) -> Result<NodeId, Fault> {
    let Some(attach) = attach else { return Ok(base.element) };
    let attach = &behind_parameter(context, attach);
    let scratch = context.copy_around(Payload::xml(base.clone()));
    let found = match attach.evaluate_nodes(&scratch)? {
        Selection::Nodes(nodes) => {
            let document = &scratch.payload.envelope(&scratch.configuration.settings.json)?.document;
            let own = |node: &&mi_expression::SelectedNode<'_>| {
                std::ptr::eq(node.document, document) && node.attribute.is_none() && document.is_element(node.node)
            };
            nodes.iter().find(own).map(|node| node.node)
        }
        Selection::Json(_) | Selection::Value(_) => None,
    };
    found.ok_or_else(|| {
        let message =
            "Error in attaching the splitted elements :: Unable to get the attach path specified by the expression";
        Fault::new(format!("{message} {attach}"))
    })
}

fn split_json(context: &MessageContext, expression: &Expression, around: &Around) -> Result<Vec<Payload>, Fault> {
    let failed = |reason: String| Fault::new(FAILED).detail(reason);
    let target = expression.json_target(context)?.ok_or_else(|| Fault::new(FAILED))?;
    let path = target.path;
    let attach = match around {
        Around::Payload(attach) => attach.as_ref(),
        Around::Nothing => None,
    };
    let same_place = attach.is_some_and(|attach| attach.text() == expression.text());
    let payload = context.payload.json_view(&context.configuration.settings.json)?;
    let items: Vec<Json> = if target.property.is_some() {
        match expression.evaluate_nodes(context)? {
            Selection::Json(items) => items.into_iter().map(std::borrow::Cow::into_owned).collect(),
            Selection::Nodes(_) | Selection::Value(_) => Vec::new(),
        }
    } else {
        let found = path.find(payload.unwrap_or(&Json::Null)).map_err(|reason| failed(reason.to_string()))?;
        let is_list = matches!(found, Found::Many(_));
        match found.into_json() {
            Json::Array(items) => items,
            item if same_place && !is_list => vec![item],
            _ => {
                let message = "is not a valid JSON array that can be iterated";
                return Err(Fault::new(format!("JSON element expressed by the path {expression} {message}")));
            }
        }
    };
    let Around::Payload(_) = around else { return Ok(items.into_iter().map(Payload::json_value).collect()) };
    let attach_path = attach.map(|attach| attach.json_target(context)).transpose()?.flatten().map(|target| target.path);
    let Some(attach_path) = attach_path.filter(|path| !path.is_root()) else {
        return Ok(items.into_iter().map(Payload::json_value).collect());
    };
    let mut base = payload.cloned().unwrap_or(Json::Null);
    if target.property.is_none() {
        path.set(&mut base, &Json::Array(Vec::new())).map_err(|reason| failed(reason.to_string()))?;
    }
    let attached = items.into_iter().map(|item| {
        let mut root = base.clone();
        attach_path.set(&mut root, &item).map_err(|reason| {
            let attach = attach.map_or("$", Expression::text);
            Fault::new(format!("Unable to get the attach path specified by the expression {attach}"))
                .detail(reason.to_string())
        })?;
        Ok(Payload::json_value(root))
    });
    attached.collect()
}
