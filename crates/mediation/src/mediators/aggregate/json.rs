//! Joining JSON: an entry for each message.

use mi_expression::{Expression, Selection};
use mi_payload::json::parse_lenient;
use mi_payload::{Payload, XmlFragment};
use serde_json::{Map, Value as Json};

use crate::context::MessageContext;
use crate::fault::Fault;

/// How the entries are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementType {
    /// An array of them.
    Root,
    /// One object with the members of all.
    Child,
    /// A word that MI does not know: an empty array.
    Other,
}

impl ElementType {
    pub(super) fn of(word: Option<&str>) -> Self {
        match word {
            None | Some("" | "root") => Self::Root,
            Some("child") => Self::Child,
            Some(_) => Self::Other,
        }
    }
}

pub(super) fn join(
    messages: &[MessageContext],
    expression: &Expression,
    element_type: ElementType,
    enclosing: Option<&XmlFragment>,
) -> Result<Payload, Fault> {
    let entries = messages.iter().map(|message| entry(message, expression)).collect::<Result<Vec<_>, _>>()?;
    let joined = match element_type {
        ElementType::Root => Json::Array(entries),
        ElementType::Other => Json::Array(Vec::new()),
        ElementType::Child => {
            let mut all = Map::new();
            for entry in entries {
                let Json::Object(members) = entry else {
                    let message = "Error merging aggregation results using JSONPath";
                    return Err(Fault::new(format!("{message} : {expression}")));
                };
                merge(&mut all, members);
            }
            Json::Object(all)
        }
    };
    Ok(Payload::json_value(match enclosing {
        None => joined,
        Some(element) => {
            let name = element.document().local_name(element.node()).to_owned();
            Json::Object(Map::from_iter([(name, joined)]))
        }
    }))
}

/// What the expression takes from a message. An array with a single item is that item, and a text is read once more.
fn entry(message: &MessageContext, expression: &Expression) -> Result<Json, Fault> {
    let found = match expression.json_target(message)? {
        Some(target) if target.property.is_none() => {
            let payload = message.payload.json_view(&message.configuration.settings.json)?;
            match target.path.find(payload.unwrap_or(&Json::Null)) {
                Ok(found) => found.into_json(),
                Err(_) => Json::Null,
            }
        }
        _ => match expression.evaluate_nodes(message)? {
            Selection::Json(values) => Json::Array(values.into_iter().map(std::borrow::Cow::into_owned).collect()),
            Selection::Value(value) => Json::String(value.string_value().into_owned()),
            Selection::Nodes(_) => Json::Null,
        },
    };
    Ok(match found {
        Json::Array(mut items) if items.len() < 2 => items.pop().unwrap_or(Json::Null),
        Json::String(text) => read_again(text),
        other => other,
    })
}

fn read_again(text: String) -> Json {
    serde_json::from_str(&text).or_else(|_| parse_lenient(&text)).unwrap_or(Json::String(text))
}

fn merge(all: &mut Map<String, Json>, members: Map<String, Json>) {
    for (key, value) in members {
        match (all.get_mut(&key), value) {
            (None, value) => {
                all.insert(key, value);
            }
            (Some(Json::Object(into)), Json::Object(more)) => merge(into, more),
            (Some(Json::Array(items)), Json::Array(more)) => items.extend(more),
            (Some(Json::Array(items)), value) => items.push(value),
            (Some(slot), value) => *slot = Json::Array(vec![slot.take(), value]),
        }
    }
}
