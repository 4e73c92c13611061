//! Imports of connector libraries: which elements are operations of which library (spec: EIP mediators 25).

use std::sync::Arc;

use crate::definition::{DeployError, Element};

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
}

/// All imports of a deployment. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imports(Arc<[Import]>);

impl Imports {
    /// These; of two for one library the first counts.
    pub fn new(imports: impl IntoIterator<Item = Import>) -> Self {
        let mut all: Vec<Import> = Vec::new();
        for import in imports {
            if !all.iter().any(|known| known.library == import.library && known.package == import.package) {
                all.push(import);
            }
        }
        all.sort();
        Self(all.into())
    }

    /// These and one more.
    #[must_use]
    pub fn and(&self, import: Import) -> Self {
        Self::new(self.0.iter().cloned().chain([import]))
    }

    /// The import that an element belongs to: its name is the library's and a dot, and then the operation. Of several the
    /// one with the longest name; of several with that name the first package by the alphabet.
    pub fn of_tag(&self, tag: &str) -> Option<&Import> {
        let named = self.0.iter().filter(|import| operation(import, tag).is_some());
        // `rev`: of equals, `max_by_key` gives the last.
        named.rev().max_by_key(|import| import.library.len())
    }

    /// The names of the imported libraries.
    pub fn libraries(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|import| &*import.library)
    }

    /// Whether the library is imported and enabled.
    pub fn enables(&self, package: &str, library: &str) -> bool {
        self.0.iter().any(|import| import.enabled && *import.library == *library && *import.package == *package)
    }
}

/// The operation that an element of the import's library names: the part behind the library's name and a dot.
fn operation<'t>(import: &Import, tag: &'t str) -> Option<&'t str> {
    tag.strip_prefix(&*import.library)?.strip_prefix('.').filter(|operation| !operation.is_empty())
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
        let imports = Imports::new([import("file", "b"), import("file", "a"), import("file.archive", "c")]);
        let package = |tag: &str| imports.of_tag(tag).map(|import| import.package.to_string());
        assert_eq!(package("file.read").as_deref(), Some("a"));
        assert_eq!(package("file.archive.open").as_deref(), Some("c"));
        // Java would take `file` for this one.
        assert_eq!(package("fileconnector.read"), None);
        assert_eq!(package("file."), None);
        assert_eq!(package("file"), None);
    }

    #[test]
    fn anything_but_enabled_is_off() {
        for (status, enabled) in [("status='enabled'", true), ("status='Enabled'", false), ("", false)] {
            let text = format!("<import name='email' package='p' {status}/>");
            let import = testing::with_definitions(&text, |element, _| Import::parse(element)).expect("well made");
            assert_eq!(import.enabled, enabled, "{status}");
            assert_eq!(Imports::new([import]).enables("p", "email"), enabled);
        }
        let error = testing::with_definitions("<import package='p'/>", |element, _| Import::parse(element));
        assert_eq!(error.expect_err("no name").message(), "Synapse Import Target Library name is not specified");
        let error = testing::with_definitions("<import name='n'/>", |element, _| Import::parse(element));
        assert_eq!(error.expect_err("no package").message(), "Synapse Import Target Library package is not specified");
    }
}
