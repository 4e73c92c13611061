//! Cross-origin requests: what the engine answers by itself (spec: services 1.8) and the rules of `CORSRequestHandler`
//! (1.9).

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN,
};

/// Who may call from where.
#[derive(Debug, Clone, Default)]
pub struct CorsRules {
    /// Origins; `*` inside one stands for any text.
    pub origins: Vec<String>,
    /// `Access-Control-Allow-Headers`.
    pub headers: String,
    /// `Access-Control-Allow-Methods`; the resource's own methods without.
    pub methods: Option<String>,
    /// `Access-Control-Max-Age`, seconds.
    pub max_age: Option<String>,
    /// `Access-Control-Allow-Credentials`.
    pub credentials: bool,
}

/// Headers for an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The origin that is allowed; empty when none is.
    pub origin: String,
    /// Methods.
    pub methods: String,
    /// Headers.
    pub headers: String,
    /// Seconds that a browser may remember the answer.
    pub max_age: Option<String>,
    /// Credentials are allowed.
    pub credentials: bool,
}

impl CorsRules {
    /// The origin to answer with: `*`, the request's own, or none.
    pub fn allowed_origin(&self, request: &HeaderMap) -> Option<String> {
        let origin = request.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        if self.origins.iter().any(|allowed| allowed == "*") {
            // With credentials a browser refuses `*`.
            return Some(match origin {
                Some(origin) if self.credentials => origin.to_owned(),
                _ => "*".to_owned(),
            });
        }
        let origin = origin?;
        self.origins.iter().any(|allowed| wildcard(allowed, origin)).then(|| origin.to_owned())
    }

    /// The answer to a request for a resource with these methods.
    pub fn answer(&self, request: &HeaderMap, methods: &str) -> Answer {
        Answer {
            origin: self.allowed_origin(request).unwrap_or_default(),
            methods: self.methods.clone().unwrap_or_else(|| methods.to_owned()),
            headers: self.headers.clone(),
            max_age: self.max_age.clone(),
            credentials: self.credentials,
        }
    }
}

impl Answer {
    /// Whether the request's origin may call.
    pub fn is_allowed(&self) -> bool {
        !self.origin.is_empty()
    }

    /// Writes the headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let mut set = |name, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        set(ACCESS_CONTROL_ALLOW_ORIGIN, &self.origin);
        set(ACCESS_CONTROL_ALLOW_METHODS, &self.methods);
        set(ACCESS_CONTROL_ALLOW_HEADERS, &self.headers);
        if let Some(age) = &self.max_age {
            set(ACCESS_CONTROL_MAX_AGE, age);
        }
        if self.credentials {
            set(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
    }
}

fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => {
            let Some(rest) = text.strip_prefix(before) else { return false };
            if after.is_empty() {
                return true;
            }
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| wildcard(after, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_str(origin).expect("a value"));
        headers
    }

    #[test]
    fn allows_listed_origins_only() {
        let rules = CorsRules { origins: vec!["https://*.acme.com".into(), "http://a".into()], ..Default::default() };
        assert_eq!(rules.allowed_origin(&from("https://x.acme.com")).as_deref(), Some("https://x.acme.com"));
        assert_eq!(rules.allowed_origin(&from("http://a")).as_deref(), Some("http://a"));
        assert_eq!(rules.allowed_origin(&from("http://b")), None);
        assert_eq!(rules.allowed_origin(&HeaderMap::new()), None);
    }

    #[test]
    fn a_star_with_credentials_names_the_origin() {
        let mut rules = CorsRules { origins: vec!["*".into()], ..Default::default() };
        assert_eq!(rules.allowed_origin(&from("http://a")).as_deref(), Some("*"));
        rules.credentials = true;
        assert_eq!(rules.allowed_origin(&from("http://a")).as_deref(), Some("http://a"));
    }
}
