//! A URL in its parts, as `java.net.URI` takes it apart and puts it together: decoded inside, encoded outside. The mediator
//! `rewrite` changes the parts, conditions look at them (spec: core mediators 5.27).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const SEGMENT: AsciiSet = UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b'@');
const PATH: AsciiSet = SEGMENT.remove(b'/');
const QUERY: AsciiSet = PATH.remove(b'?').remove(b'[').remove(b']');

/// The parts; one that is not there is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UrlFragments {
    pub protocol: Option<String>,
    pub user: Option<String>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub path: Option<String>,
    pub query: Option<String>,
    pub reference: Option<String>,
}

/// A part of a URL, or all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Protocol,
    User,
    Host,
    Port,
    Path,
    Query,
    Ref,
    Full,
}

impl Part {
    pub(crate) const NAMES: &'static [&'static str] =
        &["protocol", "user", "host", "port", "path", "query", "ref", "full"];

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "protocol" => Self::Protocol,
            "user" => Self::User,
            "host" => Self::Host,
            "port" => Self::Port,
            "path" => Self::Path,
            "query" => Self::Query,
            "ref" => Self::Ref,
            "full" => Self::Full,
            _ => return None,
        })
    }
}

impl UrlFragments {
    /// Takes a URL apart; `None` when it is malformed.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        if url.chars().any(|character| character.is_ascii_control() || " \"<>\\^`{|}".contains(character)) {
            return None;
        }
        let (rest, reference) = cut(url, '#');
        let (rest, query) = cut(rest, '?');
        let (protocol, rest) = match rest.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_owned()), rest),
            _ => (None, rest),
        };
        let mut parts = Self { protocol, ..Self::default() };
        let path = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                parts.take_authority(&rest[..end])?;
                &rest[end..]
            }
            None => rest,
        };
        parts.path = decoded((!path.is_empty()).then_some(path))?;
        parts.query = decoded(query)?;
        parts.reference = decoded(reference)?;
        Some(parts)
    }

    fn take_authority(&mut self, authority: &str) -> Option<()> {
        let (user, rest) = match authority.rsplit_once('@') {
            Some((user, rest)) => (Some(decode(user)?), rest),
            None => (None, authority),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (rest, ""),
        };
        self.port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
        self.user = user;
        self.host = (!host.is_empty()).then(|| host.to_owned());
        Some(())
    }

    /// Puts the URL together; `None` when the parts do not make one.
    pub(crate) fn build(&self) -> Option<String> {
        let mut url = String::new();
        if let Some(protocol) = &self.protocol {
            if !is_scheme(protocol) {
                return None;
            }
            url.push_str(protocol);
            url.push(':');
        }
        match &self.host {
            Some(host) => {
                if host.contains(['/', '?', '#', '@', ' ']) {
                    return None;
                }
                url.push_str("//");
                if let Some(user) = &self.user {
                    url.extend(utf8_percent_encode(user, &SEGMENT));
                    url.push('@');
                }
                url.push_str(host);
                if let Some(port) = self.port {
                    url.push_str(&format!(":{port}"));
                }
            }
            None if self.user.is_some() || self.port.is_some() => return None,
            None => {}
        }
        if let Some(path) = &self.path {
            let absolute = path.is_empty() || path.starts_with('/');
            if !absolute && (self.host.is_some() || self.protocol.is_some()) {
                return None;
            }
            url.extend(utf8_percent_encode(path, &PATH));
        }
        for (mark, part) in [('?', &self.query), ('#', &self.reference)] {
            if let Some(part) = part {
                url.push(mark);
                url.extend(utf8_percent_encode(part, &QUERY));
            }
        }
        Some(url)
    }

    /// The text of a part.
    pub(crate) fn get(&self, part: Part) -> Option<String> {
        match part {
            Part::Protocol => self.protocol.clone(),
            Part::User => self.user.clone(),
            Part::Host => self.host.clone(),
            Part::Port => self.port.map(|port| port.to_string()),
            Part::Path => self.path.clone(),
            Part::Query => self.query.clone(),
            Part::Ref => self.reference.clone(),
            Part::Full => self.build(),
        }
    }

    /// Replaces a part. A port that is no number is removed. False when `part` is the whole and malformed.
    pub(crate) fn set(&mut self, part: Part, value: Option<String>) -> bool {
        match part {
            Part::Protocol => self.protocol = value,
            Part::User => self.user = value,
            Part::Host => self.host = value,
            Part::Port => self.port = value.and_then(|port| port.trim().parse().ok()),
            Part::Path => self.path = value,
            Part::Query => self.query = value,
            Part::Ref => self.reference = value,
            Part::Full => match Self::parse(value.as_deref().unwrap_or_default()) {
                Some(parts) => *self = parts,
                None => return false,
            },
        }
        true
    }
}

fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

/// A part that may be absent, decoded; the outer `None` is for a malformed one.
fn decoded(part: Option<&str>) -> Option<Option<String>> {
    match part {
        Some(part) => decode(part).map(Some),
        None => Some(None),
    }
}

/// The decoded text; `None` when a percent sign is not followed by two digits.
fn decode(text: &str) -> Option<String> {
    let digits = |part: &str| part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    let good = text.split('%').skip(1).all(digits);
    good.then(|| percent_decode_str(text).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_apart_and_puts_together() {
        for url in ["http://u@h:80/a/b?c=d&e#f", "/a?b", "http://h", "", "urn:/x", "http://[::1]:1/"] {
            assert_eq!(UrlFragments::parse(url).and_then(|parts| parts.build()).as_deref(), Some(url));
        }
    }

    #[test]
    fn encodes_as_java_does() {
        let again = |url: &str| UrlFragments::parse(url).and_then(|parts| parts.build());
        assert_eq!(again("/a%2Fb%20c").as_deref(), Some("/a/b%20c"));
        assert_eq!(again("/caf%C3%A9").as_deref(), Some("/caf%C3%A9"));
        assert_eq!(again("/a b"), None);
        assert_eq!(again("/a%zz"), None);
        assert_eq!(again("http://h:port/"), None);
    }

    #[test]
    fn parts_that_make_no_url_are_refused() {
        let mut parts = UrlFragments::parse("http://h/a").unwrap();
        assert!(parts.set(Part::Path, Some("b".to_owned())));
        assert_eq!(parts.build(), None);
    }
}
