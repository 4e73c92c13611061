//! `<inboundEndpoint>`: its reading (spec: tasks 4.1).

use std::sync::Arc;

use mi_mediation::names::Name;
use mi_mediation::{Definitions, DeployError, Element};

use super::http::HttpSettings;
use super::parameters::Parameters;
use crate::files::FileSettings;

/// The protocols that run here.
const HERE: &str = "file, http and https";
/// The others that MI has.
const ELSEWHERE: [&str; 10] = ["jms", "hl7", "kafka", "mqtt", "rabbitmq", "ws", "wss", "grpc", "httpws", "httpswss"];

/// An inbound endpoint.
#[derive(Debug)]
pub struct InboundArtifact {
    /// Its name.
    pub name: Arc<str>,
    /// `sequence`: what its messages run through.
    pub sequence: Option<Name>,
    /// `onError`: what handles their faults.
    pub on_error: Option<Name>,
    /// `suspend`: it does not begin by itself, when nobody has said otherwise.
    pub suspended: bool,
    /// What it does.
    pub kind: InboundKind,
}

/// Kinds of endpoints.
#[derive(Debug)]
pub enum InboundKind {
    /// A port for HTTP or HTTPS, open on every node.
    Http(Box<HttpSettings>),
    /// Looks for files, on one node.
    File(FileEndpoint),
}

/// What a `file` endpoint says beside where its files are.
#[derive(Debug)]
pub struct FileEndpoint {
    /// Where they are, and what becomes of them.
    pub files: Arc<FileSettings>,
    /// `sequential` (true): the next file waits until this one has been mediated.
    pub sequential: bool,
    /// `coordination` (true): in a cluster one node looks; otherwise every node does.
    pub coordinated: bool,
}

impl FileEndpoint {
    fn read(name: &str, parameters: &Parameters<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let read = FileSettings::of_inbound(name, &|name| parameters.text(name));
        let (files, warnings) = read.map_err(|wrong| {
            let error = parameters.error(&wrong.parameter, wrong.message);
            match wrong.hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?;
        for wrong in warnings {
            definitions.warn(parameters.place(&wrong.parameter), wrong.message);
        }
        // As Java reads them: anything but `true` is false.
        let flag = |name| parameters.text(name).is_none_or(|text| text.trim().eq_ignore_ascii_case("true"));
        Ok(Self { files: Arc::new(files), sequential: flag("sequential"), coordinated: flag("coordination") })
    }
}

impl InboundArtifact {
    /// Reads an endpoint.
    ///
    /// # Errors
    /// What is wrong with it, and protocols and classes that do not run here.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "Inbound Endpoint name cannot be null")?;
        let protocol = protocol(element, name)?;
        if element.child("handlers").is_some_and(|handlers| handlers.children().next().is_some()) {
            let error = element.error(format!("The handlers of the Inbound Endpoint {name} cannot be used"));
            return Err(error.hint("they are Java classes; remove <handlers>"));
        }
        let parameters = Parameters::read(element, definitions)?;
        let kind = match protocol {
            "http" => InboundKind::Http(Box::new(HttpSettings::read(&parameters, false, definitions)?)),
            "https" => InboundKind::Http(Box::new(HttpSettings::read(&parameters, true, definitions)?)),
            _ => InboundKind::File(FileEndpoint::read(name, &parameters, definitions)?),
        };
        let sequence = element.non_empty("sequence").map(str::trim);
        if sequence.is_none() && matches!(kind, InboundKind::File(_)) {
            return Err(element.error(format!("The Inbound Endpoint {name} has no sequence for its messages")));
        }
        Ok(Self {
            name: name.into(),
            sequence: sequence.map(Name::new),
            on_error: element.non_empty("onError").map(|name| Name::new(name.trim())),
            suspended: element.attribute("suspend").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")),
            kind,
        })
    }
}

/// The protocol, which wins over the class.
fn protocol<'a>(element: Element<'a>, name: &str) -> Result<&'a str, DeployError> {
    let hint = format!("the protocols that run here are {HERE}");
    let Some(protocol) = element.non_empty("protocol") else {
        let Some(class) = element.non_empty("class") else {
            let message = format!("Protocol or Class should be specified for Inbound Endpoint {name}");
            return Err(element.error(message).hint(hint));
        };
        let message = format!("Class {class} not found. Please check the required class is added to the classpath.");
        let error = element.attribute_error("class", message);
        return Err(error.hint(format!("Java classes cannot run here; {hint}")));
    };
    if ["file", "http", "https"].contains(&protocol) {
        return Ok(protocol);
    }
    let message = if ELSEWHERE.contains(&protocol) {
        format!("The protocol {protocol} of the Inbound Endpoint {name} does not run here yet")
    } else {
        format!("The Inbound Endpoint {name} has the unknown protocol {protocol:?}")
    };
    Err(element.attribute_error("protocol", message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(attributes: &str, parameters: &[(&str, &str)]) -> Result<InboundArtifact, DeployError> {
        let parameters: String =
            parameters.iter().map(|(name, value)| format!("<parameter name='{name}'>{value}</parameter>")).collect();
        let text = format!("<inboundEndpoint {attributes}>\n<parameters>{parameters}</parameters></inboundEndpoint>");
        testing::with_definitions(&text, InboundArtifact::parse)
    }

    #[test]
    fn an_http_endpoint_needs_no_sequence_and_begins_by_itself() {
        let endpoint = parse("name='i' protocol='http'", &[("inbound.http.port", "8697")]).expect("well made");
        assert_eq!((&*endpoint.name, endpoint.sequence.is_some(), endpoint.suspended), ("i", false, false));
        let InboundKind::Http(http) = &endpoint.kind else { panic!("it is http") };
        assert_eq!((http.port, http.tls.is_some(), http.pattern.is_some()), (8697, false, false));
    }

    #[test]
    fn what_does_not_run_here_is_refused_with_what_does() {
        for (attributes, text) in [
            ("name='i' protocol='jms'", "The protocol jms of the Inbound Endpoint i does not run here yet"),
            ("name='i' protocol='FILE'", "the unknown protocol \"FILE\""),
            ("name='i'", "Protocol or Class should be specified for Inbound Endpoint i"),
            ("name='i' class='com.example.Mine'", "Class com.example.Mine not found"),
        ] {
            let error = parse(attributes, &[]).expect_err("refused").to_string();
            assert!(error.contains(text) && error.contains("file, http and https"), "{error}");
            assert!(error.starts_with("test:1:"), "{error}");
        }
    }

    #[test]
    fn wrong_parameters_are_refused_where_they_stand() {
        let error = parse("name='i' protocol='http'", &[("inbound.http.port", "x")]).expect_err("no port").to_string();
        assert!(error.starts_with("test:2:") && error.contains("port number as integer"), "{error}");
        let error = parse("name='i' protocol='http'", &[]).expect_err("no port").to_string();
        assert!(error.contains("inbound.http.port"), "{error}");
        let pattern = [("inbound.http.port", "1"), ("dispatch.filter.pattern", "(")];
        let error = parse("name='i' protocol='http'", &pattern).expect_err("no pattern").to_string();
        assert!(error.contains("dispatch.filter.pattern"), "{error}");
        let error = parse("name='i' protocol='file' sequence='s'", &[("interval", "1s")]).expect_err("no number");
        assert!(error.to_string().contains("Invalid numeric value for interval."), "{error}");
    }

    #[test]
    fn keys_of_the_registry_must_be_there() {
        let text = "<inboundEndpoint name='i' protocol='http'><parameters><parameter name='inbound.http.port' \
                    key='conf:port'/></parameters></inboundEndpoint>";
        let error = testing::with_definitions(text, InboundArtifact::parse).expect_err("no resource");
        assert!(error.to_string().contains("conf:port"), "{error}");
    }

    #[test]
    fn an_https_endpoint_has_stores() {
        let stores = [
            ("inbound.http.port", "8698"),
            (
                "keystore",
                "<KeyStore><Location>repository/k.jks</Location><Type>JKS</Type><Password>p</Password><KeyPassword>k</KeyPassword></KeyStore>",
            ),
            ("SSLVerifyClient", "require"),
            ("HttpsProtocols", "TLSv1.2, TLSv1.3"),
        ];
        let endpoint = parse("name='i' protocol='https' suspend='true'", &stores).expect("well made");
        assert!(endpoint.suspended);
        let InboundKind::Http(http) = &endpoint.kind else { panic!("it is https") };
        let tls = http.tls.as_ref().expect("it is https");
        let store = tls.keystore.as_ref().expect("a store");
        assert_eq!((store.location.as_str(), store.kind.as_str()), ("repository/k.jks", "JKS"));
        assert_eq!((store.password.as_str(), store.key_password.as_str()), ("p", "k"));
        assert_eq!(tls.verify_client, super::super::VerifyClient::Require);
        assert_eq!(tls.protocols, ["TLSv1.2", "TLSv1.3"]);
        assert!(!format!("{tls:?}").contains("\"p\""), "a password is shown");
    }
}
