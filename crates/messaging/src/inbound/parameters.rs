//! The parameters of an endpoint, with where they stand for what is wrong with them (spec: tasks 4.1).

use mi_mediation::{Definitions, DeployError, Element};

/// See the module's documentation.
pub(super) struct Parameters<'a> {
    endpoint: Element<'a>,
    all: Vec<Parameter<'a>>,
}

struct Parameter<'a> {
    name: &'a str,
    value: String,
    element: Element<'a>,
}

impl<'a> Parameters<'a> {
    /// Reads them: the text of a registry resource for those with a `key`, a child element as XML, else the text with
    /// references to the environment and secrets resolved.
    pub(super) fn read(endpoint: Element<'a>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let mut all = Vec::new();
        for element in endpoint.child("parameters").into_iter().flat_map(|list| list.children_named("parameter")) {
            let name = element.required("name", "Inbound Endpoint parameter name is required")?;
            let value = match (element.non_empty("key"), element.first_child_fragment()) {
                (Some(key), _) => text_of_key(element, key, definitions)?,
                (None, Some(child)) => child.document().to_xml(child.node()),
                (None, None) => secrets(&definitions.resolve(element, element.text().trim())?, definitions),
            };
            all.push(Parameter { name: name.trim(), value, element });
        }
        Ok(Self { endpoint, all })
    }

    /// A parameter that is not empty. Of two with one name the last counts, as in MI's map.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.find(name).map(|parameter| parameter.value.as_str())
    }

    fn find(&self, name: &str) -> Option<&Parameter<'a>> {
        self.all.iter().rev().find(|parameter| parameter.name == name && !parameter.value.is_empty())
    }

    /// A parameter's element, for what is inside it.
    pub(super) fn element(&self, name: &str) -> Option<Element<'a>> {
        self.find(name).map(|parameter| parameter.element)
    }

    /// An error about a parameter, at its element or, when it is missing, at the endpoint's.
    pub(super) fn error(&self, name: &str, message: impl Into<String>) -> DeployError {
        self.place(name).error(message)
    }

    /// Where a parameter stands; the endpoint when it is missing.
    pub(super) fn place(&self, name: &str) -> Element<'a> {
        self.element(name).unwrap_or(self.endpoint)
    }
}

fn text_of_key(element: Element<'_>, key: &str, definitions: &Definitions<'_>) -> Result<String, DeployError> {
    match definitions.environment.resources.read(key) {
        Some(resource) => Ok(String::from_utf8_lossy(&resource.content).trim().to_owned()),
        None => Err(element.attribute_error("key", format!("The registry has no resource {key}"))),
    }
}

/// Puts secrets in the place of `{wso2:vault-lookup('alias')}` and `$secret{alias}`; those that nobody knows stay.
fn secrets(text: &str, definitions: &Definitions<'_>) -> String {
    let known = &definitions.environment.secrets;
    let mut out = text.to_owned();
    for (open, close) in [("{wso2:vault-lookup('", "')}"), ("$secret{", "}")] {
        let mut from = 0;
        while let Some(begin) = out.get(from..).and_then(|rest| rest.find(open)).map(|at| from + at) {
            let alias = begin + open.len();
            let Some(end) = out.get(alias..).and_then(|rest| rest.find(close)).map(|at| alias + at) else { break };
            match known.get(out.get(alias..end).unwrap_or_default()) {
                Some(secret) => {
                    out.replace_range(begin..end + close.len(), secret);
                    from = begin + secret.len();
                }
                None => from = end + close.len(),
            }
        }
    }
    out
}
