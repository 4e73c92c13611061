//! JSON against a JSON Schema, draft 4. The library is `jsonschema`, without the features that would fetch documents;
//! what is wrong is said in the words of the validator that MI has, because flows hand those on to their clients.

use std::sync::Arc;

use jsonschema::error::{TypeKind, ValidationError, ValidationErrorKind as Kind};
use jsonschema::{Draft, Retrieve, Uri, Validator};
use mi_expression::{Expression, ExpressionKind};
use mi_payload::value::Value;
use serde_json::Value as Json;

use super::Failure;
use super::keywords;
use crate::compiled::{Compiled, Reader};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::fault::Fault;

/// The JSON Schemas of one mediator.
pub(super) struct JsonSchemas {
    compiled: Compiled<JsonSchema>,
    cache: bool,
}

struct JsonSchema {
    validator: Validator,
    /// What the first entry of a report is, if a schema has keywords that nobody knows.
    warning: Option<Report>,
}

/// An entry of a report, as MI's validator prints it.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) message: String,
    pub(super) detail: String,
}

/// Documents of other places are not fetched.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("{uri} is another document, and none is fetched").into())
    }
}

impl JsonSchemas {
    pub(super) fn new(cache: bool) -> Self {
        Self { compiled: Compiled::default(), cache }
    }

    /// What is wrong with the message, if anything.
    ///
    /// # Errors
    /// The schema cannot be used, or what is to be checked is no JSON.
    pub(super) fn check(
        &self,
        context: &MessageContext,
        source: Option<&Expression>,
        keys: &[String],
    ) -> Result<Option<Failure>, Fault> {
        let schema = self.get(&context.configuration, keys).map_err(Fault::new)?;
        if let Some(source) = source {
            if source.kind() == ExpressionKind::XPath {
                let message = "Could not find JSONPath or Synapse Expression to extract the message to validate from \
                               the payload";
                return Err(Fault::new(message));
            }
            let text = source.evaluate_string(context)?.unwrap_or_default();
            let value = parse(&text).map_err(|reason| {
                let message = format!("Error while validating the JSON Schema for JSONPath {}", source.text());
                Fault::new(message).detail(reason)
            })?;
            return Ok(schema.failure(&value));
        }
        let settings = &context.configuration.settings.json;
        if let Ok(value) = context.payload.json_view(settings) {
            return Ok(match value {
                Some(value) => schema.failure(value),
                None => schema.failure(&Json::Object(serde_json::Map::new())),
            });
        }
        let text = context.payload.json_text(settings)?.unwrap_or_default();
        let value =
            parse(&text).map_err(|reason| Fault::new("Error while validating the JSON Schema").detail(reason))?;
        Ok(schema.failure(&value))
    }

    /// Compiles the schema that all messages use.
    ///
    /// # Errors
    /// It cannot be used.
    pub(super) fn prepare(&self, configuration: &Configuration, keys: &[String]) -> Result<(), String> {
        if self.cache { self.get(configuration, keys).map(|_| ()) } else { Ok(()) }
    }

    fn get(&self, configuration: &Configuration, keys: &[String]) -> Result<Arc<JsonSchema>, String> {
        // With several schemas the last one counts.
        let key = keys.last().map_or("", String::as_str);
        if matches!(configuration.local_entries.find(key).map(|entry| &entry.value), Some(Value::Xml(_))) {
            return Err("Can not find valid JSON Schema content".to_owned());
        }
        let compile = |reader: &Reader<'_>| {
            let content = reader.read(key).ok_or_else(|| format!("Can not find JSON Schema {}", keys.concat()))?;
            JsonSchema::compile(&content)
                .map_err(|reason| format!("Error while validating the JSON Schema : {key}: {reason}"))
        };
        if self.cache { self.compiled.get(configuration, key, compile) } else { Compiled::anew(configuration, compile) }
    }
}

/// JSON; nothing at all counts as an empty object.
fn parse(text: &str) -> Result<Json, String> {
    if text.is_empty() {
        Ok(Json::Object(serde_json::Map::new()))
    } else {
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}

impl JsonSchema {
    fn compile(content: &[u8]) -> Result<Self, String> {
        let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
        let mut schema: Json = serde_json::from_slice(content).map_err(|error| error.to_string())?;
        if !schema.is_object() {
            return Err("a schema is an object".to_owned());
        }
        let warning = keywords::unknown(&schema);
        // MI knows draft 4 and reads other ones as that. Without its name the library takes it as it is told.
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
        }
        let options = jsonschema::options().with_draft(Draft::Draft4).with_retriever(Nowhere);
        let validator = options.should_validate_formats(true).build(&schema);
        let validator =
            validator.map_err(|error| format!("{error} (at {})", pointer(error.instance_path().as_str())))?;
        Ok(Self { validator, warning })
    }

    fn failure(&self, value: &Json) -> Option<Failure> {
        if self.validator.is_valid(value) {
            return None;
        }
        let mut errors: Vec<ValidationError<'_>> = self.validator.iter_errors(value).collect();
        // What is wrong with a value as a whole comes before what is wrong inside of it.
        errors.sort_by_key(|error| error.instance_path().as_str().matches('/').count());
        let report = self.warning.clone().or_else(|| errors.first().map(|first| report(first, &errors)))?;
        let detail = format!("Error while validating Json message {}", report.detail);
        Some(Failure { message: report.message, detail, exception: None })
    }
}

fn pointer(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

/// The entry for an error; missing properties of one object are one entry.
fn report(error: &ValidationError<'_>, all: &[ValidationError<'_>]) -> Report {
    let instance = error.instance();
    let (message, lines) = match error.kind() {
        Kind::Required { .. } => missing(error, all),
        Kind::Type { kind } => {
            let found = type_of(instance);
            let mut expected: Vec<String> = match kind {
                TypeKind::Single(one) => vec![one.to_string()],
                TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect(),
            };
            expected.sort();
            let expected = list(&expected);
            (
                format!("instance type ({found}) does not match any allowed primitive type (allowed: {expected})"),
                vec![format!("found: \"{found}\""), format!("expected: {expected}")],
            )
        }
        Kind::Enum { options } => (
            format!("instance value ({instance}) not found in enum (possible values: {options})"),
            vec![format!("value: {instance}"), format!("enum: {options}")],
        ),
        Kind::Minimum { limit } => (
            format!("numeric instance is lower than the required minimum (minimum: {limit}, found: {instance})"),
            vec![format!("minimum: {limit}"), format!("found: {instance}")],
        ),
        Kind::Maximum { limit } => (
            format!("numeric instance is greater than the required maximum (maximum: {limit}, found: {instance})"),
            vec![format!("maximum: {limit}"), format!("found: {instance}")],
        ),
        Kind::ExclusiveMinimum { limit } => (
            format!("numeric instance is not strictly greater than the required minimum {limit}"),
            vec![format!("minimum: {limit}"), "exclusiveMinimum: true".to_owned()],
        ),
        Kind::ExclusiveMaximum { limit } => (
            format!("numeric instance is not strictly lower than the required maximum {limit}"),
            vec![format!("maximum: {limit}"), "exclusiveMaximum: true".to_owned()],
        ),
        Kind::MinLength { limit } => {
            let length = instance.as_str().map_or(0, |text| text.chars().count());
            (
                format!("string {instance} is too short (length: {length}, required minimum: {limit})"),
                vec![format!("value: {instance}"), format!("found: {length}"), format!("minLength: {limit}")],
            )
        }
        Kind::MaxLength { limit } => {
            let length = instance.as_str().map_or(0, |text| text.chars().count());
            (
                format!("string {instance} is too long (length: {length}, maximum allowed: {limit})"),
                vec![format!("value: {instance}"), format!("found: {length}"), format!("maxLength: {limit}")],
            )
        }
        Kind::Pattern { pattern } => (
            format!("ECMA 262 regex {} does not match input string {instance}", quoted(pattern)),
            vec![format!("regex: {}", quoted(pattern)), format!("string: {instance}")],
        ),
        Kind::MinItems { limit } => {
            let size = instance.as_array().map_or(0, Vec::len);
            (
                format!("array is too short: must have at least {limit} elements but instance has {size} elements"),
                vec![format!("minItems: {limit}"), format!("found: {size}")],
            )
        }
        Kind::MaxItems { limit } => {
            let size = instance.as_array().map_or(0, Vec::len);
            (
                format!("array is too long: must have at most {limit} elements but instance has {size} elements"),
                vec![format!("maxItems: {limit}"), format!("found: {size}")],
            )
        }
        Kind::UniqueItems => ("array must not contain duplicate elements".to_owned(), Vec::new()),
        Kind::AdditionalProperties { unexpected } => {
            let mut unexpected = unexpected.clone();
            unexpected.sort();
            let unwanted = list(&unexpected);
            (
                format!("object instance has properties which are not allowed by the schema: {unwanted}"),
                vec![format!("unwanted: {unwanted}")],
            )
        }
        Kind::MinProperties { limit } => {
            let size = instance.as_object().map_or(0, serde_json::Map::len);
            (
                format!("object has too few properties (found {size} but schema requires at least {limit})"),
                vec![format!("found: {size}"), format!("required: {limit}")],
            )
        }
        Kind::MaxProperties { limit } => {
            let size = instance.as_object().map_or(0, serde_json::Map::len);
            (
                format!("object has too many properties (found {size} but schema requires at most {limit})"),
                vec![format!("found: {size}"), format!("required: {limit}")],
            )
        }
        Kind::MultipleOf { multiple_of } => (
            format!("remainder of division is not zero ({instance} / {multiple_of})"),
            vec![format!("value: {instance}"), format!("divisor: {multiple_of}")],
        ),
        Kind::AnyOf { context } => (
            format!("instance failed to match at least one required schema among {}", context.len()),
            vec![format!("nrSchemas: {}", context.len())],
        ),
        Kind::OneOfNotValid { context } | Kind::OneOfMultipleValid { context } => {
            let matched = context.iter().filter(|errors| errors.is_empty()).count();
            (
                format!("instance failed to match exactly one schema (matched {matched} out of {})", context.len()),
                vec![format!("matched: {matched}"), format!("nrSchemas: {}", context.len())],
            )
        }
        Kind::Not { .. } => ("instance matched a schema which it should not have".to_owned(), Vec::new()),
        _ => (error.to_string(), Vec::new()),
    };
    let schema = error.schema_path().as_str();
    // The pointer is the schema's, without the keyword.
    let schema = schema.rsplit_once('/').map_or("", |(before, _)| before);
    let mut detail = format!(
        "error: {message}\n    level: \"error\"\n    schema: {{\"loadingURI\":\"#\",\"pointer\":{}}}\n    instance: {{\"pointer\":{}}}\n    domain: \"validation\"\n    keyword: \"{}\"\n",
        quoted(schema),
        quoted(error.instance_path().as_str()),
        error.kind().keyword()
    );
    for line in lines {
        detail.push_str(&format!("    {line}\n"));
    }
    Report { message, detail }
}

fn missing(error: &ValidationError<'_>, all: &[ValidationError<'_>]) -> (String, Vec<String>) {
    let name = |property: &Json| property.as_str().map_or_else(|| property.to_string(), str::to_owned);
    let mut names: Vec<String> = all
        .iter()
        .filter(|other| other.instance_path() == error.instance_path() && other.schema_path() == error.schema_path())
        .filter_map(|other| match other.kind() {
            Kind::Required { property } => Some(name(property)),
            _ => None,
        })
        .collect();
    names.sort();
    let missing = list(&names);
    (format!("object has missing required properties ({missing})"), vec![format!("missing: {missing}")])
}

/// The type's name as the draft has it.
fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

pub(super) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", quoted.join(","))
}

pub(super) fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
