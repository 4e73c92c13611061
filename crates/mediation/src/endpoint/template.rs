//! Endpoint templates (spec: services 4.11).

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use mi_xml::{Document, NodeId, NodeKind};

use super::Endpoint;
use crate::configuration::Configuration;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};
use crate::names::Name;

/// `<template name="…"><parameter name="…"/><endpoint>…`.
#[derive(Debug)]
pub struct EndpointTemplate {
    /// Its name.
    pub name: Name,
    /// Names of its parameters; `name` and `uri` are there without being declared.
    pub parameters: Vec<String>,
    document: Document,
    endpoint: NodeId,
    file: String,
}

impl EndpointTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When it has no name or no endpoint.
    pub fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "A template needs a name")?;
        let endpoint =
            element.child("endpoint").ok_or_else(|| element.error("A template needs an <endpoint> element"))?;
        let fragment = endpoint.fragment();
        let parameters = element.children_named("parameter").filter_map(|child| child.non_empty("name"));
        Ok(Self {
            name: Name::new(name),
            parameters: parameters.map(str::to_owned).collect(),
            document: fragment.document().clone(),
            endpoint: fragment.node(),
            file: element.file().to_owned(),
        })
    }

    /// The endpoint with each attribute or text that is exactly `$parameter` replaced.
    fn instantiate(&self, values: &[(String, String)], configuration: &Configuration) -> Result<Endpoint, DeployError> {
        let mut document = self.document.clone();
        let value_of = |text: &str| {
            let name = text.trim().strip_prefix('$')?;
            values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let nodes: Vec<NodeId> = document.descendants(self.endpoint).chain([self.endpoint]).collect();
        for node in nodes {
            match document.kind(node) {
                NodeKind::Element => {
                    let replaced: Vec<(String, String)> = document
                        .attributes(node)
                        .filter_map(|attribute| {
                            Some((attribute.name.local.to_owned(), value_of(attribute.value)?.to_owned()))
                        })
                        .collect();
                    for (name, value) in replaced {
                        document.set_attribute(node, "", "", &name, &value);
                    }
                }
                NodeKind::Text => {
                    let replaced = document.text(node).and_then(value_of).map(str::to_owned);
                    if let Some(value) = replaced {
                        document.set_text(node, &value);
                    }
                }
                _ => {}
            }
        }
        let definitions = Definitions::new(&configuration.environment, &configuration.settings);
        let element = Element::new(&document, self.endpoint, &self.file);
        Endpoint::parse(element.allowing_xpath2(configuration.settings.xpath_dom_failover), &definitions)
    }
}

/// `<endpoint template="T" name="…" uri="…"><parameter name="…" value="…"/></endpoint>`.
#[derive(Debug)]
pub struct TemplateUse {
    template: Name,
    values: Vec<(String, String)>,
    instance: RwLock<Option<Instance>>,
    told: OnceLock<()>,
}

/// The endpoint that was made, and the template that it was made of. It keeps its state while the template stays.
#[derive(Debug)]
struct Instance {
    of: Arc<EndpointTemplate>,
    endpoint: Arc<Endpoint>,
}

impl TemplateUse {
    /// Reads the use of a template.
    ///
    /// # Errors
    /// When a parameter has no name or value.
    pub fn parse(element: Element<'_>, template: &str) -> Result<Self, DeployError> {
        let mut values = Vec::new();
        for implicit in ["name", "uri"] {
            if let Some(value) = element.attribute(implicit) {
                values.push((implicit.to_owned(), value.to_owned()));
            }
        }
        for parameter in element.children_named("parameter") {
            let name = parameter.required("name", "A parameter needs a name")?;
            let value = parameter.attribute("value").ok_or_else(|| parameter.error("A parameter needs a value"))?;
            values.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self { template: Name::new(template), values, instance: RwLock::default(), told: OnceLock::new() })
    }

    /// The name of the template.
    pub fn template(&self) -> &Name {
        &self.template
    }

    /// The values of its parameters.
    pub fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// The endpoint that the template gives.
    ///
    /// # Errors
    /// A fault when there is no such template, or when what it gives is no endpoint.
    pub fn instance(&self, configuration: &Configuration) -> Result<Arc<Endpoint>, Fault> {
        let missing = || {
            let name = &self.template;
            Fault::with_code(codes::ENDPOINT_NOT_FOUND, format!("Template {name} not found for the template endpoint"))
        };
        let template = configuration.endpoint_templates.get(&self.template).ok_or_else(missing)?;
        let known = self.instance.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(instance) = known.as_ref().filter(|instance| Arc::ptr_eq(&instance.of, template)) {
            return Ok(instance.endpoint.clone());
        }
        drop(known);
        let endpoint = template.instantiate(&self.values, configuration).map_err(|error| {
            if self.told.set(()).is_ok() {
                tracing::error!(target: "org.apache.synapse.endpoints.TemplateEndpoint", "{error}");
            }
            Fault::with_code(codes::ENDPOINT_NOT_FOUND, error.message())
        })?;
        let endpoint = Arc::new(endpoint);
        *self.instance.write().unwrap_or_else(PoisonError::into_inner) =
            Some(Instance { of: template.clone(), endpoint: endpoint.clone() });
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use crate::endpoint::Endpoint;
    use crate::testing;

    #[tokio::test]
    async fn templates_give_the_members_of_a_group() {
        let template = "<template name='t'><parameter name='time'/><endpoint name='x'><address uri='$uri'>\
            <suspendDurationOnFailure>$time</suspendDurationOnFailure></address></endpoint></template>";
        let member = |uri: &str| {
            format!("<endpoint template='t' uri='http://{uri}'><parameter name='time' value='60'/></endpoint>")
        };
        let text = format!(
            "<endpoint name='g'><loadbalance>{}{}</loadbalance></endpoint>",
            member("refused/"),
            member("echo/2")
        );
        let context = testing::context_of_artifacts(&[template, &text]);
        let group = context.configuration.find_endpoint("g").expect("deployed");
        let mut context = testing::with_body(context, "text/plain", b"x");
        group.send(&mut context).await.expect("an answer");
        assert_eq!(context.headers["x-url"], "http://echo/2");
        // The instance keeps its state: the first member is suspended.
        let ready: Vec<_> = group.children().iter().map(|child| Endpoint::is_ready(child, &context)).collect();
        assert_eq!(ready, [false, true]);
    }
}
