//! Choosing API and resource for a request (spec: services 1.3 and 1.5).

use std::sync::Arc;

use http::Method;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};

use super::uri_template::Bindings;
use super::url_mapping::Fit;
use super::{Api, Binding, Resource};

/// All APIs, longest context first.
#[derive(Debug, Default)]
pub struct ApiTable {
    apis: Vec<Arc<Api>>,
}

/// What a request says that matters for dispatch.
#[derive(Debug, Clone, Copy)]
pub struct RequestView<'a> {
    /// Path and query.
    pub target: &'a str,
    /// The method.
    pub method: &'a Method,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// It came over TLS.
    pub secure: bool,
    /// The listener that took it.
    pub listener: &'a str,
    /// It has a body.
    pub has_body: bool,
}

/// Which resource takes a request, or why none does.
#[derive(Debug)]
pub enum Dispatch<'a> {
    /// This one.
    Resource {
        /// The resource.
        resource: &'a Resource,
        /// The values of its template's variables.
        bindings: Bindings,
    },
    /// No resource has such a path: 404.
    NotFound,
    /// One has, but not this method: 405.
    MethodNotAllowed,
    /// One has path and method, but protocol, content type or user agent do not fit: 400.
    BadRequest,
}

impl ApiTable {
    /// A table of `apis`.
    pub fn new(mut apis: Vec<Arc<Api>>) -> Self {
        apis.sort_by_key(|api| std::cmp::Reverse(api.context.len()));
        Self { apis }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Api>> {
        self.apis.iter()
    }

    /// The API that takes a request, and where the sub path begins in its target. Versioned APIs are asked first, longest
    /// context first in both rounds.
    pub fn find(&self, request: &RequestView<'_>) -> Option<(&Arc<Api>, usize)> {
        let round = |versioned: bool| {
            let mut candidates = self.apis.iter().filter(move |api| api.version.is_some() == versioned);
            candidates.find_map(|api| Some((api, api.takes(request)?)))
        };
        round(true).or_else(|| round(false))
    }
}

impl Api {
    /// Where the sub path begins, if the API takes the request.
    fn takes(&self, request: &RequestView<'_>) -> Option<usize> {
        let rest = request.target.strip_prefix(&*self.context)?;
        if !(rest.is_empty() || rest.starts_with('/') || rest.starts_with('?')) {
            return None;
        }
        let mut start = self.context.len();
        if let Some(version) = self.version.as_ref().filter(|version| version.in_url) {
            let segment = rest.strip_prefix('/')?;
            let end = segment.find(['/', '?']).unwrap_or(segment.len());
            if segment[..end] != *version.text {
                return None;
            }
            start += 1 + end;
        }
        if !self.host_fits(request) || !self.listener_fits(request.listener) {
            return None;
        }
        if let Some(transport) = self.transport
            && !transport.admits(request.secure)
        {
            tracing::warn!(
                target: "org.apache.synapse.api.API",
                "Trying to access API : {} on restricted transport chanel [{}]",
                self.name, if request.secure { "https" } else { "http" }
            );
            return None;
        }
        Some(start)
    }

    fn host_fits(&self, request: &RequestView<'_>) -> bool {
        if self.host.is_none() && self.port.is_none() {
            return true;
        }
        let Some(header) = request.headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
        let (host, port) = match header.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.parse().ok()),
            _ => (header, None),
        };
        let port = port.unwrap_or(if request.secure { 443 } else { 80 });
        self.host.as_deref().is_none_or(|wanted| wanted == host) && self.port.is_none_or(|wanted| wanted == port)
    }

    fn listener_fits(&self, listener: &str) -> bool {
        if self.binds_to.is_empty() { listener == "default" } else { self.binds_to.iter().any(|name| name == listener) }
    }

    /// The resource for a request, by its sub path.
    pub fn dispatch(&self, request: &RequestView<'_>, sub_path: &str, sub_delimiters: bool) -> Dispatch<'_> {
        let mut acceptable: Vec<&Resource> =
            self.resources.iter().filter(|resource| accepts(resource, request)).collect();
        if acceptable.is_empty() {
            let all: Vec<&Resource> = self.resources.iter().collect();
            return match by_path(&all, sub_path, sub_delimiters) {
                None => Dispatch::NotFound,
                Some((resource, _)) if !resource.takes(request.method) => Dispatch::MethodNotAllowed,
                Some(_) => Dispatch::BadRequest,
            };
        }
        if *request.method == Method::OPTIONS {
            // Resources that list nothing but OPTIONS come first.
            acceptable.sort_by_key(|resource| resource.methods != [Method::OPTIONS]);
        }
        match by_path(&acceptable, sub_path, sub_delimiters) {
            Some((resource, bindings)) => Dispatch::Resource { resource, bindings },
            None => Dispatch::NotFound,
        }
    }
}

/// Whether a resource accepts a request, its path aside.
fn accepts(resource: &Resource, request: &RequestView<'_>) -> bool {
    let listener = resource.binds_to.is_empty() || resource.binds_to.iter().any(|name| name == request.listener);
    if !listener || resource.protocol.is_some_and(|protocol| !protocol.admits(request.secure)) {
        return false;
    }
    if *request.method == Method::OPTIONS {
        return true;
    }
    if !resource.takes(request.method) {
        return false;
    }
    if let Some(wanted) = &resource.content_type
        && request.has_body
        && request.headers.get(CONTENT_TYPE).map(|value| value.as_bytes()) != Some(wanted.as_bytes())
    {
        return false;
    }
    if let Some(pattern) = &resource.user_agent {
        let agent = request.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        return pattern.matches(agent);
    }
    true
}

/// Mappings first (exact, longest prefix, extension), then templates in document order, then the default resource.
fn by_path<'r>(resources: &[&'r Resource], sub_path: &str, sub_delimiters: bool) -> Option<(&'r Resource, Bindings)> {
    let mut best: Option<(Fit, &Resource)> = None;
    for &resource in resources {
        if let Binding::Mapping(mapping) = &resource.binding
            && let Some(fit) = mapping.fit(sub_path)
            && best.is_none_or(|(known, _)| fit > known)
        {
            best = Some((fit, resource));
        }
    }
    if let Some((_, resource)) = best {
        return Some((resource, Bindings::new()));
    }
    let template = resources.iter().find_map(|&resource| match &resource.binding {
        Binding::Template(template) => Some((resource, template.matches(sub_path, sub_delimiters)?)),
        _ => None,
    });
    template.or_else(|| {
        let default = resources.iter().find(|resource| matches!(resource.binding, Binding::Default));
        default.map(|&resource| (resource, Bindings::new()))
    })
}
