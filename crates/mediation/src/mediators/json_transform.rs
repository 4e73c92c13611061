//! `jsontransform`: JSON of XML by settings of its own, and JSON corrected to a schema (spec: core mediators 5.26).

mod array;
mod correct;
mod object;
mod overrides;
mod scalar;
#[cfg(test)]
mod tests;

use mi_expression::ValueExpression;
use mi_payload::Payload;
use mi_payload::json::{JsonSettings, xml_to_json};
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::kept::Kept;
use crate::mediator::{Flow, Mediation, Mediator, Nature};
use correct::{Rules, corrected};

/// Syntax of `jsontransform`.
pub const SYNTAX: Syntax = Syntax {
    element: "jsontransform",
    summary: "Makes JSON of XML with settings of its own, or corrects JSON to a JSON schema: text becomes numbers and \
              Booleans where the schema has those, single values become arrays.",
    attributes: &[attribute("schema", AttributeKind::Value, "Local entry or registry path of the schema.")],
    children: &[child(
        "property",
        Occurs::Any,
        &[
            required("name", AttributeKind::Text, "A setting (`synapse.commons.json.…`)."),
            required("value", AttributeKind::Text, "Its value."),
        ],
        Content::Nothing,
        "A setting of the conversion from XML to JSON, in place of the server's.",
    )],
    example: "<jsontransform schema=\"conf:/schemas/order.json\"/>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(JsonTransform::parse(element, definitions)?)),
};

struct JsonTransform {
    settings: Option<Box<JsonSettings>>,
    schema: Option<Schema>,
}

struct Schema {
    key: ValueExpression,
    kept: Kept<Rules>,
}

impl JsonTransform {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let schema = element.value("schema")?.map(|key| Schema { key, kept: Kept::default() });
        let mut settings = None;
        for property in element.children_named("property") {
            let name = property.required("name", "The 'name' attribute is required for a property")?;
            let value = property.attribute("value").ok_or_else(|| {
                property
                    .error(format!("The property {name} of jsontransform needs a 'value'"))
                    .hint("only fixed values work here")
            })?;
            let settings = settings.get_or_insert_with(|| Box::new(definitions.settings.json.clone()));
            overrides::set(settings, name, value).map_err(|reason| {
                property.attribute_error("value", format!("Invalid value '{value}' for {name}")).hint(reason)
            })?;
        }
        if schema.is_none() && settings.is_none() {
            return Err(element.error("jsontransform mediator should contain either a schema or custom properties"));
        }
        Ok(Self { settings, schema })
    }

    /// Makes JSON of the first element of the body.
    fn convert(context: &mut MessageContext, settings: &JsonSettings) -> Result<(), Fault> {
        let envelope = context.payload.envelope(&context.configuration.settings.json)?;
        let text = match envelope.payload() {
            Some(node) => {
                xml_to_json(&envelope.document, node, settings, false).map_err(|error| Fault::new(error.to_string()))?
            }
            None => return Err(Fault::new("The body is empty, there is nothing to convert to JSON")),
        };
        set(context, text)
    }
}

fn set(context: &mut MessageContext, text: String) -> Result<(), Fault> {
    context.payload = Payload::set_json(text).map_err(|error| Fault::new(error.to_string()))?;
    context.has_entity();
    Ok(())
}

impl Schema {
    fn apply(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let key = self.key.evaluate(context)?.unwrap_or_default().into_owned();
        let rules = self.kept.get(context, vec![key.clone()], |values| match values {
            [Some(Value::String(text))] => Rules::parse(text).map_err(Fault::new),
            [Some(_)] => Err(Fault::new("Can not find valid JSON Schema content")),
            _ => Err(Fault::new(format!("Schema does not exist in the specified location : {key}"))),
        })?;
        let text = match &*rules {
            Rules::Nothing => return Ok(()),
            Rules::Schema(schema) => {
                let empty = || Fault::new("Input json and schema should not be null");
                let value = context.payload.json_view(&context.configuration.settings.json)?.ok_or_else(empty)?;
                let result = corrected(value.clone(), schema).map_err(Fault::new)?;
                result.map(|value| value.to_string()).unwrap_or_default()
            }
        };
        set(context, text)
    }
}

impl Mediator for JsonTransform {
    fn name(&self) -> &'static str {
        "jsontransform"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        if let Some(settings) = &self.settings {
            Self::convert(context, settings)?;
        }
        if let Some(schema) = &self.schema {
            schema.apply(context)?;
        }
        Ok(Flow::Continue)
    }
}
