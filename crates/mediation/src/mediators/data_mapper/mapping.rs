//! A mapping: the script with the schemas of both sides.

use std::sync::Arc;

use mi_payload::value::Value as Held;
use mi_script::{Entry, Language, Script};
use serde_json::{Value, json};

use super::properties::Properties;
use super::schema::{Schema, variable_name};
use super::{Format, read_csv, read_xml};
use crate::context::MessageContext;
use crate::scripting::Pace;

/// Mappings know the Java classes of scripts, but no `mc`.
const PRELUDE: &str = concat!(include_str!("../../scripting/java.js"), include_str!("mapper.js"));

/// How the script is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// It defines a function whose name is made of the titles of the schemas.
    Named,
    /// Its last expression is a function of the input and the variables.
    Function,
}

/// See the module's documentation.
pub(super) struct Mapping {
    pub(super) input: Schema,
    pub(super) output: Schema,
    pub(super) script: Arc<Script>,
    pub(super) pace: Pace,
    function: String,
    properties: Properties,
}

/// What follows the script: the diagram editor's function, which is named after the titles, or else the code editor's.
fn choose(named: &str) -> String {
    let function = |name: &str| format!("typeof {name} === 'function' ? {name} : ");
    let named = if mi_script::is_identifier(named) { function(named) } else { String::new() };
    format!("var __mapping = {named}{}undefined;", function("mapFunction"))
}

impl Mapping {
    /// Reads script, input schema and output schema.
    pub(super) fn read(values: &[Option<Held>], style: Style) -> Result<Self, String> {
        let text = |index: usize, what: &str| match values.get(index) {
            Some(Some(value)) => Ok(value.string_value().into_owned()),
            _ => Err(format!("DataMapper mediator : {what} is null")),
        };
        let source = text(0, "mapping configuration")?;
        let failed = |reason: String| format!("DataMapper mediator : Invalid configurations: {reason}");
        let input = Schema::read(&text(1, "input schema")?, "inputType").map_err(failed)?;
        let output = Schema::read(&text(2, "output schema")?, "outputType").map_err(failed)?;
        let named = format!("map_S_{}_S_{}", variable_name(input.local_title()), variable_name(output.local_title()));
        let choice = choose(&named);
        let (sources, entry) = match style {
            Style::Named => (vec![source.as_str(), &choice], Entry::Function("__mapping".to_owned())),
            Style::Function => (vec![source.as_str()], Entry::Whole),
        };
        let script = Script::compile("mapping", Language::JavaScript, &sources, entry, PRELUDE)
            .map_err(|error| failed(error.to_string()))?;
        let properties = Properties::find(&source);
        Ok(Self { input, output, script: Arc::new(script), pace: Pace::default(), function: named, properties })
    }

    /// What the script gets: the input by the schema, and the properties that it names.
    pub(super) fn request(&self, context: &MessageContext, format: Format) -> Result<String, String> {
        let settings = &context.configuration.settings.json;
        let empty = || "the body is empty".to_owned();
        let input = match format {
            Format::Json => {
                context.payload.json_view(settings).map_err(|error| error.to_string())?.cloned().ok_or_else(empty)?
            }
            Format::Xml => {
                let envelope = context.payload.envelope(settings).map_err(|error| error.to_string())?;
                let first = if self.input.is_envelope() { Some(envelope.element) } else { envelope.payload() };
                read_xml::read(&envelope.document, first.ok_or_else(empty)?, &self.input)?
            }
            Format::Csv => read_csv::read(&read_csv::text(context).ok_or_else(empty)?, &self.input)?,
        };
        let name = format!("input{}", variable_name(&self.input.title));
        let properties: Value = self.properties.values(context);
        Ok(json!({ "name": name, "input": input, "properties": properties }).to_string())
    }

    /// What to say when the function is not there.
    pub(super) fn missing_function(&self) -> String {
        format!("the mapping has no function {}", self.function)
    }
}
