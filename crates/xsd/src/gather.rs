//! All documents of a set of schemas, with their locations replaced by names of files.

use std::collections::BTreeMap;

use fastxml::schema::{FetchResult, SchemaFetcher};
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
        let mut document = document;
        without_what_says_nothing(&mut document);
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

/// Takes out what has no effect and what the library stumbles over: particles that may occur zero times, and prohibited
/// attributes that no base type allows.
fn without_what_says_nothing(document: &mut Document) {
    let nothing: Vec<NodeId> = document
        .descendants(document.root())
        .filter(|&id| {
            let never = document.attr(id, "maxOccurs") == Some("0");
            let prohibited = document.attr(id, "use") == Some("prohibited")
                && !document.ancestors(id).any(|above| document.is_named(above, XSD, "restriction"));
            document.namespace(id) == XSD && (never || prohibited)
        })
        .collect();
    nothing.into_iter().for_each(|id| document.detach(id));
}

impl Gathered {
    /// The values of each enumeration of each simple type, in the order in which they are written.
    pub(crate) fn enumerations(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for Source { document, root, .. } in &self.sources {
            for id in document.descendants(*root).filter(|id| document.is_named(*id, XSD, "restriction")) {
                let values = document.child_elements(id).filter(|child| document.is_named(*child, XSD, "enumeration"));
                let values: Vec<String> =
                    values.filter_map(|value| document.attr(value, "value")).map(str::to_owned).collect();
                if !values.is_empty() {
                    all.push(values);
                }
            }
        }
        all
    }

    /// The documents that the caller gave, as files.
    pub(crate) fn given_files(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let text = |source: &Source| source.document.to_xml(source.document.root());
        self.sources.iter().take(self.given).enumerate().map(move |(index, source)| (file_name(index), text(source)))
    }
}

/// Hands documents to the library by the names of their files.
pub(crate) struct Files(Vec<String>);

impl Files {
    pub(crate) fn new(gathered: &Gathered) -> Self {
        let text = |source: &Source| source.document.to_xml(source.document.root());
        Self(gathered.sources.iter().map(text).collect())
    }
}

impl SchemaFetcher for Files {
    fn fetch(&self, url: &str) -> fastxml::error::Result<FetchResult> {
        let found = (0..self.0.len()).find(|index| file_name(*index) == url).and_then(|index| self.0.get(index));
        match found {
            Some(text) => {
                Ok(FetchResult { content: text.clone().into_bytes(), final_url: url.to_owned(), redirected: false })
            }
            None => Err(fastxml::error::Error::InvalidOperation(format!("{url} is not read"))),
        }
    }
}

fn file_name(index: usize) -> String {
    format!("mem:///schema{index}.xsd")
}
