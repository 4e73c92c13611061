//! `uri-template` of API resources: matching (spec: services 1.7). Building URLs from templates is another thing; see
//! [`crate::endpoint::expand`].

use std::sync::Arc;

use crate::definition::DeployError;

/// A compiled template.
#[derive(Debug, Clone)]
pub struct UriTemplate {
    text: Arc<str>,
    parts: Vec<Part>,
    wildcard: bool,
    has_query: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variables { names: Vec<Variable>, kind: Kind },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Variable {
    /// The property that takes its value: `uri.var.NAME`.
    property: Arc<str>,
    length: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Simple,
    Reserved,
    Fragment,
    Label,
    Path,
}

/// What a match allows.
#[derive(Debug, Clone, Copy)]
struct Options {
    /// Raw sub-delimiters in values.
    sub_delimiters: bool,
    /// An empty value at the end.
    empty: bool,
}

/// The properties that a match sets, in the order in which the template names them.
pub type Bindings = Vec<(Arc<str>, String)>;

impl UriTemplate {
    /// Compiles a template.
    ///
    /// # Errors
    /// A leading `{`, an unclosed or empty expression, `{?v}`, `{&v}`, `{;v}`, or a `*` that does not end the template.
    pub fn parse(text: &str) -> Result<Self, DeployError> {
        let fault = |why: &str| DeployError::new(format!("Invalid URI template '{text}': {why}"));
        if text.starts_with('{') {
            return Err(fault("a template begins with '/', not with '{'"));
        }
        let (body, wildcard) = match text.strip_suffix('*') {
            Some(body) => (body, true),
            // One slash at the end makes no difference.
            None => (text.strip_suffix('/').filter(|short| !short.is_empty()).unwrap_or(text), false),
        };
        let mut parts = Vec::new();
        let mut rest = body;
        while let Some(open) = rest.find('{') {
            let close = rest[open..].find('}').ok_or_else(|| fault("'{' without '}'"))? + open;
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            parts.push(expression(&rest[open + 1..close]).map_err(fault)?);
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        let literals = parts.iter().filter_map(|part| match part {
            Part::Literal(literal) => Some(literal),
            Part::Variables { .. } => None,
        });
        if literals.clone().any(|literal| literal.contains('*')) {
            return Err(fault("'*' may only stand at the end"));
        }
        let has_query = literals.clone().any(|literal| literal.contains('?'));
        Ok(Self { text: text.into(), parts, wildcard, has_query })
    }

    /// The template as written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Matches a sub path, query included. `sub_delimiters` admits the raw characters `! $ & ' ( ) * + , ; =` in values.
    pub fn matches(&self, path: &str, sub_delimiters: bool) -> Option<Bindings> {
        let first = |path: &str, empty: bool| {
            let mut bindings = Bindings::new();
            let options = Options { sub_delimiters, empty: empty || self.has_query };
            self.match_parts(&self.parts, path, options, &mut bindings).then_some(bindings)
        };
        if let Some(found) = first(path, false) {
            return Some(found);
        }
        if self.has_query {
            return None;
        }
        match path.split_once('?') {
            // The query is not part of a template without one; only before a query may the last value be empty.
            Some((before, _)) if !self.wildcard => first(before, true),
            Some(_) => None,
            // `/a/{x}/*` also takes `/a/1`.
            None if self.wildcard => {
                let variables = self.parts.iter().any(|part| matches!(part, Part::Variables { .. }));
                if variables { first(&format!("{path}/"), false) } else { None }
            }
            None => {
                let short = path.strip_suffix('/').filter(|short| !short.is_empty() && !short.ends_with('/'));
                short.and_then(|short| first(short, false))
            }
        }
    }

    fn match_parts(&self, parts: &[Part], path: &str, options: Options, bindings: &mut Bindings) -> bool {
        let Some((part, rest)) = parts.split_first() else {
            return path.is_empty() || self.wildcard;
        };
        match part {
            Part::Literal(literal) => match path.strip_prefix(literal.as_str()) {
                Some(path) => self.match_parts(rest, path, options, bindings),
                None => false,
            },
            Part::Variables { names, kind } => {
                let prefix = match kind {
                    Kind::Simple | Kind::Reserved => "",
                    Kind::Fragment => "#",
                    Kind::Label => ".",
                    Kind::Path => "/",
                };
                let Some(path) = path.strip_prefix(prefix) else { return false };
                self.match_variables(names, *kind, rest, path, options, bindings)
            }
        }
    }

    /// Tries the longest value first, so that literal separators after it split at their last possible place.
    fn match_variables(
        &self,
        names: &[Variable],
        kind: Kind,
        rest: &[Part],
        path: &str,
        options: Options,
        bindings: &mut Bindings,
    ) -> bool {
        let Some((variable, more)) = names.split_first() else {
            return self.match_parts(rest, path, options, bindings);
        };
        let longest = path.bytes().take_while(|&byte| admits(byte, kind, options.sub_delimiters)).count();
        let mut end = longest;
        loop {
            if path.is_char_boundary(end)
                && self.bind_and_go_on(variable, more, kind, rest, (path, end), options, bindings)
            {
                return true;
            }
            match end.checked_sub(1) {
                Some(shorter) => end = shorter,
                None => return false,
            }
        }
    }

    fn bind_and_go_on(
        &self,
        variable: &Variable,
        more: &[Variable],
        kind: Kind,
        rest: &[Part],
        (path, end): (&str, usize),
        options: Options,
        bindings: &mut Bindings,
    ) -> bool {
        let raw = &path[..end];
        let last = rest.is_empty() && more.is_empty();
        if raw.is_empty() && last && !options.empty {
            return false;
        }
        let value = percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned();
        if variable.length.is_some_and(|length| value.chars().count() != length) {
            return false;
        }
        let known = bindings.iter().find(|(name, _)| *name == variable.property);
        if known.is_some_and(|(_, before)| *before != value) {
            return false;
        }
        let length = bindings.len();
        bindings.push((variable.property.clone(), value));
        let after = &path[end..];
        let matched = if more.is_empty() {
            self.match_parts(rest, after, options, bindings)
        } else {
            after
                .strip_prefix(',')
                .is_some_and(|after| self.match_variables(more, kind, rest, after, options, bindings))
        };
        if !matched {
            bindings.truncate(length);
        }
        matched
    }
}

fn expression(inner: &str) -> Result<Part, &'static str> {
    let (kind, names) = match inner.as_bytes().first() {
        None => return Err("an expression is empty"),
        Some(b'+') => (Kind::Reserved, &inner[1..]),
        Some(b'#') => (Kind::Fragment, &inner[1..]),
        Some(b'.') => (Kind::Label, &inner[1..]),
        Some(b'/') => (Kind::Path, &inner[1..]),
        Some(b'?' | b'&' | b';') => return Err("expressions of the kinds {?v}, {&v} and {;v} cannot be matched"),
        Some(_) => (Kind::Simple, inner),
    };
    let mut variables = Vec::new();
    for name in names.split(',') {
        let (name, length) = match name.split_once(':') {
            Some((name, length)) => (name, Some(length.parse().map_err(|_| "the length after ':' is no number")?)),
            None => (name, None),
        };
        if name.is_empty() {
            return Err("a variable has no name");
        }
        variables.push(Variable { property: format!("uri.var.{name}").into(), length });
    }
    Ok(Part::Variables { names: variables, kind })
}

fn admits(byte: u8, kind: Kind, sub_delimiters: bool) -> bool {
    if matches!(kind, Kind::Reserved | Kind::Fragment) {
        return true;
    }
    match byte {
        b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => sub_delimiters,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(template: &str, path: &str) -> Option<Vec<String>> {
        let found = UriTemplate::parse(template).expect("compiles").matches(path, false)?;
        Some(found.into_iter().map(|(name, value)| format!("{}={value}", &name["uri.var.".len()..])).collect())
    }

    #[test]
    fn matches_as_the_table_of_the_spec() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            (
                "/a/{x}",
                &["/a/1", "/a/1/", "/a/1?q=2", "/a/b%20c", "/a/b%2Fc"],
                &["/a", "/a/", "/a/1/2", "/a/1/?q=2", "/a/b+c"],
            ),
            ("/a/{+x}", &["/a/1/2?q=1"], &["/a"]),
            ("/a/*", &["/a/", "/a/b/c?d"], &["/a", "/a?x"]),
            ("/a*", &["/a", "/abc/d?x"], &["/b"]),
            ("/a/{x}/*", &["/a/1", "/a/1/", "/a/1/b"], &["/a/1?z=1"]),
            ("/*", &["/", "/x", "/x?y"], &["?a=b"]),
            ("/", &["/", "/?a=b"], &["?a=b", "/a"]),
            ("/a", &["/a", "/a/", "/a?x=y"], &["/a/?x=y", "/a//"]),
            ("/a/", &["/a", "/a/", "/a?x=y"], &["/a//"]),
            ("/a?q={v}", &["/a?q=1"], &["/a?q=1&z=2", "/a"]),
            ("/a?q={v}*", &["/a?q=1&z=2"], &["/a"]),
            ("/a?q={v}&r={w}", &["/a?q=1&r="], &["/a?q=1"]),
            ("/{x}/{x}", &["/1/1"], &["/1/2"]),
        ];
        for (template, hits, misses) in cases {
            for path in *hits {
                assert!(values(template, path).is_some(), "{template} should match {path}");
            }
            for path in *misses {
                assert!(values(template, path).is_none(), "{template} should not match {path}");
            }
        }
    }

    #[test]
    fn binds_decoded_values() {
        assert_eq!(values("/a/{x}", "/a/b%20c"), Some(vec!["x=b c".to_owned()]));
        assert_eq!(values("/a/{+x}", "/a/1/2?q=1"), Some(vec!["x=1/2?q=1".to_owned()]));
        assert_eq!(values("/{x}.json", "/7.json"), Some(vec!["x=7".to_owned()]));
        assert_eq!(values("/{x}-{y}", "/a-b"), Some(vec!["x=a".to_owned(), "y=b".to_owned()]));
        assert_eq!(values("/{a,b}", "/1,2"), Some(vec!["a=1".to_owned(), "b=2".to_owned()]));
        assert_eq!(values("/{x:2}", "/ab"), Some(vec!["x=ab".to_owned()]));
        assert_eq!(values("/{x:2}", "/abc"), None);
        assert_eq!(values("/a/{x}", "/a/?q=2"), Some(vec!["x=".to_owned()]));
    }

    #[test]
    fn refuses_templates_that_cannot_be_matched() {
        for template in ["{x}", "/{?x}", "/{&x}", "/{;x}", "/a*b", "/{x", "/{}"] {
            assert!(UriTemplate::parse(template).is_err(), "{template}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(template in r"/[a-c{}*?,+/:.é]{0,12}", path in r"/[a-c/?&=%é.,-]{0,12}") {
            if let Ok(template) = UriTemplate::parse(&template) {
                let _ = template.matches(&path, true);
            }
        }
    }
}
