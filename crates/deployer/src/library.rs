//! A connector library: a zip with templates, which are the operations of the connector (spec: EIP mediators 25).

use std::sync::Arc;

use mi_mediation::names::Name;
use mi_mediation::template::SequenceTemplate;
use mi_mediation::{Definitions, DeployError, Element, Import, Imports};

use crate::archive::Archive;
use crate::artifact::{self, Artifact, Named};
use crate::kind::Kind;
use crate::load;

/// The file that says what a zip is.
const DESCRIPTOR: &str = "connector.xml";
/// The file that says what a folder of the zip is.
const GROUP: &str = "component.xml";
/// The only type of components.
const TEMPLATE: &str = "synapse/template";
/// The folder of local entries that come with the library.
const ENTRIES: &str = "local-entries";

/// See the module's documentation.
#[derive(Debug)]
pub struct Library {
    /// Its name, which the elements of its operations begin with.
    pub name: Arc<str>,
    /// Its package.
    pub package: Arc<str>,
    /// What it says that it is.
    pub description: Arc<str>,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// The local entries that it brings.
    pub entries: Vec<Named>,
}

/// A template of a library.
#[derive(Debug)]
pub struct Operation {
    /// `package.library.template`, which calls name it by.
    pub name: Name,
    /// The template.
    pub template: Arc<SequenceTemplate>,
    /// The first Java class that it needs, which cannot run here.
    pub class: Option<Arc<str>>,
}

impl Library {
    /// Reads the library in `archive`; `shown` is how messages name it.
    ///
    /// # Errors
    /// When it does not say what it is, or a part that it names is missing or no template.
    pub fn read(archive: &Archive, shown: &str, definitions: &Definitions<'_>) -> Result<Named, DeployError> {
        let file = format!("{shown}!{DESCRIPTOR}");
        let Some(bytes) = archive.get(DESCRIPTOR) else {
            let error = DeployError::new(format!("artifacts.xml file not found at : {file}"));
            return Err(error.at(shown, None).hint("is it the zip of a connector, with connector.xml at the top?"));
        };
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { return Err(DeployError::new("It is empty").at(&file, None)) };
        let root = Element::new(&document, root, &file);
        let component = named(root, "component").next();
        let component =
            component.ok_or_else(|| root.error("artifacts.xml is invalid. <component> element Not Found"))?;
        let name = component.required("name", "The 'name' attribute is required for a connector")?;
        let package = component.required("package", "The 'package' attribute is required for a connector")?;
        let description = named(component, "description").next().and_then(Element::trimmed_text).unwrap_or_default();
        let mut reader = Reader {
            archive,
            shown,
            definitions,
            prefix: format!("{package}.{name}."),
            groups: Vec::new(),
            operations: Vec::new(),
        };
        for folder in archive.folders() {
            reader.group(folder)?;
        }
        for dependency in named(component, "dependency") {
            let group = dependency.attribute("component").unwrap_or_default();
            if !reader.groups.iter().any(|known| known == group) {
                let error =
                    dependency.error(format!("Error when resolving Dependencies for lib : {{{package}}}{name}"));
                let found = reader.groups.join(", ");
                let found = if found.is_empty() { "none" } else { &found };
                return Err(error.hint(format!("there is no group '{group}'; the zip has {found}")));
            }
        }
        let operations = reader.operations;
        let library = Self {
            name: name.into(),
            package: package.into(),
            description: description.into(),
            operations,
            entries: entries(archive, shown, definitions)?,
        };
        library.remark(component, definitions);
        let key = library.key().into();
        Ok(Named::of(Kind::Library, key, Artifact::Library(Arc::new(library)), root))
    }

    /// `{package}name`
    pub fn key(&self) -> String {
        format!("{{{}}}{}", self.package, self.name)
    }

    /// The Java classes that operations need, by the operation's full name.
    pub fn classes(&self) -> impl Iterator<Item = (Arc<str>, Arc<str>)> {
        self.operations.iter().filter_map(|operation| Some((operation.name.shared(), operation.class.clone()?)))
    }

    /// The import that a library inside of an application comes with.
    pub fn import(&self) -> Import {
        Import { library: self.name.clone(), package: self.package.clone(), enabled: true }
    }

    /// Says which operations cannot run.
    fn remark(&self, component: Element<'_>, definitions: &Definitions<'_>) {
        let built_in = |name: &str| {
            let tag = name.strip_prefix(&*self.package).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
            let imports = Imports::new([self.import()], []);
            let found = imports.operation(tag);
            mi_mediation::mediators::connector::native::find(tag, found.as_ref()).is_some()
        };
        let java = self.operations.iter().filter(|operation| operation.class.is_some());
        let java: Vec<_> = java.map(|operation| operation.name.as_str()).filter(|name| !built_in(name)).collect();
        if java.is_empty() {
            return;
        }
        let prefix = format!("{}.", self.package);
        let names: Vec<_> = java.iter().map(|name| name.strip_prefix(&prefix).unwrap_or(name)).collect();
        let (count, all) = (names.len(), self.operations.len());
        definitions.warn(
            component,
            format!(
                "{count} of {all} operations of the connector {} are Java classes and cannot run here: {}",
                self.key(),
                names.join(", ")
            ),
        );
    }
}

/// The children of this name; descriptors are in no namespace.
fn named<'a>(element: Element<'a>, local: &'static str) -> impl Iterator<Item = Element<'a>> {
    element.children().filter(move |child| child.local() == local)
}

struct Reader<'a> {
    archive: &'a Archive,
    shown: &'a str,
    definitions: &'a Definitions<'a>,
    /// What the names of operations begin with.
    prefix: String,
    /// The names of the groups that were found.
    groups: Vec<String>,
    operations: Vec<Operation>,
}

impl Reader<'_> {
    /// Reads a folder, if it is a group of components.
    fn group(&mut self, folder: &str) -> Result<(), DeployError> {
        let path = format!("{folder}/{GROUP}");
        let Some(bytes) = self.archive.get(&path) else { return Ok(()) };
        let file = format!("{}!{path}", self.shown);
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { return Ok(()) };
        let root = Element::new(&document, root, &file);
        if root.local() != "component" {
            return Err(root.error(format!("Found {} where <component> is expected", root.qualified_name())));
        }
        let name = root.required("name", "The 'name' attribute is required for a component")?;
        self.groups.push(name.to_owned());
        self.component(root, folder, "")
    }

    /// Reads a component and those inside it; `kind` is the type of the one around it.
    fn component(&mut self, component: Element<'_>, folder: &str, kind: &str) -> Result<(), DeployError> {
        let kind = component.attribute("type").unwrap_or(kind);
        for inner in named(component, "subComponents").flat_map(|list| named(list, "component")) {
            self.component(inner, folder, kind)?;
        }
        for file in named(component, "file") {
            if kind != TEMPLATE {
                let error = component.error("Unsupported Type for synapse lib artifact.");
                return Err(error.hint(format!("'{kind}' is not {TEMPLATE}")));
            }
            let Some(name) = file.trimmed_text() else {
                return Err(file.error("Invalid file specified for lib artifact."));
            };
            let path = format!("{folder}/{name}");
            let Some(bytes) = self.archive.get(&path) else {
                return Err(file.error(format!("file not found at : {}!{path}", self.shown)));
            };
            self.template(&path, bytes)?;
        }
        Ok(())
    }

    fn template(&mut self, path: &str, bytes: &[u8]) -> Result<(), DeployError> {
        let file = format!("{}!{path}", self.shown);
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { return Ok(()) };
        let element =
            Element::new(&document, root, &file).allowing_xpath2(self.definitions.settings.xpath_dom_failover);
        let (template, classes) = self.definitions.of_library(|| SequenceTemplate::parse(element, self.definitions));
        let template = match template {
            Ok(template) => template,
            Err(error) => {
                let faulting = SequenceTemplate::faulting(element, &error)?;
                self.definitions.warn_of(&error, &format!("the connector operation {} cannot be run", faulting.name));
                faulting
            }
        };
        let name = Name::new(&format!("{}{}", self.prefix, template.name));
        let class = classes.into_iter().next();
        self.operations.push(Operation { name, template: Arc::new(template), class });
        Ok(())
    }
}

fn entries(archive: &Archive, shown: &str, definitions: &Definitions<'_>) -> Result<Vec<Named>, DeployError> {
    let mut entries = Vec::new();
    for (name, bytes) in archive.below(ENTRIES) {
        let file = format!("{shown}!{ENTRIES}/{name}");
        let document = load::parse(bytes, &file)?;
        let Some(root) = document.root_element() else { continue };
        let element = Element::new(&document, root, &file).allowing_xpath2(definitions.settings.xpath_dom_failover);
        if let Some(error) = load::not_an_artifact(Kind::LocalEntry, element) {
            return Err(error);
        }
        entries.push(artifact::read(Kind::LocalEntry, element, definitions, &load::fetch)?);
    }
    Ok(entries)
}
