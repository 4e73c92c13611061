//! Reading one artifact file.

use std::path::Path;

use mi_mediation::definition::{Answer, SYNAPSE_NAMESPACE, Warning};
use mi_mediation::{Definitions, DeployError, Element, Import, Imports};
use mi_xml::{Document, NodeId, ParseOptions, Position};

use crate::application::Application;
use crate::archive::Archive;
use crate::artifact::{self, Named};
use crate::folder::Content;
use crate::kind::Kind;
use crate::library::Library;

/// Artifact files larger than this are refused (bytes).
const MAX_FILE: u64 = 64 << 20;

/// What a file gave: artifacts that are well made, errors for those that are not, and remarks.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The artifacts.
    pub artifacts: Vec<Named>,
    /// What is wrong with the others.
    pub errors: Vec<DeployError>,
    /// What deserves a look.
    pub warnings: Vec<Warning>,
    /// The application that the file is, without its artifacts, which stand above.
    pub application: Option<Application>,
    /// The imports that it brings, even when it is faulty.
    pub brought: Imports,
    /// What it asked of the imports.
    pub answers: Vec<Answer>,
}

/// Reads `path`; `shown` is how messages name it.
pub fn file(path: &Path, shown: &str, content: Content, roles: &[String], definitions: &Definitions<'_>) -> Loaded {
    let mut loaded = Loaded::default();
    match content {
        Content::Application => match Application::read(path, shown, roles, definitions) {
            Ok(mut application) => {
                loaded.artifacts = std::mem::take(&mut application.artifacts);
                loaded.application = Some(application);
            }
            Err(errors) => loaded.errors = errors,
        },
        Content::Library => {
            let archive = Archive::of_library(path).map_err(|reason| DeployError::new(reason).at(shown, None));
            match archive.and_then(|archive| Library::read(&archive, shown, definitions)) {
                Ok(named) => loaded.artifacts.push(named),
                Err(error) => loaded.errors.push(error),
            }
        }
        Content::One(_) | Content::Definitions => match read(path, shown) {
            Ok(document) => root(&document, shown, content, definitions, &mut loaded),
            Err(error) => loaded.errors.push(error),
        },
    }
    loaded.warnings = definitions.take_warnings();
    loaded.brought = definitions.brought();
    loaded.answers = definitions.take_answers();
    loaded
}

fn read(path: &Path, shown: &str) -> Result<Document, DeployError> {
    let unreadable =
        |error: std::io::Error| DeployError::new(format!("The file cannot be read: {error}")).at(shown, None);
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_FILE {
        let message = format!("The file has {length} bytes; artifacts may have {MAX_FILE} at most");
        return Err(DeployError::new(message).at(shown, None));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    parse(&bytes, shown)
}

/// Parses the text of an artifact.
///
/// # Errors
/// Where and why it is not well-formed.
pub fn parse(bytes: &[u8], shown: &str) -> Result<Document, DeployError> {
    Document::parse(bytes, &ParseOptions::artifact()).map_err(|error| {
        let position = Position { line: error.line, column: error.column };
        DeployError::new(format!("The XML is not well-formed: {}", error.message)).at(shown, Some(position))
    })
}

fn root(document: &Document, shown: &str, content: Content, definitions: &Definitions<'_>, loaded: &mut Loaded) {
    let Some(node) = document.root_element() else { return };
    let element = Element::new(document, node, shown).allowing_xpath2(definitions.settings.xpath_dom_failover);
    match content {
        Content::One(kind) => one(kind, element, definitions, loaded),
        Content::Definitions | Content::Application | Content::Library => {
            all(document, node, shown, definitions, loaded)
        }
    }
}

fn one(kind: Kind, element: Element<'_>, definitions: &Definitions<'_>, loaded: &mut Loaded) {
    if let Some(error) = not_an_artifact(kind, element) {
        loaded.errors.push(error);
        return;
    }
    match artifact::read(kind, element, definitions, &fetch) {
        Ok(named) => loaded.artifacts.push(named),
        Err(error) => loaded.errors.push(error.at(element.file(), element.position())),
    }
}

/// What is wrong with the root element, when it is not one of `kind`.
pub(crate) fn not_an_artifact(kind: Kind, element: Element<'_>) -> Option<DeployError> {
    let expected = kind.element();
    // MI does not look at the namespace of a data service.
    if kind == Kind::DataService && element.local() == expected {
        return None;
    }
    if Kind::of_element(element.local()) == Some(kind) && element.is_synapse() {
        return None;
    }
    let error = element.error(format!("Found {} where a {} is expected", element.qualified_name(), kind.word()));
    let hint = if kind == Kind::DataService {
        "a data service is a <data> element".to_owned()
    } else if element.local() == expected {
        format!("the root element must be in the namespace {SYNAPSE_NAMESPACE}")
    } else {
        match Kind::of_element(element.local()) {
            Some(other) => format!("<{}> belongs into the folder '{}'", element.local(), other.folder()),
            None => format!("the folder '{}' holds <{expected}> elements", kind.folder()),
        }
    };
    Some(error.hint(hint))
}

/// The artifacts of a `<definitions>` element; mediators that stand loose in it form the `main` sequence.
fn all(document: &Document, node: NodeId, shown: &str, definitions: &Definitions<'_>, loaded: &mut Loaded) {
    let root = Element::new(document, node, shown).allowing_xpath2(definitions.settings.xpath_dom_failover);
    if root.local() != "definitions" {
        let error = root.error(format!("Found {} where <definitions> is expected", root.qualified_name()));
        loaded.errors.push(error);
        return;
    }
    let imports = root.children_named("import").filter_map(|element| Import::parse(element).ok());
    definitions.bring(&Imports::new(imports, []));
    let mut loose = Vec::new();
    for child in root.children() {
        match Kind::of_element(child.local()) {
            Some(kind) if kind != Kind::Sequence || child.attribute("key").is_none() => {
                one(kind, child, definitions, loaded)
            }
            _ if matches!(child.local(), "registry" | "taskManager" | "description") => {}
            _ => loose.push(child),
        }
    }
    if loose.is_empty() {
        return;
    }
    match definitions.mediators_among(loose.into_iter()) {
        Ok(mediators) => {
            let mut sequence = mi_mediation::sequence::Sequence::of(mediators);
            sequence.name = Some(mi_mediation::names::Name::new("main"));
            let sequence = artifact::Artifact::Sequence(std::sync::Arc::new(sequence));
            loaded.artifacts.push(Named::of(Kind::Sequence, "main".into(), sequence, root));
        }
        Err(error) => loaded.errors.push(error),
    }
}

/// The content of a local entry's `src`: a file.
pub(crate) fn fetch(source: &str) -> Result<String, String> {
    let path = source.strip_prefix("file://").or(source.strip_prefix("file:")).unwrap_or(source);
    if path.contains("://") {
        return Err("only file: URLs can be loaded".to_owned());
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
