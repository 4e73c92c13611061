//! `<http>` endpoints (spec: services 4.3).

use http::Method;

use super::authentication::Authentication;
use super::expand::UrlTemplate;
use super::leaf::Leaf;

/// An HTTP endpoint.
#[derive(Debug)]
pub struct HttpEndpoint {
    /// Its `uri-template`.
    pub template: UrlTemplate,
    /// The method; the message's own without one.
    pub method: Option<Method>,
    /// How it says who it is.
    pub authentication: Option<Authentication>,
    /// Time limits, suspension, format.
    pub leaf: Leaf,
}
