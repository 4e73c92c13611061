//! Reading `<endpoint>` (spec: services 4.1 to 4.7).

use std::time::Duration;

use http::Method;
use mi_expression::ValueExpression;
use mi_payload::{Charset, Packaging};

use super::expand::{AddressTemplate, UrlTemplate};
use super::leaf::{EndpointFormat, TimeLimit};
use super::state::Rules;
use super::ws_addressing::AddressingVersion;
use super::{
    AddressEndpoint, Authentication, Endpoint, EndpointKind, Failover, HttpEndpoint, Leaf, LoadBalance, RecipientList,
    TemplateUse, TimeoutAction, WsdlEndpoint,
};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediators::property::SetProperty;
use crate::names::Name;

impl Endpoint {
    /// Reads an endpoint.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let properties = element.children_named("property").map(|child| SetProperty::parse_child(child, definitions));
        let properties = properties.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            name: element.non_empty("name").map(Name::new),
            kind: kind(element, definitions)?,
            on_error: element.non_empty("onError").map(Name::new),
            properties,
        })
    }
}

fn kind(element: Element<'_>, definitions: &Definitions<'_>) -> Result<EndpointKind, DeployError> {
    if let Some(key) = element.non_empty("key") {
        return Ok(EndpointKind::Indirect(Name::new(key)));
    }
    if element.non_empty("key-expression").is_some() {
        let expression = element.expression("key-expression", "Couldn't create the XPath from the expression ")?;
        return match expression {
            Some(expression) => Ok(EndpointKind::Dynamic(ValueExpression::Dynamic(expression))),
            None => Err(element.error("Invalid endpoint configuration.")),
        };
    }
    if let Some(template) = element.non_empty("template") {
        return Ok(EndpointKind::Template(TemplateUse::parse(element, template)?));
    }
    if let Some(address) = element.child("address") {
        let uri = address.required("uri", "The 'uri' attribute is required for an address endpoint")?;
        let uri = AddressTemplate::parse(&definitions.resolve(address, uri.trim())?);
        return Ok(EndpointKind::Address(AddressEndpoint { uri, leaf: leaf(address, "Address", definitions)? }));
    }
    if let Some(wsdl) = element.child("wsdl") {
        let leaf = leaf(wsdl, "WSDL", definitions)?;
        return Ok(EndpointKind::Wsdl(WsdlEndpoint::parse(wsdl, leaf, definitions)?));
    }
    if let Some(default) = element.child("default") {
        return Ok(EndpointKind::Default(leaf(default, "Default", definitions)?));
    }
    if let Some(group) = element.child("loadbalance") {
        return Ok(EndpointKind::LoadBalance(LoadBalance::parse(group, element.child("session"), definitions)?));
    }
    if let Some(group) = element.child("failover") {
        return Ok(EndpointKind::Failover(Failover::parse(group, definitions)?));
    }
    if let Some(group) = element.child("recipientlist") {
        return Ok(EndpointKind::RecipientList(RecipientList::parse(group, definitions)?));
    }
    if let Some(http) = element.child("http") {
        let template =
            http.required("uri-template", "The 'uri-template' attribute is required for an HTTP endpoint")?;
        let template = UrlTemplate::parse(&definitions.resolve(http, template.trim())?);
        let method = http.attribute("method").map(|method| method.trim().to_ascii_uppercase());
        let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
        let method = method.filter(|method| known.contains(&method.as_str()));
        let method = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
        let authentication = Authentication::parse(http, definitions)?;
        let leaf = leaf(http, "HTTP", definitions)?;
        return Ok(EndpointKind::Http(HttpEndpoint { template, method, authentication, leaf }));
    }
    let found = element.children().map(Element::local).collect::<Vec<_>>().join(", ");
    Err(element.error("Invalid endpoint configuration.").hint(format!("found: {found}")))
}

fn leaf(element: Element<'_>, label: &'static str, definitions: &Definitions<'_>) -> Result<Leaf, DeployError> {
    let format = match element.attribute("format").map(str::trim) {
        None | Some("") => EndpointFormat::AsIs,
        Some("soap11") => EndpointFormat::Soap11,
        Some("soap12") => EndpointFormat::Soap12,
        Some("pox") => EndpointFormat::Pox,
        Some("get") => EndpointFormat::Get,
        Some("rest") => EndpointFormat::Rest,
        Some(other) => {
            return Err(element
                .attribute_error("format", format!("force value -\"{other}\" not yet implemented"))
                .hint("allowed are soap11, soap12, pox, get, rest"));
        }
    };
    let (duration, action) = timeout(element)?;
    let mut leaf = Leaf::new(label, format, duration, action, rules(element, definitions)?);
    leaf.addressing = AddressingVersion::parse(element)?;
    leaf.packaging = match element.non_empty("optimize").map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("mtom") => Some(Packaging::Mtom),
        Some("swa") => Some(Packaging::Swa),
        _ => None,
    };
    leaf.charset = match element.non_empty("encoding") {
        Some(label) => Some(Charset::of_label(label).ok_or_else(|| {
            let message = format!("unknown character set {label:?}");
            element
                .attribute_error("encoding", message)
                .hint("UTF-8, UTF-16 and ISO-8859-1 are among those that are known")
        })?),
        None => None,
    };
    Ok(leaf)
}

fn timeout(element: Element<'_>) -> Result<(Option<TimeLimit>, TimeoutAction), DeployError> {
    let Some(timeout) = element.child("timeout") else { return Ok((None, TimeoutAction::None)) };
    let duration = match timeout.child("duration").and_then(|child| Some((child, child.trimmed_text()?))) {
        None => None,
        Some((child, text)) => match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) => Some(TimeLimit::Dynamic(child.compile(inner, "", "Invalid timeout expression : ")?)),
            None => Some(TimeLimit::Fixed(Duration::from_millis(number(child, &text)?))),
        },
    };
    let action = match timeout.child("responseAction").and_then(|child| Some((child, child.trimmed_text()?))) {
        None => TimeoutAction::None,
        Some((_, action)) if action == "fault" => TimeoutAction::Fault,
        Some((_, action)) if action == "discard" => TimeoutAction::Discard,
        Some((child, action)) => {
            let message = format!("Invalid timeout action, action : {action} is not supported");
            return Err(child.error(message).hint("'fault' or 'discard' is expected; leave it out for none"));
        }
    };
    Ok((duration, action))
}

fn number<T: std::str::FromStr>(element: Element<'_>, text: &str) -> Result<T, DeployError> {
    text.trim().parse().map_err(|_| element.error(format!("Invalid value '{text}': a number is expected")))
}

fn rules(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Rules, DeployError> {
    let mut rules = Rules { initial: definitions.settings.suspend_duration, ..Rules::default() };
    let child_text = |parent: Element<'_>, name: &str| parent.child(name).and_then(Element::trimmed_text);
    if let Some(mark) = element.child("markForSuspension") {
        rules.timeout_codes = error_codes(mark)?;
        if let Some(text) = child_text(mark, "retriesBeforeSuspension") {
            rules.retries = number::<i64>(mark, &text)?.clamp(0, i64::from(u32::MAX)) as u32;
        }
        if let Some(text) = child_text(mark, "retryDelay") {
            rules.retry_delay = Duration::from_millis(number::<i64>(mark, &text)?.max(0).unsigned_abs());
        }
    }
    if let Some(suspend) = element.child("suspendOnFailure") {
        rules.suspend_codes = error_codes(suspend)?;
        if let Some(text) = child_text(suspend, "initialDuration") {
            // A negative duration means the default, as leaving it out does.
            if let Ok(millis) = u64::try_from(number::<i64>(suspend, &text)?) {
                rules.initial = Duration::from_millis(millis);
            }
        }
        if let Some(text) = child_text(suspend, "progressionFactor") {
            rules.factor = number::<f64>(suspend, &text)?.max(0.0);
        }
        if let Some(text) = child_text(suspend, "maximumDuration") {
            let millis = number::<i64>(suspend, &text)?;
            rules.maximum = u64::try_from(millis).map_or(Duration::MAX, Duration::from_millis);
        }
    }
    if let Some(retry) = element.child("retryConfig") {
        rules.retry_disabled = listed_codes(retry, "disabledErrorCodes")?;
        rules.retry_enabled = listed_codes(retry, "enabledErrorCodes")?;
    }
    if let Some(text) = child_text(element, "suspendDurationOnFailure") {
        rules.initial = Duration::from_secs(number::<u64>(element, &text)?);
    }
    Ok(rules)
}

fn error_codes(element: Element<'_>) -> Result<Vec<i32>, DeployError> {
    listed_codes(element, "errorCodes")
}

/// Comma-separated codes.
fn listed_codes(element: Element<'_>, name: &str) -> Result<Vec<i32>, DeployError> {
    let Some(child) = element.child(name) else { return Ok(Vec::new()) };
    let text = child.trimmed_text().unwrap_or_default();
    let codes = text.split(',').map(str::trim).filter(|code| !code.is_empty());
    codes.map(|code| number(child, code)).collect()
}
