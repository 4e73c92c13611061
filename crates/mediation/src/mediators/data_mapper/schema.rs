//! Schemas as the tooling writes them: JSON schema, with `attributes` and `value` for XML and a list of namespaces.

use serde_json::{Map, Value};

use super::Format;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How names are made names of variables.
const HYPHEN: &str = "_EnC0DeCHaRHyPh3n_";

/// What stands between the name of an element and the type that it is for.
pub(super) const TYPE_SEPARATOR: &str = "_Separat0r_";

/// A schema.
#[derive(Debug)]
pub(super) struct Schema {
    /// The name of the root, perhaps with a prefix.
    pub(super) title: String,
    /// The form that it says a message has.
    pub(super) format: Option<Format>,
    /// The namespaces by prefix, in their order.
    pub(super) namespaces: Vec<(String, String)>,
    /// The whole schema.
    pub(super) root: Map<String, Value>,
}

impl Schema {
    /// Reads a schema; `word` is the key that says the form of a message.
    pub(super) fn read(text: &str, word: &str) -> Result<Self, String> {
        let invalid = |reason: String| format!("Error while reading input stream. {reason}");
        let root: Map<String, Value> = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        let missing = "Invalid WSO2 Data Mapper JSON input schema, schema name not found.";
        let title = root.get("title").and_then(Value::as_str).ok_or(missing)?.to_owned();
        let format = root.get(word).and_then(Value::as_str).and_then(Format::of_name);
        let list = root.get("namespaces").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let namespace = |entry: &Value| {
            let part = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
            Some((part("prefix")?, part("url")?))
        };
        Ok(Self { title, format, namespaces: list.iter().filter_map(namespace).collect(), root })
    }

    /// The local part of the root's name.
    pub(super) fn local_title(&self) -> &str {
        self.title.rsplit(':').next().unwrap_or_default()
    }

    /// The namespace of a prefix.
    pub(super) fn namespace(&self, prefix: &str) -> Option<&str> {
        self.namespaces.iter().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str())
    }

    /// The prefixes of a namespace.
    pub(super) fn prefixes<'s>(&'s self, uri: &'s str) -> impl Iterator<Item = &'s str> {
        self.namespaces
            .iter()
            .filter(move |(_, known)| known == uri && !uri.is_empty())
            .map(|(prefix, _)| prefix.as_str())
    }

    /// The prefixes of the namespace of `xsi:type`.
    pub(super) fn xsi_prefixes(&self) -> impl Iterator<Item = &str> {
        self.prefixes(XSI)
    }

    /// Whether the root is the SOAP envelope.
    pub(super) fn is_envelope(&self) -> bool {
        let prefix = self.title.split_once(':').map_or("", |(prefix, _)| prefix);
        let soap = self.namespace(prefix).and_then(mi_payload::SoapVersion::of_namespace).is_some();
        self.local_title() == "Envelope" && (soap || prefix.eq_ignore_ascii_case("soapenv"))
    }
}

/// The members and attributes that a schema of an object has.
pub(super) fn member<'s>(schema: &'s Map<String, Value>, name: &str) -> Option<&'s Map<String, Value>> {
    let part = |part: &str| schema.get(part).and_then(Value::as_object).and_then(|members| members.get(name));
    part("properties").or_else(|| part("attributes")).and_then(Value::as_object)
}

/// The schema of the items of an array; tooling writes it as a list of one.
pub(super) fn items(schema: &Map<String, Value>) -> Option<&Map<String, Value>> {
    match schema.get("items")? {
        Value::Array(list) => list.first()?.as_object(),
        other => other.as_object(),
    }
}

/// The type of a schema, `null` when it has none.
pub(super) fn type_of(schema: &Map<String, Value>) -> &str {
    schema.get("type").and_then(Value::as_str).unwrap_or("null")
}

/// A text as a value of the schema's type.
pub(super) fn typed(text: &str, kind: &str) -> Result<Value, String> {
    match kind {
        "boolean" => Ok(Value::Bool(text.eq_ignore_ascii_case("true"))),
        "number" => {
            let number = text.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map(Value::Number).ok_or_else(|| format!("For input string: \"{text}\""))
        }
        "integer" => {
            let number = text.trim().parse::<i64>().map_err(|_| format!("For input string: \"{text}\""));
            number.map(Value::from)
        }
        _ => Ok(Value::from(text)),
    }
}

/// The title of a schema as scripts write it.
pub(super) fn variable_name(name: &str) -> String {
    name.replace([':', ',', '='], "_").replace('-', HYPHEN)
}

/// The name of a member as scripts write it: what follows a comma is the type that it is for.
pub(super) fn field_name(name: &str) -> String {
    variable_name(&name.replace(',', TYPE_SEPARATOR))
}

/// The other way, as far as it can be told.
pub(super) fn decode(text: &str) -> String {
    text.replace(HYPHEN, "-")
}
