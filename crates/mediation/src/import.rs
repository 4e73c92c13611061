//! Imports of connector libraries: which elements are operations of which library (spec: EIP mediators 25).

use std::collections::BTreeMap;
use std::sync::Arc;

use mi_xml::Document;

use crate::definition::{DeployError, Element, SYNAPSE_NAMESPACE};

/// `<import name="…" package="…" status="…"/>`. Import and library may come in any order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The library's name, which the elements of its operations begin with.
    pub library: Arc<str>,
    /// The library's package.
    pub package: Arc<str>,
    /// Only the templates of an enabled library can be called. Its elements are known either way.
    pub enabled: bool,
}

impl Import {
    /// Reads `<import>`; any `status` but `enabled` means off.
    ///
    /// # Errors
    /// When name or package is missing.
    pub fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let library = element.required("name", "Synapse Import Target Library name is not specified")?;
        let package = element.required("package", "Synapse Import Target Library package is not specified")?;
        let enabled = element.attribute("status") == Some("enabled");
        Ok(Self { library: library.into(), package: package.into(), enabled })
    }

    /// `{package}name`, the key of the library.
    pub fn key(&self) -> String {
        format!("{{{}}}{}", self.package, self.library)
    }

    /// It as the text of an artifact.
    pub fn to_xml(&self) -> String {
        let mut document = Document::new();
        let element = document.create_element("", SYNAPSE_NAMESPACE, "import");
        let status = if self.enabled { "enabled" } else { "disabled" };
        for (name, value) in [("name", &*self.library), ("package", &*self.package), ("status", status)] {
            document.set_attribute(element, "", "", name, value);
        }
        document.to_xml(element)
    }
}

/// An operation of a library that an element stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryOperation {
    /// The library's package.
    pub package: Arc<str>,
    /// The library's name.
    pub library: Arc<str>,
    /// The Java class that it needs, which cannot run here.
    pub class: Option<Arc<str>>,
}

impl LibraryOperation {
    /// `{package}name`, the key of the library.
    pub fn key(&self) -> String {
        format!("{{{}}}{}", self.package, self.library)
    }
}

/// All imports of a deployment, and what the libraries tell about operations that cannot run. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports {
    imports: Arc<[Import]>,
    /// The Java class that a template needs, by the template's full name.
    classes: Arc<BTreeMap<Arc<str>, Arc<str>>>,
}

impl Imports {
    /// These; of two for one library the first counts. `classes` are the Java classes that templates need, by full name.
    pub fn new(
        imports: impl IntoIterator<Item = Import>,
        classes: impl IntoIterator<Item = (Arc<str>, Arc<str>)>,
    ) -> Self {
        let mut all: Vec<Import> = Vec::new();
        for import in imports {
            if !all.iter().any(|known| known.library == import.library && known.package == import.package) {
                all.push(import);
            }
        }
        all.sort();
        Self { imports: all.into(), classes: Arc::new(classes.into_iter().collect()) }
    }

    /// These, and then those of `other`.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let classes = self.classes.iter().chain(&*other.classes);
        Self::new(
            self.imports.iter().chain(&*other.imports).cloned(),
            classes.map(|(name, class)| (name.clone(), class.clone())),
        )
    }

    /// The operation that an element stands for: its name is an imported library's and a dot, and then the operation's. Of
    /// several libraries it is the one with the longest name; of several with that name the first package by the alphabet.
    pub fn operation(&self, tag: &str) -> Option<LibraryOperation> {
        let named = self.imports.iter().filter(|import| is_of(import, tag));
        // `rev`: of equals, `max_by_key` gives the last.
        let import = named.rev().max_by_key(|import| import.library.len())?;
        let class = self.classes.get(&*format!("{}.{tag}", import.package)).cloned();
        Some(LibraryOperation { package: import.package.clone(), library: import.library.clone(), class })
    }

    /// The names of the imported libraries.
    pub fn libraries(&self) -> impl Iterator<Item = &str> {
        self.imports.iter().map(|import| &*import.library)
    }

    /// Whether the library is imported and enabled.
    pub fn enables(&self, package: &str, library: &str) -> bool {
        self.imports.iter().any(|import| import.enabled && *import.library == *library && *import.package == *package)
    }
}

/// Whether an element is of the import's library.
fn is_of(import: &Import, tag: &str) -> bool {
    let operation = tag.strip_prefix(&*import.library).and_then(|rest| rest.strip_prefix('.'));
    operation.is_some_and(|operation| !operation.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn import(library: &str, package: &str) -> Import {
        Import { library: library.into(), package: package.into(), enabled: true }
    }

    #[test]
    fn a_tag_belongs_to_the_library_before_the_dot() {
        let imports = Imports::new([import("file", "b"), import("file", "a"), import("file.archive", "c")], []);
        let package = |tag: &str| imports.operation(tag).map(|operation| operation.package.to_string());
        assert_eq!(package("file.read").as_deref(), Some("a"));
        assert_eq!(package("file.archive.open").as_deref(), Some("c"));
        // Java would take `file` for this one.
        assert_eq!(package("fileconnector.read"), None);
        assert_eq!(package("file."), None);
        assert_eq!(package("file"), None);
    }

    #[test]
    fn an_operation_that_needs_a_class_says_which() {
        let imports = Imports::new([import("mail", "p")], [("p.mail.send".into(), "org.example.Send".into())]);
        let class = |tag: &str| imports.operation(tag).and_then(|operation| operation.class);
        assert_eq!(class("mail.send").as_deref(), Some("org.example.Send"));
        assert_eq!(class("mail.list"), None);
    }

    #[test]
    fn anything_but_enabled_is_off() {
        for (status, enabled) in [("status='enabled'", true), ("status='Enabled'", false), ("", false)] {
            let text = format!("<import name='email' package='p' {status}/>");
            let import = testing::with_definitions(&text, |element, _| Import::parse(element)).expect("well made");
            assert_eq!(import.enabled, enabled, "{status}");
            assert_eq!(Imports::new([import], []).enables("p", "email"), enabled);
        }
        let error = testing::with_definitions("<import package='p'/>", |element, _| Import::parse(element));
        assert_eq!(error.expect_err("no name").message(), "Synapse Import Target Library name is not specified");
        let error = testing::with_definitions("<import name='n'/>", |element, _| Import::parse(element));
        assert_eq!(error.expect_err("no package").message(), "Synapse Import Target Library package is not specified");
    }
}
