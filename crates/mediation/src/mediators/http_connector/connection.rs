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
    let element = |name: &str, value: Option<String>| {
        value.map(|value| format!("<{name}>{}</{name}>", escaped(&value))).unwrap_or_default()
    };
    let authentication = match init.text("authType").as_deref().map(str::to_lowercase).as_deref() {
        None | Some("none") => String::new(),
        Some("basic auth" | "basic") => {
            let user = init.text("basicCredentialsUsername").unwrap_or_default();
            let password = init.text("basicCredentialsPassword").unwrap_or_default();
            format!(
                "<authentication><basicAuth><username>{}</username><password>{}</password></basicAuth></authentication>",
                escaped(&user),
                escaped(&password)
            )
        }
        Some(other) => return Err(format!("the authType '{other}' is not here; None and Basic Auth are")),
    };
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
