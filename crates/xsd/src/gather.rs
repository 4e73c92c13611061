//! All documents of a set of schemas, with their locations replaced by names of files.

use std::collections::BTreeMap;

use mi_xml::{Document, NodeId, ParseOptions};

use crate::{Resolve, SchemaError, XSD};

/// How many documents a set may have.
const MAX_DOCUMENTS: usize = 500;

/// A schema document.
pub(crate) struct Source {
    /// As the caller or an import names it.
    pub(crate) name: String,
    pub(crate) document: Document,
    pub(crate) root: NodeId,
}

impl Source {
    pub(crate) fn namespace(&self) -> &str {
        self.document.attr(self.root, "targetNamespace").unwrap_or("")
    }
}

/// A set of schema documents.
pub(crate) struct Gathered {
    pub(crate) sources: Vec<Source>,
    /// How many of them the caller gave.
    given: usize,
}

struct Gatherer<'r> {
    sources: Vec<Source>,
    by_location: BTreeMap<String, usize>,
    resolve: Resolve<'r>,
}

pub(crate) fn gather(schemas: &[(String, Vec<u8>)], resolve: Resolve<'_>) -> Result<Gathered, SchemaError> {
    let mut gatherer = Gatherer { sources: Vec::new(), by_location: BTreeMap::new(), resolve };
    for (name, content) in schemas {
        gatherer.add(name, content)?;
    }
    let given = gatherer.sources.len();
    let mut next = 0;
    while next < gatherer.sources.len() {
        gatherer.follow(next, given)?;
        next += 1;
    }
    Ok(Gathered { sources: gatherer.sources, given })
}

impl Gatherer<'_> {
    fn add(&mut self, name: &str, content: &[u8]) -> Result<usize, SchemaError> {
        let failed = |message: String| SchemaError { schema: name.to_owned(), message };
        let document =
            Document::parse(content, &ParseOptions::artifact()).map_err(|error| failed(error.to_string()))?;
        let root = document.root_element().ok_or_else(|| failed("the schema is empty".to_owned()))?;
        if !document.is_named(root, XSD, "schema") {
            let found = document.local_name(root);
            return Err(failed(format!("a schema begins with xs:schema in the namespace {XSD}, not with {found}")));
        }
        if self.sources.len() >= MAX_DOCUMENTS {
            return Err(failed("there are too many imported schemas".to_owned()));
        }
        self.sources.push(Source { name: name.to_owned(), document, root });
        Ok(self.sources.len() - 1)
    }

    /// Finds what a document imports and includes.
    fn follow(&mut self, index: usize, given: usize) -> Result<(), SchemaError> {
        let Some(source) = self.sources.get(index) else { return Ok(()) };
        let of_schema = |kind: &str| matches!(kind, "import" | "include" | "redefine");
        let references: Vec<_> = source
            .document
            .child_elements(source.root)
            .filter(|&id| source.document.namespace(id) == XSD && of_schema(source.document.local_name(id)))
            .map(|id| {
                let attribute = |name: &str| source.document.attr(id, name).map(str::to_owned);
                let is_import = source.document.local_name(id) == "import";
                (id, is_import, attribute("namespace").unwrap_or_default(), attribute("schemaLocation"))
            })
            .collect();
        for (node, is_import, namespace, location) in references {
            let target = self.target(index, given, is_import, &namespace, location.as_deref())?;
            let Some(source) = self.sources.get_mut(index) else { continue };
            match target {
                Some(target) => {
                    source.document.set_attribute(node, "", "", "schemaLocation", &file_name(target));
                }
                None => {
                    source.document.remove_attribute(node, "", "schemaLocation");
                }
            }
        }
        Ok(())
    }

    /// The document that an import or include means; `None` for an import that nothing was found for.
    fn target(
        &mut self,
        from: usize,
        given: usize,
        is_import: bool,
        namespace: &str,
        location: Option<&str>,
    ) -> Result<Option<usize>, SchemaError> {
        if let Some(known) = location.and_then(|location| self.by_location.get(location)) {
            return Ok(Some(*known));
        }
        let resolved = location.map(|location| (location, (self.resolve)(location)));
        if let Some((location, Ok(content))) = resolved {
            let added = self.add(location, &content)?;
            self.by_location.insert(location.to_owned(), added);
            return Ok(Some(added));
        }
        if is_import {
            let mut listed = self.sources.iter().take(given);
            return Ok(listed.position(|source| source.namespace() == namespace));
        }
        let schema = self.sources.get(from).map(|source| source.name.clone()).unwrap_or_default();
        Err(match resolved {
            Some((location, Err(reason))) => SchemaError { schema, message: format!("{location}: {reason}") },
            _ => SchemaError { schema, message: "an include needs the attribute schemaLocation".to_owned() },
        })
    }
}

impl Gathered {
    /// The documents as files.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let text = |source: &Source| source.document.to_xml(source.document.root());
        self.sources.iter().enumerate().map(move |(index, source)| (file_name(index), text(source)))
    }

    /// A schema that imports all that the caller gave.
    pub(crate) fn main(&self) -> String {
        let mut main = format!("<xs:schema xmlns:xs=\"{XSD}\">");
        for (index, source) in self.sources.iter().enumerate().take(self.given) {
            let file = file_name(index);
            let namespace = source.namespace();
            if namespace.is_empty() {
                main.push_str(&format!("<xs:include schemaLocation=\"{file}\"/>"));
            } else {
                let mut escaped = Vec::new();
                mi_xml::write::escape_attribute(namespace, &mut escaped);
                let escaped = String::from_utf8_lossy(&escaped).into_owned();
                main.push_str(&format!("<xs:import namespace=\"{escaped}\" schemaLocation=\"{file}\"/>"));
            }
        }
        main.push_str("</xs:schema>");
        main
    }
}

fn file_name(index: usize) -> String {
    format!("schema{index}.xsd")
}
