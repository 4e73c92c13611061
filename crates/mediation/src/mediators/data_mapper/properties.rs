//! `DM_PROPERTIES`: properties of the message that a mapping names (`DM_PROPERTIES.SCOPE['name']`).

use serde_json::{Map, Value};

use super::LOG;
use crate::context::{MessageContext, Scope};

/// The properties that a script names, by scope.
#[derive(Debug, Default)]
pub(super) struct Properties(Vec<(String, String)>);

impl Properties {
    pub(super) fn find(source: &str) -> Self {
        let mut found = Vec::new();
        for part in source.split("DM_PROPERTIES.").skip(1) {
            let end = part.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(part.len());
            let (scope, rest) = part.split_at(end);
            let rest = rest.trim_start();
            let name = if let Some(rest) = rest.strip_prefix('[') {
                let rest = rest.trim_start();
                let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
                quote.and_then(|quote| rest.get(1..)?.split_once(quote)).map(|(name, _)| name)
            } else {
                rest.strip_prefix('.').map(|rest| {
                    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                    rest.split_at(end).0
                })
            };
            if let Some(name) = name {
                let pair = (scope.to_owned(), name.to_owned());
                if !found.contains(&pair) {
                    found.push(pair);
                }
            }
        }
        Self(found)
    }

    /// Their values in a message; what is not there is an empty text.
    pub(super) fn values(&self, context: &MessageContext) -> Value {
        let mut all = Map::new();
        for (scope, name) in &self.0 {
            let value = value(context, scope, name).unwrap_or_else(|| {
                tracing::warn!(
                    target: LOG, "{}{name} property not found in scope {scope}. Setting it to an empty value.",
                    context.log_prefix()
                );
                String::new()
            });
            let members = all.entry(scope.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(members) = members {
                members.insert(name.clone(), Value::from(value));
            }
        }
        Value::Object(all)
    }
}

fn value(context: &MessageContext, scope: &str, name: &str) -> Option<String> {
    let scope = match scope.to_ascii_uppercase().as_str() {
        "DEFAULT" | "SYNAPSE" => Scope::Default,
        "TRANSPORT" => Scope::Transport,
        "AXIS2" => Scope::Axis2,
        "AXIS2CLIENT" => Scope::Axis2Client,
        "OPERATION" => Scope::Operation,
        "FUNC" => return context.template_parameter(name).map(|value| value.string_value().into_owned()),
        _ => return None,
    };
    context.property(scope, name).map(|value| value.string_value().into_owned())
}

#[cfg(test)]
mod tests {
    use super::Properties;

    #[test]
    fn finds_what_a_script_names() {
        let source = "a = DM_PROPERTIES.DEFAULT['x'] + DM_PROPERTIES.TRANSPORT[\"X-Y\"] + DM_PROPERTIES.AXIS2.z;
            b = DM_PROPERTIES.DEFAULT['x'] + DM_PROPERTIES.FUNC[c] + DM_PROPERTIES.";
        let pairs: Vec<String> =
            Properties::find(source).0.iter().map(|(scope, name)| format!("{scope}/{name}")).collect();
        assert_eq!(pairs, ["DEFAULT/x", "TRANSPORT/X-Y", "AXIS2/z"]);
    }
}
