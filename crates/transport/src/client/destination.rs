//! Where requests go: everything about a back end that can be worked out once.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use http::HeaderValue;

use super::proxy::Proxy;
use crate::tls::ClientTls;

/// The scheme of a back end's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain HTTP, port 80 by default.
    Http,
    /// HTTP over TLS, port 443 by default.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Why a URL does not name a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDestination {
    /// The host is empty or has characters that no host has.
    #[error("invalid host")]
    Host,
}

/// A back end: scheme, host and port. Make it once for an endpoint whose address is fixed, and keep it.
///
/// Two destinations with the same scheme, host, port, proxy and TLS settings share their pooled connections.
#[derive(Debug)]
pub struct Destination {
    scheme: Scheme,
    host: Box<str>,
    port: u16,
    host_header: HeaderValue,
    label: Arc<str>,
    proxy: Option<Arc<Proxy>>,
    tls: Option<ClientTls>,
    hash: u64,
    open: AtomicUsize,
}

impl Destination {
    /// A destination that is reached directly, with the client's own TLS settings. `host` is a name or an address (IPv6
    /// with or without brackets); `port` is what the URL names, if it names one.
    ///
    /// # Errors
    /// [`InvalidDestination::Host`] if the host could not be written in a `Host` header.
    pub fn new(scheme: Scheme, host: &str, port: Option<u16>) -> Result<Arc<Self>, InvalidDestination> {
        Self::with(scheme, host, port, None, None)
    }

    /// A destination behind a proxy, or with TLS settings of its own (a client certificate, another trust store).
    ///
    /// # Errors
    /// As [`Destination::new`].
    pub fn with(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        proxy: Option<Arc<Proxy>>,
        tls: Option<ClientTls>,
    ) -> Result<Arc<Self>, InvalidDestination> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b'/' | b'?' | b'#' | b'@' | b'[' | b']' | b'\\');
        if bare.is_empty() || !bare.bytes().all(plain) {
            return Err(InvalidDestination::Host);
        }
        let named = if bare.contains(':') { format!("[{bare}]") } else { bare.to_owned() };
        let header = port.map_or_else(|| named.clone(), |port| format!("{named}:{port}"));
        let host_header = HeaderValue::try_from(header).map_err(|_| InvalidDestination::Host)?;
        let port = port.unwrap_or(scheme.default_port());
        let host = bare.to_ascii_lowercase().into_boxed_str();
        let label = format!("{named}:{port}").into();
        let hash = hash_code(scheme, &host, port);
        Ok(Arc::new(Self { scheme, host, port, host_header, label, proxy, tls, hash, open: AtomicUsize::new(0) }))
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Name or address, in lower case, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own if the URL named none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host`, or `host:port` if the URL names the port: the default of the `Host` header.
    pub fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// `host:port`, for logs and errors.
    pub fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// The proxy that it is reached through.
    pub fn proxy(&self) -> Option<&Arc<Proxy>> {
        self.proxy.as_ref()
    }

    /// The same for equal destinations.
    pub(crate) fn hash_code(&self) -> u64 {
        self.hash
    }

    /// TLS settings of its own.
    pub(crate) fn tls(&self) -> Option<&ClientTls> {
        self.tls.as_ref()
    }

    /// Open connections that were made for this destination.
    pub fn connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

/// Keyed, so that nobody who can choose hosts can choose hashes.
fn hash_code(scheme: Scheme, host: &str, port: u16) -> u64 {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEYS.hash_one((scheme, host, port))
}

impl PartialEq for Destination {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
            || (self.hash == other.hash
                && self.port == other.port
                && self.host == other.host
                && self.scheme == other.scheme
                && self.proxy == other.proxy
                && self.tls == other.tls)
    }
}

impl Eq for Destination {}

/// The right to hold one connection to a destination.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Destination>);

impl Slot {
    /// Takes a slot unless `limit` of them are taken.
    pub(crate) fn take(destination: &Arc<Destination>, limit: usize) -> Option<Self> {
        let slot = Self(Arc::clone(destination));
        // The slot gives back what it counted, also if it comes out as too many.
        (destination.open.fetch_add(1, Ordering::Relaxed) < limit).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_header_has_the_port_that_the_url_names() {
        let header = |host, port| Destination::new(Scheme::Http, host, port).unwrap().host_header().clone();
        assert_eq!(header("Example.org", None), "Example.org");
        assert_eq!(header("example.org", Some(80)), "example.org:80");
        assert_eq!(header("::1", Some(8080)), "[::1]:8080");
        assert_eq!(header("[::1]", None), "[::1]");
    }

    #[test]
    fn equal_destinations_share_a_pool() {
        let one = Destination::new(Scheme::Http, "Example.org", None).unwrap();
        assert_eq!(one, Destination::new(Scheme::Http, "example.org", Some(80)).unwrap());
        assert_ne!(one, Destination::new(Scheme::Https, "example.org", Some(80)).unwrap());
        assert_eq!(one.label().as_ref(), "Example.org:80");
    }

    #[test]
    fn hosts_that_would_break_a_header_are_refused() {
        for host in ["", "a b", "a\r\nb", "a/b", "u@h", "[]", "a#b"] {
            assert!(Destination::new(Scheme::Http, host, None).is_err(), "{host:?}");
        }
    }

    #[test]
    fn slots_are_counted() {
        let destination = Destination::new(Scheme::Http, "h", None).unwrap();
        let first = Slot::take(&destination, 1).unwrap();
        assert!(Slot::take(&destination, 1).is_none());
        drop(first);
        assert!(Slot::take(&destination, 1).is_some());
        assert_eq!(destination.connections(), 0);
    }
}
