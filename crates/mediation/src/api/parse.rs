//! Reading `<api>` (spec: services 1.1 and 1.2).

use std::sync::Arc;

use http::Method;
use mi_payload::java::JavaRegex;

use super::cors::CorsRules;
use super::uri_template::UriTemplate;
use super::url_mapping::UrlMapping;
use super::{Api, Binding, Handler, Resource, TransportFilter, Version};
use crate::context::{FaultHandler, Origin, OriginKind};
use crate::definition::{Definitions, DeployError, Element};
use crate::names::Name;
use crate::sequence::{Sequence, SequenceRef};

impl Api {
    /// Reads an API.
    ///
    /// # Errors
    /// What is wrong with it, its resources or a mediator in them.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "Attribute 'name' is required for an API definition")?;
        let context = element.required("context", "Attribute 'context' is required for an API definition")?;
        if !context.starts_with('/') {
            return Err(element.attribute_error("context", "API context must begin with '/' character"));
        }
        let version = version(element)?;
        let mut context = context.trim_end_matches('/').to_owned();
        if let Some(version) = version.as_ref().filter(|version| !version.in_url) {
            context = context.replace("{version}", &version.text);
        }
        let key = match &version {
            Some(version) => format!("{name}:v{}", version.text),
            None => name.to_owned(),
        };
        let resources = element
            .children_named("resource")
            .map(|child| Resource::parse(child, definitions))
            .collect::<Result<Vec<_>, _>>()?;
        let binds_to = list(element.attribute("binds-to"));
        check_resources(element, &resources, &binds_to)?;
        Ok(Self {
            origin: Arc::new(Origin::new(OriginKind::Api, key)),
            name: name.into(),
            context: context.into(),
            version,
            host: element.non_empty("hostname").map(str::to_owned),
            port: port(element)?,
            transport: transport(element, "transports")?,
            binds_to,
            swagger: element.non_empty("publishSwagger").map(str::to_owned),
            resources,
            handlers: handlers(element)?,
        })
    }
}

fn version(element: Element<'_>) -> Result<Option<Version>, DeployError> {
    let Some(text) = element.non_empty("version") else { return Ok(None) };
    match element.non_empty("version-type") {
        None => Err(element.error("Attribute 'version-type' is required for an API definition")),
        Some(kind @ ("url" | "context")) => Ok(Some(Version { text: text.into(), in_url: kind == "url" })),
        Some(other) => Err(element
            .attribute_error("version-type", format!("Invalid version-type '{other}'"))
            .hint("'url' or 'context' is expected")),
    }
}

fn port(element: Element<'_>) -> Result<Option<u16>, DeployError> {
    let number = element.integer("port")?;
    let in_range =
        |number| u16::try_from(number).map_err(|_| element.attribute_error("port", "The port is out of range"));
    number.map(in_range).transpose()
}

fn transport(element: Element<'_>, attribute: &str) -> Result<Option<TransportFilter>, DeployError> {
    match element.non_empty(attribute).map(str::trim) {
        None => Ok(None),
        Some("http") => Ok(Some(TransportFilter::Http)),
        Some("https") => Ok(Some(TransportFilter::Https)),
        Some("http,https" | "https,http" | "http https" | "https http" | "http, https") => Ok(None),
        Some(other) => Err(element
            .attribute_error(attribute, format!("Invalid protocol name: {other}"))
            .hint("'http' or 'https' is expected")),
    }
}

fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',').map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn check_resources(element: Element<'_>, resources: &[Resource], binds_to: &[String]) -> Result<(), DeployError> {
    if resources.is_empty() {
        return Err(element.error("An API must contain at least one resource definition"));
    }
    if resources.iter().filter(|resource| matches!(resource.binding, Binding::Default)).count() > 1 {
        return Err(element.error("Only one resource can be designated as default"));
    }
    for (at, resource) in resources.iter().enumerate() {
        let allowed = |name: &String| binds_to.contains(name) || (binds_to.is_empty() && name == "default");
        if !resource.binds_to.iter().all(allowed) {
            return Err(
                element.error("A resource definition's 'binds-to' must be a subset of its API definition's 'binds-to'")
            );
        }
        let clash = resources[..at].iter().any(|other| {
            let same_path =
                resource.binding.pattern().is_some() && resource.binding.pattern() == other.binding.pattern();
            let common = |method: &Method| other.takes(method);
            let methods =
                resource.methods.is_empty() || other.methods.is_empty() || resource.methods.iter().any(common);
            same_path
                && methods
                && resource.protocol == other.protocol
                && resource.content_type == other.content_type
                && resource.binds_to == other.binds_to
                && resource.user_agent.as_ref().map(JavaRegex::pattern)
                    == other.user_agent.as_ref().map(JavaRegex::pattern)
        });
        if clash {
            return Err(element.error("Two resources cannot have the same path mapping and methods"));
        }
    }
    Ok(())
}

impl Resource {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let binding = if let Some(mapping) = element.non_empty("url-mapping") {
            Binding::Mapping(UrlMapping::parse(mapping))
        } else if let Some(template) = element.non_empty("uri-template") {
            let position = element.document().attribute_position(element.node(), "uri-template");
            Binding::Template(UriTemplate::parse(template).map_err(|error| error.at(element.file(), position))?)
        } else {
            Binding::Default
        };
        let fault_handler = match element.non_empty("faultSequence") {
            Some(name) => Some(FaultHandler::Named(Name::new(name))),
            None => match element.child("faultSequence") {
                Some(child) => Some(FaultHandler::Inline(Arc::new(Sequence::inline(child, definitions)?))),
                None => None,
            },
        };
        Ok(Self {
            methods: methods(element)?,
            binding,
            protocol: transport(element, "protocol")?,
            content_type: element.non_empty("content-type").map(str::to_owned),
            user_agent: user_agent(element)?,
            binds_to: list(element.attribute("binds-to")),
            in_sequence: SequenceRef::attribute_or_child(element, "inSequence", "inSequence", definitions)?,
            out_sequence: SequenceRef::attribute_or_child(element, "outSequence", "outSequence", definitions)?,
            fault_handler,
        })
    }
}

fn methods(element: Element<'_>) -> Result<Vec<Method>, DeployError> {
    let mut methods = Vec::new();
    for word in element.attribute("methods").unwrap_or_default().split_ascii_whitespace() {
        let known = matches!(word, "GET" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH");
        let method = Method::from_bytes(word.as_bytes()).ok().filter(|method| known && !methods.contains(method));
        methods.push(method.ok_or_else(|| {
            element
                .attribute_error("methods", "Invalid or duplicate method definition for resource")
                .hint(format!("found '{word}'; allowed are GET POST PUT DELETE OPTIONS HEAD PATCH, once each"))
        })?);
    }
    Ok(methods)
}

fn user_agent(element: Element<'_>) -> Result<Option<JavaRegex>, DeployError> {
    let Some(pattern) = element.non_empty("user-agent") else { return Ok(None) };
    JavaRegex::new(pattern).map(Some).map_err(|error| {
        element.attribute_error("user-agent", format!("Invalid regular expression : {pattern}")).hint(error.message)
    })
}

fn handlers(element: Element<'_>) -> Result<Vec<Handler>, DeployError> {
    let Some(list) = element.child("handlers") else { return Ok(Vec::new()) };
    list.children_named("handler").map(handler).collect()
}

/// Classes of the product, under the package of today and that of its predecessor.
fn handler(element: Element<'_>) -> Result<Handler, DeployError> {
    let class = element.required("class", "A class name is required for an API handler")?;
    let property = |name: &str| {
        let found = element.children_named("property").find(|child| child.attribute("name") == Some(name));
        found.and_then(|child| child.attribute("value")).map(str::trim).map(str::to_owned)
    };
    let package = class.rsplit_once('.').map_or("", |(package, _)| package);
    let known = ["org.wso2.micro.integrator.security.handler", "org.wso2.carbon.integrator.core.handler"];
    match class.rsplit('.').next() {
        Some("RESTBasicAuthHandler") if known.contains(&package) => Ok(Handler::BasicAuth),
        Some("CORSRequestHandler") if known.contains(&package) => Ok(Handler::Cors(CorsRules {
            origins: self::list(property("allowedOrigins").as_deref()),
            headers: property("allowHeaders").unwrap_or_default(),
            methods: property("allowedMethods"),
            max_age: property("maxAge"),
            credentials: property("allowCredentials").is_some_and(|value| value == "true"),
        })),
        _ => Err(element.attribute_error("class", format!("Error loading class : {class} - Class not found")).hint(
            "handlers that are Java classes cannot run here; RESTBasicAuthHandler and CORSRequestHandler are built in",
        )),
    }
}
