//! `url-mapping` of API resources (spec: services 1.6).

use std::sync::Arc;

/// A mapping: exact, prefix or extension.
#[derive(Debug, Clone)]
pub struct UrlMapping {
    text: Arc<str>,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Exact(String),
    Prefix { path: String, segments: usize },
    Extension(String),
}

/// How well a mapping fits; the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// By its extension.
    Extension,
    /// By a prefix of so many segments.
    Prefix(usize),
    /// As a whole.
    Exact,
}

impl UrlMapping {
    /// Reads a mapping: `/x/y`, `/x/*` or `*.ext`.
    pub fn parse(text: &str) -> Self {
        let kind = if let Some(extension) = text.strip_prefix("*.") {
            Kind::Extension(format!(".{extension}"))
        } else if let Some(prefix) = text.strip_suffix("/*") {
            Kind::Prefix {
                path: prefix.to_owned(),
                segments: prefix.split('/').filter(|part| !part.is_empty()).count() + 1,
            }
        } else {
            Kind::Exact(text.strip_suffix('/').unwrap_or(text).to_owned())
        };
        Self { text: text.into(), kind }
    }

    /// The mapping as written.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// How well it fits a sub path, whose query does not count.
    pub fn fit(&self, path: &str) -> Option<Fit> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        match &self.kind {
            Kind::Exact(exact) => (path.strip_suffix('/').unwrap_or(path) == exact).then_some(Fit::Exact),
            Kind::Prefix { path: prefix, segments } => {
                let rest = path.strip_prefix(prefix.as_str())?;
                (prefix.is_empty() || rest.is_empty() || rest.starts_with('/')).then_some(Fit::Prefix(*segments))
            }
            Kind::Extension(extension) => path.ends_with(extension.as_str()).then_some(Fit::Extension),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_fit_is_greater() {
        let fit = |mapping: &str, path: &str| UrlMapping::parse(mapping).fit(path);
        assert_eq!(fit("/x/y", "/x/y/?q=1"), Some(Fit::Exact));
        assert_eq!(fit("/x/*", "/x/y"), Some(Fit::Prefix(2)));
        assert_eq!(fit("/x/*", "/xy"), None);
        assert_eq!(fit("/*", "/anything"), Some(Fit::Prefix(1)));
        assert_eq!(fit("*.jsp", "/a/b.jsp?x"), Some(Fit::Extension));
        assert!(Fit::Exact > Fit::Prefix(9) && Fit::Prefix(2) > Fit::Prefix(1) && Fit::Prefix(1) > Fit::Extension);
    }
}
