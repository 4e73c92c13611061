//! REST APIs (spec: services part 1).
//!
//! Begin at [`Api`]; [`dispatch`] chooses API and resource for a request, [`uri_template`] and [`url_mapping`] match
//! paths, [`cors`] answers what browsers ask first.

pub mod cors;
pub mod dispatch;
mod parse;
pub mod uri_template;
pub mod url_mapping;

use std::sync::Arc;

use http::Method;

use crate::context::{FaultHandler, Origin};
use crate::sequence::SequenceRef;
pub use dispatch::{ApiTable, Dispatch};
use uri_template::UriTemplate;
use url_mapping::UrlMapping;

/// An API.
#[derive(Debug)]
pub struct Api {
    /// Its registry key, `Orders` or `Orders:v1`; it names itself by this in logs.
    pub origin: Arc<Origin>,
    /// The attribute `name`.
    pub name: Arc<str>,
    /// The context without trailing slashes; empty for `/`. A `{version}` in it has been replaced.
    pub context: Arc<str>,
    /// The version and how requests say it.
    pub version: Option<Version>,
    /// `hostname`: only requests to this host.
    pub host: Option<String>,
    /// `port`: only requests to this port.
    pub port: Option<u16>,
    /// `transports`: only over this one.
    pub transport: Option<TransportFilter>,
    /// `binds-to`: names of the listeners that it answers on.
    pub binds_to: Vec<String>,
    /// `publishSwagger`: registry key of its OpenAPI document.
    pub swagger: Option<String>,
    /// Its resources, in document order.
    pub resources: Vec<Resource>,
    /// Its handlers, in document order.
    pub handlers: Vec<Handler>,
}

/// A version of an API.
#[derive(Debug, Clone)]
pub struct Version {
    /// The version.
    pub text: Arc<str>,
    /// `version-type="url"`: the path segment after the context; otherwise it is part of the context.
    pub in_url: bool,
}

impl Version {
    /// The attribute `version-type`.
    pub fn strategy(&self) -> &'static str {
        if self.in_url { "url" } else { "context" }
    }
}

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportFilter {
    /// Only plain HTTP.
    Http,
    /// Only HTTPS.
    Https,
}

impl TransportFilter {
    /// Whether a request that is (not) `secure` passes.
    pub fn admits(self, secure: bool) -> bool {
        (self == Self::Https) == secure
    }
}

/// A resource of an API.
#[derive(Debug)]
pub struct Resource {
    /// The methods that it takes; empty means every one.
    pub methods: Vec<Method>,
    /// Which paths it takes.
    pub binding: Binding,
    /// `protocol`
    pub protocol: Option<TransportFilter>,
    /// `content-type`: the whole header, compared when there is a body.
    pub content_type: Option<String>,
    /// `user-agent`: a Java regular expression that must match the whole header.
    pub user_agent: Option<mi_payload::java::JavaRegex>,
    /// `binds-to`; empty inherits the API's.
    pub binds_to: Vec<String>,
    /// What mediates requests.
    pub in_sequence: Option<SequenceRef>,
    /// What mediates responses to a `send`.
    pub out_sequence: Option<SequenceRef>,
    /// What handles faults; the global `fault` without one.
    pub fault_handler: Option<FaultHandler>,
}

/// Which paths a resource takes.
#[derive(Debug)]
pub enum Binding {
    /// `uri-template`
    Template(UriTemplate),
    /// `url-mapping`
    Mapping(UrlMapping),
    /// Neither: the default resource, for all that no other takes.
    Default,
}

impl Binding {
    /// The template or mapping as written.
    pub fn pattern(&self) -> Option<&Arc<str>> {
        match self {
            Self::Template(template) => Some(template.text()),
            Self::Mapping(mapping) => Some(mapping.text()),
            Self::Default => None,
        }
    }
}

impl Resource {
    /// Whether it takes this method.
    pub fn takes(&self, method: &Method) -> bool {
        self.methods.is_empty() || self.methods.contains(method)
    }

    /// Whether `OPTIONS` is among its methods.
    pub fn lists_options(&self) -> bool {
        self.methods.contains(&Method::OPTIONS)
    }
}

/// A handler that sees requests before the resource is chosen.
#[derive(Debug, Clone)]
pub enum Handler {
    /// `RESTBasicAuthHandler`: 401 without credentials, 403 with wrong ones.
    BasicAuth,
    /// `CORSRequestHandler`: CORS by its own properties instead of the engine's.
    Cors(cors::CorsRules),
}

/// What was chosen for a request; properties are worked out from it.
#[derive(Debug, Clone)]
pub struct ApiMatch {
    /// The API.
    pub api: Arc<Api>,
    /// Its context.
    pub context: Arc<str>,
    /// Its version.
    pub version: Option<Arc<str>>,
    /// Its version strategy.
    pub version_type: Option<&'static str>,
    /// Where in the request's target the sub path begins: after the context, and after the version in the URL.
    pub sub_path_start: usize,
    /// The template or mapping of the resource.
    pub pattern: Option<Arc<str>>,
    /// Headers that answers of the API get from engine CORS.
    pub cors: Option<cors::Answer>,
}

impl ApiMatch {
    /// The path after context and version, query included; `/` when nothing is left.
    pub fn sub_path<'t>(&self, target: &'t str) -> &'t str {
        match target.get(self.sub_path_start..) {
            None | Some("") => "/",
            Some(rest) => rest,
        }
    }
}
