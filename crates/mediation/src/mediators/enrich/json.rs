//! The JSON path of `enrich`.

use mi_expression::jsonpath::{JsonPath, PathFault};
use mi_expression::{Expression, ExpressionKind};
use mi_payload::Payload;
use mi_payload::json::{parse_lenient, quote};
use mi_payload::value::Value;
use serde_json::Value as Json;

use super::{Action, Enrich, LOGGER, Source, Target, error};
use crate::context::MessageContext;
use crate::fault::Fault;

impl Enrich {
    pub(super) fn enrich_json(&self, context: &mut MessageContext) -> Result<(), Fault> {
        if self.action == Action::Remove {
            return match &self.source {
                Source::Paths(paths) => remove(context, &self.target, paths),
                _ => Err(Fault::new("source Xpath is mandatory for the Remove action")),
            };
        }
        let source = self.json_source(context)?;
        match &self.target {
            Target::Custom(place) => self.to_place(context, place, source),
            Target::Body => {
                self.to_body(context, source);
                Ok(())
            }
            Target::Property(name) => {
                match self.action {
                    Action::Replace => context.properties.set(name.clone(), Value::from(source.to_string())),
                    Action::Child => match property_json(context, name) {
                        Some(Json::Array(mut items)) => {
                            items.push(source);
                            context.properties.set(name.clone(), Value::from(Json::Array(items).to_string()));
                        }
                        _ => error(context, &format!("Cannot append since the property {name} is not a JSON array")),
                    },
                    Action::Sibling | Action::Remove => {
                        error(context, "Action sibling is not supported when enriching properties with JSON data");
                    }
                }
                Ok(())
            }
            Target::Key(place) => rename(context, place, &source),
            Target::Envelope => Ok(()),
        }
    }

    fn json_source(&self, context: &mut MessageContext) -> Result<Json, Fault> {
        match &self.source {
            Source::Custom(expression) => {
                let path = path_of(context, expression)?;
                let mut payload = payload(context)?;
                let found = path.find(&payload).map_err(fault)?.into_json();
                if !self.clone {
                    path.delete(&mut payload).map_err(fault)?;
                    context.payload = Payload::json_value(payload);
                }
                Ok(found)
            }
            Source::Body => payload(context),
            Source::Property(name) => property_json(context, name).ok_or_else(|| {
                error(context, "Source json object cannot be null");
                Fault::new("Failed to get the source for Enriching : ")
            }),
            Source::InlineText(template) => {
                let quoted = |text: &str| !text.is_empty() && (parse_lenient(text).is_ok() || text.starts_with('<'));
                let text = match template.literal() {
                    Some(text) => text.to_owned(),
                    None => template.evaluate_with(context, |kind, value| match value.as_str() {
                        "" if kind == ExpressionKind::JsonPath => "\"\"".to_owned(),
                        text if quoted(text) => value,
                        text => quote(text),
                    })?,
                };
                Ok(read(&text))
            }
            Source::InlineKey(key) => match context.configuration.entry_text(key) {
                Some(text) => Ok(read(text.trim())),
                None => Err(Fault::new("Failed to get the source for Enriching : ")),
            },
            Source::Paths(_) | Source::Envelope | Source::InlineXml(_) | Source::Key => {
                Err(Fault::new("Failed to get the source for Enriching : "))
            }
        }
    }

    fn to_place(&self, context: &mut MessageContext, place: &Expression, source: Json) -> Result<(), Fault> {
        let path = path_of(context, place)?;
        let mut payload = payload(context)?;
        match self.action {
            Action::Replace => {
                path.set(&mut payload, &source).map_err(fault)?;
            }
            Action::Child => {
                let mut refused = None;
                let found = path.update(&mut payload, |target| match (target, &source) {
                    (Json::Array(items), _) => items.push(source.clone()),
                    (Json::Object(members), Json::Object(more)) => {
                        members.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
                    }
                    (other, _) => refused = Some(other.to_string()),
                });
                found.map_err(fault)?;
                if let Some(other) = refused {
                    let message = "Cannot append since the target element is not a JSON array or JSONObject";
                    error(context, &format!("{message}: {other}"));
                    return Ok(());
                }
            }
            Action::Sibling | Action::Remove => {
                error(context, "Action sibling is not supported. Please use child action instead");
                return Ok(());
            }
        }
        context.payload = Payload::json_value(payload);
        Ok(())
    }

    fn to_body(&self, context: &mut MessageContext, source: Json) {
        match (self.action, &source) {
            (Action::Replace, Json::Object(_) | Json::Array(_)) => {
                context.payload = Payload::json_value(source);
                context.has_entity();
            }
            (Action::Replace, _) => {
                let message = "Only JSON arrays and objects can be enriched to the body";
                error(context, &format!("Unsupported JSON payload : {source}.{message}"));
            }
            (action, _) => {
                let action = if action == Action::Child { "child" } else { "sibling" };
                let message = "Only replace is supported for target body.";
                error(context, &format!("Unsupported action : {action}. {message}"));
            }
        }
    }
}

/// Reads JSON as Gson does; a text that is none is a JSON string.
fn read(text: &str) -> Json {
    serde_json::from_str(text).or_else(|_| parse_lenient(text)).unwrap_or_else(|_| Json::from(text))
}

fn fault(reason: PathFault) -> Fault {
    Fault::new(reason.to_string())
}

fn payload(context: &MessageContext) -> Result<Json, Fault> {
    let view = context.payload.json_view(&context.configuration.settings.json)?;
    Ok(view.cloned().unwrap_or(Json::Null))
}

fn path_of(context: &MessageContext, expression: &Expression) -> Result<JsonPath, Fault> {
    match expression.json_target(context)? {
        Some(target) => Ok(target.path.into_owned()),
        None => Err(Fault::new(format!("{expression} is no JSONPath"))),
    }
}

fn property_json(context: &MessageContext, name: &str) -> Option<Json> {
    match context.properties.get(name)? {
        Value::Json(json) => Some((**json).clone()),
        value => Some(read(&value.string_value())),
    }
}

fn rename(context: &mut MessageContext, place: &Expression, source: &Json) -> Result<(), Fault> {
    let Json::String(new) = source else {
        let message = "Failed to get the new key name from source for Enriching. Key name must be a string.";
        return Err(Fault::new(message));
    };
    let path = path_of(context, place)?;
    let Some((parent, old)) = path.split_last_key() else {
        return Err(Fault::new(format!("The path {place} does not end with a key")));
    };
    let mut payload = payload(context)?;
    parent.rename(&mut payload, old, new).map_err(fault)?;
    context.payload = Payload::json_value(payload);
    Ok(())
}

/// Deletes the paths one after another, each from what the one before it has left.
fn remove(context: &mut MessageContext, target: &Target, paths: &[JsonPath]) -> Result<(), Fault> {
    let mut json = match target {
        Target::Property(name) => match context.properties.get(name) {
            Some(Value::String(_) | Value::Json(_)) => property_json(context, name).unwrap_or(Json::Null),
            _ => {
                let message = "Cannot perform the remove operation. Data type of the property";
                return Err(Fault::new(format!("{message} {name} is not string | JSON")));
            }
        },
        _ => payload(context)?,
    };
    let mut emptied = false;
    for path in paths {
        emptied |= path.is_root();
        let removed = path.delete(&mut json);
        let removed = removed.map_err(|reason| {
            Fault::new("Error occurred while executing the action : remove").detail(reason.to_string())
        })?;
        if removed == 0 {
            tracing::info!(
                target: LOGGER,
                "{}No matching elements were found for the given JSONPath: {}. Therefore, no elements were removed.",
                context.log_prefix(), path.text()
            );
        }
    }
    match target {
        Target::Property(name) => context.properties.set(name.clone(), Value::from(json.to_string())),
        _ if emptied => context.payload = Payload::empty(),
        _ => context.payload = Payload::json_value(json),
    }
    Ok(())
}
