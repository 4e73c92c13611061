//! The connection of the HTTP connector: `<http.init>` of a local entry as an endpoint.

use std::sync::Arc;

use mi_payload::XmlFragment;
use mi_xml::{Document, NodeId, ParseOptions};

use crate::configuration::Configuration;
use crate::definition::{Definitions, Element, SYNAPSE_NAMESPACE};
use crate::endpoint::Endpoint;

/// The property that carries the URL to the endpoint while a request is made.
pub(super) const URL: &str = "uri.var.http_connector_url";

/// A connection.
pub(super) struct Connection {
    pub(super) base: String,
    pub(super) endpoint: Arc<Endpoint>,
}

/// The text of a child of `<http.init>`, unless it is empty.
struct Init<'a> {
    document: &'a Document,
    node: NodeId,
}

impl Init<'_> {
    fn text(&self, name: &str) -> Option<String> {
        let mut children = self.document.child_elements(self.node);
        let child = children.find(|&child| self.document.local_name(child) == name)?;
        let text = self.document.text_content(child).trim().to_owned();
        Some(text).filter(|text| !text.is_empty())
    }
}

impl Connection {
    /// The connection that an entry describes, for requests with this method.
    pub(super) fn of(fragment: &XmlFragment, method: &str, configuration: &Configuration) -> Result<Self, String> {
        let (document, node) = (fragment.document(), fragment.node());
        if document.local_name(node) != "http.init" {
            return Err(format!("the entry has <{}> where <http.init> is expected", document.local_name(node)));
        }
        let init = Init { document, node };
        let base = init.text("baseUrl").ok_or("<http.init> has no <baseUrl>")?;
        let text = endpoint(&init, method)?;
        let parsed = Document::parse(text.as_bytes(), &ParseOptions::artifact()).map_err(|error| error.to_string())?;
        let root = parsed.root_element().ok_or("it is empty")?;
        let definitions = Definitions::new(&configuration.environment, &configuration.settings);
        let endpoint = Endpoint::parse(Element::new(&parsed, root, "http.init"), &definitions);
        Ok(Self { base, endpoint: Arc::new(endpoint.map_err(|error| error.to_string())?) })
    }
}

/// The endpoint as an artifact would have it.
fn endpoint(init: &Init<'_>, method: &str) -> Result<String, String> {
    let name = init.text("name").unwrap_or_else(|| "HttpConnection".to_owned());
    let authentication = authentication(init)?;
    let timeout = match init.text("timeoutAction").map(|action| action.to_lowercase()).as_deref() {
        None | Some("never") => String::new(),
        Some(action) => {
            let duration = element("duration", init.text("timeoutDuration"));
            format!("<timeout>{duration}<responseAction>{action}</responseAction></timeout>")
        }
    };
    let suspend = [
        element("errorCodes", init.text("suspendErrorCodes")),
        element("initialDuration", init.text("suspendInitialDuration")),
        element("maximumDuration", init.text("suspendMaximumDuration")),
        element("progressionFactor", init.text("suspendProgressionFactor")),
    ];
    let retry = [
        element("errorCodes", init.text("timeoutErrorCodes").or(init.text("retryErrorCodes"))),
        element("retriesBeforeSuspension", init.text("retryCount")),
        element("retryDelay", init.text("retryDelay")),
    ];
    Ok(format!(
        "<endpoint xmlns=\"{SYNAPSE_NAMESPACE}\" name=\"{}\"><http method=\"{method}\" uri-template=\"{{+{URL}}}\">{timeout}\
         <suspendOnFailure>{}</suspendOnFailure><markForSuspension>{}</markForSuspension>{authentication}</http></endpoint>",
        escaped(&name),
        suspend.concat(),
        retry.concat()
    ))
}

/// `<authentication>` of the endpoint.
fn authentication(init: &Init<'_>) -> Result<String, String> {
    let kind = init.text("authType").map(|kind| kind.to_lowercase());
    let credentials = match kind.as_deref() {
        None | Some("none") => return Ok(String::new()),
        Some("basic auth" | "basic") => {
            // The longer names are those of the connector's first version.
            let user = init.text("username").or(init.text("basicCredentialsUsername"));
            let password = init.text("password").or(init.text("basicCredentialsPassword"));
            format!("<basicAuth>{}{}</basicAuth>", element("username", user), element("password", password))
        }
        Some("oauth") => format!("<oauth>{}</oauth>", grant(init)?),
        Some(other) => return Err(format!("the authType '{other}' is not one of None, Basic Auth and OAuth")),
    };
    Ok(format!("<authentication>{credentials}</authentication>"))
}

/// How tokens are got.
fn grant(init: &Init<'_>) -> Result<String, String> {
    let kind = init.text("oauthGrantType").unwrap_or_default();
    let (grant, own): (_, &[&str]) = match kind.to_lowercase().as_str() {
        "authorization code" => ("authorizationCode", &["refreshToken"]),
        "client credentials" => ("clientCredentials", &[]),
        "password" => ("passwordCredentials", &["username", "password"]),
        _ => {
            let known = "Authorization Code, Client Credentials and Password";
            return Err(format!("the oauthGrantType '{kind}' is not one of {known}"));
        }
    };
    let names = own.iter().chain(&["clientId", "clientSecret", "tokenUrl"]);
    let values: String = names.map(|name| element(name, init.text(name))).collect();
    let mode = element("authMode", init.text("oauthAuthorizationMode"));
    let timeout = element("socketTimeout", init.text("oauthSocketTimeout"));
    // `name:value,name:value`; what is anything else is passed over, as in MI.
    let parameters = init.text("additionalProperties").unwrap_or_default();
    let parameters = parameters.split(',').filter_map(|pair| match pair.split(':').collect::<Vec<_>>().as_slice() {
        [name, value] => {
            Some(format!("<parameter name=\"{}\">{}</parameter>", escaped(name.trim()), escaped(value.trim())))
        }
        _ => None,
    });
    let parameters: String = parameters.collect();
    Ok(format!("<{grant}>{values}{mode}{timeout}<requestParameters>{parameters}</requestParameters></{grant}>"))
}

fn element(name: &str, value: Option<String>) -> String {
    value.map(|value| format!("<{name}>{}</{name}>", escaped(&value))).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
