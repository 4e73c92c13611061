//! `datamapper`: turns a message into another one by a mapping that tooling has made (spec: EIP mediators 20).
//!
//! A mapping is a script and two schemas. [`mapping`] reads them; `read_*` make the script's input of a message, guided by
//! the input schema, `write_*` a message of its result.

mod apply;
mod mapping;
mod properties;
mod read_csv;
mod read_xml;
mod schema;
#[cfg(test)]
mod tests;
mod write_csv;
mod write_xml;

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_script::ScriptError;

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, attribute, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::kept::Kept;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};
use crate::scripting;
use mapping::{Mapping, Style};

const LOG: &str = "org.wso2.micro.integrator.mediator.datamapper.DataMapperMediator";

const TYPES: &[&str] = &["XML", "JSON", "CSV"];

/// Syntax of `datamapper`.
pub const SYNTAX: Syntax = Syntax {
    element: "datamapper",
    summary: "Maps the message to another form by a mapping script and the schemas of both sides.",
    attributes: &[
        required("config", AttributeKind::Value, "Local entry or registry path of the mapping script."),
        required("inputSchema", AttributeKind::Value, "Local entry or registry path of the schema of the input."),
        required("outputSchema", AttributeKind::Value, "Local entry or registry path of the schema of the output."),
        attribute("inputType", AttributeKind::Words(TYPES), "The form of the input; without it, the schema says it."),
        attribute("outputType", AttributeKind::Words(TYPES), "The form of the output; without it, the schema says it."),
        attribute("xsltStyleSheet", AttributeKind::Text, "Accepted for compatibility: the script does the same."),
        attribute(
            "target",
            AttributeKind::Words(&["body", "variable"]),
            "Where the result goes; the script then is a function of the input and the variables.",
        ),
        attribute("variable", AttributeKind::Text, "The variable, for the target `variable`."),
    ],
    children: &[],
    example: "<datamapper config=\"gov:/mapping/order.dmc\" inputSchema=\"gov:/mapping/order_inputSchema.json\" \
              outputSchema=\"gov:/mapping/order_outputSchema.json\" inputType=\"JSON\" outputType=\"XML\"/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(DataMapper::parse(element)?)) };

struct DataMapper {
    keys: [ValueExpression; 3],
    input: Option<Format>,
    output: Option<Format>,
    target: Target,
    kept: Kept<Mapping>,
}

/// The form of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Xml,
    Json,
    Csv,
}

/// Where the result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// The message, by a mapping that knows the schemas.
    Message,
    /// The body, by a mapping that is a function.
    Body,
    /// A variable, by a mapping that is a function.
    Variable(Arc<str>),
}

impl Format {
    fn of_name(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "XML" => Some(Self::Xml),
            "JSON" => Some(Self::Json),
            "CSV" => Some(Self::Csv),
            _ => None,
        }
    }

    /// The message type that MI gives to messages of this form.
    fn message_type(self) -> &'static str {
        match self {
            Self::Xml => "application/xml",
            Self::Json => "application/json",
            Self::Csv => "text/xml",
        }
    }
}

impl DataMapper {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let key = |name: &str, message: &str| {
            element.required(name, message).and_then(|text| element.compile_value(text, name))
        };
        let keys = [
            key("config", "The attribute config is required for the DataMapper mediator")?,
            key("inputSchema", "The attribute inputSchema is required for the DataMapper mediator")?,
            key("outputSchema", "The outputSchema attribute is required for the DataMapper mediator")?,
        ];
        let format = |name: &str| {
            let Some(text) = element.non_empty(name) else { return Ok(None) };
            Format::of_name(text).map(Some).ok_or_else(|| {
                let error = element.attribute_error(name, format!("Unsupported data type found : {text}"));
                error.hint("it is one of XML, JSON, CSV")
            })
        };
        let target = match (element.non_empty("target"), element.non_empty("variable")) {
            (None, None) => Target::Message,
            (Some("body"), _) => Target::Body,
            (Some("variable"), Some(name)) => Target::Variable(name.into()),
            (target, _) => {
                let error = element.attribute_error("target", "Invalid target attribute found in DataMapper mediator");
                return Err(error.hint(match target {
                    Some("variable") => "the target 'variable' needs the attribute 'variable'",
                    _ => "it is 'body' or 'variable'",
                }));
            }
        };
        Ok(Self { keys, input: format("inputType")?, output: format("outputType")?, target, kept: Kept::default() })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let mut keys = Vec::with_capacity(3);
        for key in &self.keys {
            keys.push(key.evaluate(context)?.unwrap_or_default().into_owned());
        }
        let style = if self.target == Target::Message { Style::Named } else { Style::Function };
        let mapping = self.kept.get(context, keys, |values| Mapping::read(values, style).map_err(Fault::new))?;
        let missing = |side: &str| {
            format!("{side} type is not defined in the {} schema/synapse configuration", side.to_lowercase())
        };
        let input = self.input.or(mapping.input.format).ok_or_else(|| Fault::new(missing("Input")))?;
        let output = self.output.or(mapping.output.format).ok_or_else(|| Fault::new(missing("Output")))?;
        if let Err(reason) = self.map(context, &mapping, input, output).await {
            let message = "DataMapper mediator : mapping failed";
            tracing::error!(target: LOG, "{}{message}: {reason}", context.log_prefix());
            return Err(Fault::new(message).detail(reason));
        }
        context.set_message_type(output.message_type());
        Ok(Flow::Continue)
    }

    async fn map(
        &self,
        context: &mut MessageContext,
        mapping: &Mapping,
        input: Format,
        output: Format,
    ) -> Result<(), String> {
        let request = match &self.target {
            Target::Message => mapping.request(context, input)?,
            Target::Body | Target::Variable(_) => apply::function_request(context)?,
        };
        let outcome = scripting::run(context, &mapping.script, &mapping.pace, Some(request));
        let outcome = outcome.await.map_err(|error: ScriptError| error.to_string())?;
        if outcome.missing_function {
            return Err(mapping.missing_function());
        }
        let text = match outcome.output {
            Some((_, mi_script::Value::Text(text))) => text,
            _ => return Err("Failed to execute mapping function".to_owned()),
        };
        match &self.target {
            Target::Message => apply::message(context, mapping, &text, input, output),
            Target::Body => apply::body(context, &text, output),
            Target::Variable(name) => apply::variable(context, name, &text, output),
        }
    }
}

impl Mediator for DataMapper {
    fn name(&self) -> &'static str {
        "datamapper"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }
}
