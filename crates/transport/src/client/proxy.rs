//! HTTP proxies between the client and its destinations, and the rules that say which hosts are reached through one.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use super::destination::Scheme;

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `Proxy-Authorization`, if the proxy wants one.
    authorization: Option<HeaderValue>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the credentials.
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

impl Proxy {
    /// A proxy, with user name and password if it asks for them.
    pub fn new(host: &str, port: u16, credentials: Option<(&str, &str)>) -> Self {
        let authorization = credentials.and_then(|(user, password)| {
            let mut value =
                HeaderValue::try_from(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
            value.set_sensitive(true);
            Some(value)
        });
        Self { host: host.to_owned(), port, authorization }
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }
}

/// A proxy for some hosts (`[[transport.http.proxy_profile]]`).
#[derive(Debug, Clone)]
pub struct ProxyProfile {
    /// The hosts that it is for: names in which `*` stands for anything.
    pub target_hosts: Vec<String>,
    /// Hosts among them that are reached directly.
    pub bypass_hosts: Vec<String>,
    /// The proxy.
    pub proxy: Arc<Proxy>,
}

/// Which hosts are reached through which proxy. Nothing set means all directly.
#[derive(Debug, Clone, Default)]
pub struct ProxyRules {
    /// For `http` destinations without a profile (`http.proxyHost`).
    pub http: Option<Arc<Proxy>>,
    /// For `https` destinations without a profile.
    pub https: Option<Arc<Proxy>>,
    /// Hosts that are reached directly (`http.nonProxyHosts`): names in which `*` stands for anything.
    pub non_proxy_hosts: Vec<String>,
    /// Profiles, the first that fits counts; they go before the above.
    pub profiles: Vec<ProxyProfile>,
}

impl ProxyRules {
    /// The proxy for a host, if it is not to be reached directly.
    pub fn proxy_for(&self, scheme: Scheme, host: &str) -> Option<Arc<Proxy>> {
        let among = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, host));
        if let Some(profile) = self.profiles.iter().find(|profile| among(&profile.target_hosts)) {
            return (!among(&profile.bypass_hosts)).then(|| Arc::clone(&profile.proxy));
        }
        let proxy = match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.clone().filter(|_| !among(&self.non_proxy_hosts))
    }
}

/// Whether `host` fits `pattern`, in which `*` stands for anything, whatever the case.
fn matches(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.trim().to_ascii_lowercase(), host.to_ascii_lowercase());
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == host };
    let Some(mut left) = host.strip_prefix(begin) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        left = match (parts.peek(), left.find(part)) {
            (None, _) => return left.ends_with(part),
            (Some(_), None) => return false,
            (Some(_), Some(at)) => left.get(at + part.len()..).unwrap_or_default(),
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, host, fits) in [
            ("localhost", "LOCALHOST", true),
            ("localhost", "localhost2", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "example.org", false),
            ("*", "anything", true),
            ("10.*", "10.1.2.3", true),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, host), fits, "{pattern} {host}");
        }
    }

    #[test]
    fn profiles_go_first() {
        let proxy = |host| Some(Arc::new(Proxy::new(host, 3128, Some(("u", "p")))));
        let rules = ProxyRules {
            http: proxy("plain"),
            https: proxy("secure"),
            non_proxy_hosts: vec!["localhost".to_owned()],
            profiles: vec![ProxyProfile {
                target_hosts: vec!["*.example.org".to_owned()],
                bypass_hosts: vec!["direct.*".to_owned()],
                proxy: Arc::new(Proxy::new("profile", 1, None)),
            }],
        };
        let through = |scheme, host| rules.proxy_for(scheme, host).map(|proxy| proxy.host.clone());
        assert_eq!(through(Scheme::Http, "a.example.org").as_deref(), Some("profile"));
        assert_eq!(through(Scheme::Http, "direct.example.org"), None);
        assert_eq!(through(Scheme::Https, "other").as_deref(), Some("secure"));
        assert_eq!(through(Scheme::Http, "other").as_deref(), Some("plain"));
        assert_eq!(through(Scheme::Http, "localhost"), None);
        assert_eq!(format!("{:?}", rules.http), "Some(Proxy(plain:3128))");
    }
}
