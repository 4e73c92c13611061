//! Compiled stylesheets, and what they read.

use std::sync::Arc;

use mi_xml::{Document, NodeId, ParseOptions};
use mi_xslt::{Limits, Resolver, Stylesheet, Transformed};

use crate::compiled::{Compiled, Reader};
use crate::configuration::Configuration;

/// The stylesheets of one mediator.
pub(super) struct Sheets {
    compiled: Compiled<Stylesheet>,
    use_cache: bool,
}

impl Sheets {
    pub(super) fn new(use_cache: bool) -> Self {
        Self { compiled: Compiled::default(), use_cache }
    }

    /// The stylesheet behind a key. `shown` is how messages name the key.
    ///
    /// # Errors
    /// There is none, or it does not compile.
    pub(super) fn get(
        &self,
        configuration: &Configuration,
        key: &str,
        shown: &str,
        resources: &[(String, String)],
    ) -> Result<Arc<Stylesheet>, String> {
        let compile = |reader: &Reader<'_>| compile(reader, key, resources);
        let made = if self.use_cache {
            // With other resources the same key may be another stylesheet.
            let mut known_as = key.to_owned();
            for (location, key) in resources {
                known_as.extend(["\n", location, "\n", key]);
            }
            self.compiled.get(configuration, &known_as, compile)
        } else {
            Compiled::anew(configuration, compile)
        };
        made.map_err(|reason| format!("Error creating XSLT transformer using : {shown} : {reason}"))
    }

    /// Compiles a stylesheet that all messages use. A key without content is no error yet: the content may come later.
    ///
    /// # Errors
    /// It does not compile.
    pub(super) fn prepare(
        &self,
        configuration: &Configuration,
        key: &str,
        shown: &str,
        resources: &[(String, String)],
    ) -> Result<(), String> {
        if !self.use_cache || configuration.entry(key).is_none() {
            return Ok(());
        }
        self.get(configuration, key, shown, resources).map(|_| ())
    }
}

fn compile(reader: &Reader<'_>, key: &str, resources: &[(String, String)]) -> Result<Stylesheet, String> {
    let content = reader.read(key).ok_or_else(|| format!("there is no local entry or registry resource {key}"))?;
    let document = parse(&content).map_err(|error| format!("{key}: {error}"))?;
    let modules = Modules { reader, resources };
    Stylesheet::compile(document, &modules).map_err(|error| format!("{key}: {error}"))
}

fn parse(content: &[u8]) -> Result<Arc<Document>, String> {
    Document::parse(content, &ParseOptions::artifact()).map(Arc::new).map_err(|error| error.to_string())
}

/// What a stylesheet imports and includes.
struct Modules<'r> {
    reader: &'r Reader<'r>,
    resources: &'r [(String, String)],
}

impl Resolver for Modules<'_> {
    fn resolve(&self, location: &str) -> Result<Arc<Document>, String> {
        let key = key_of(self.resources, location)?;
        let content = self.reader.read(key).ok_or_else(|| format!("there is no local entry or resource {key}"))?;
        parse(&content)
    }
}

/// What `document()` reads while a stylesheet runs.
struct Documents<'r> {
    configuration: &'r Configuration,
    resources: &'r [(String, String)],
}

impl Resolver for Documents<'_> {
    fn resolve(&self, location: &str) -> Result<Arc<Document>, String> {
        let key = key_of(self.resources, location)?;
        let text = self.configuration.entry_text(key);
        parse(text.ok_or_else(|| format!("there is no local entry or resource {key}"))?.as_bytes())
    }
}

/// The key that a location stands for: that of a `resource`, or the location itself if it is one of the registry.
fn key_of<'r>(resources: &'r [(String, String)], location: &'r str) -> Result<&'r str, String> {
    if let Some((_, key)) = resources.iter().find(|(known, _)| known == location) {
        return Ok(key);
    }
    let is_key = ["conf:", "gov:", "local:", "resources:"].iter().any(|start| location.starts_with(start));
    if is_key {
        return Ok(location);
    }
    Err(format!("no resource element has the location '{location}', and nothing else is read"))
}

/// Runs a stylesheet.
///
/// # Errors
/// Why there is no result.
pub(super) fn run(
    sheet: &Stylesheet,
    document: &Document,
    node: NodeId,
    parameters: &[(String, String)],
    resources: &[(String, String)],
    configuration: &Configuration,
) -> Result<Transformed, String> {
    let documents = Documents { configuration, resources };
    let made = sheet.transform(document, node, parameters, &documents, &Limits::default());
    made.map_err(|error| error.to_string())
}
