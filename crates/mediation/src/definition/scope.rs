//! What parsing an artifact needs beside its XML, and what it finds on the way.

use std::cell::RefCell;
use std::sync::Arc;

use mi_xml::Position;

use super::{DeployError, Element};
use crate::environment::Environment;
use crate::import::{Import, Imports};
use crate::mediator::{MediatorList, Step};
use crate::mediators;
use crate::settings::MediationSettings;

/// Something about an artifact that deserves a look but is no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: String,
    /// Line and column.
    pub position: Option<Position>,
    /// What.
    pub message: String,
}

/// Parses artifacts. It knows the settings, the environment and the imports, collects warnings, and builds mediators by
/// their names.
pub struct Definitions<'e> {
    /// What the server offers.
    pub environment: &'e Arc<Environment>,
    /// The settings.
    pub settings: &'e Arc<MediationSettings>,
    imports: RefCell<Imports>,
    /// Elements with a dot in their names that no mediator has: what they are depends on the imports.
    tags: RefCell<Vec<String>>,
    library: bool,
    warnings: RefCell<Vec<Warning>>,
}

impl<'e> Definitions<'e> {
    /// A parser that knows no imports.
    pub fn new(environment: &'e Arc<Environment>, settings: &'e Arc<MediationSettings>) -> Self {
        Self {
            environment,
            settings,
            imports: RefCell::default(),
            tags: RefCell::default(),
            library: false,
            warnings: RefCell::default(),
        }
    }

    /// The same with these imports.
    #[must_use]
    pub fn importing(self, imports: &Imports) -> Self {
        self.imports.replace(imports.clone());
        self
    }

    /// The same for the templates of a connector library, which may have `class` mediators.
    #[must_use]
    pub fn of_library(self) -> Self {
        Self { library: true, ..self }
    }

    /// Whether it reads the templates of a connector library.
    pub fn is_library(&self) -> bool {
        self.library
    }

    /// Adds an import that the file itself brings.
    pub fn import(&self, import: Import) {
        let imports = self.imports.borrow().and(import);
        self.imports.replace(imports);
    }

    /// The imports that it knows.
    pub fn imports(&self) -> Imports {
        self.imports.borrow().clone()
    }

    /// The import that an element belongs to. The question is remembered: the answer changes with the imports.
    pub fn import_of(&self, tag: &str) -> Option<Import> {
        if !tag.contains('.') {
            return None;
        }
        self.tags.borrow_mut().push(tag.to_owned());
        self.imports.borrow().of_tag(tag).cloned()
    }

    /// The elements that [`Definitions::import_of`] was asked about.
    pub fn take_tags(&self) -> Vec<String> {
        self.tags.take()
    }

    /// Notes something about `element`.
    pub fn warn(&self, element: Element<'_>, message: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning {
            file: element.file().to_owned(),
            position: element.position(),
            message: message.into(),
        });
    }

    /// What was noted.
    pub fn take_warnings(&self) -> Vec<Warning> {
        self.warnings.take()
    }

    /// The children of `element` as mediators; descriptions and comments are skipped.
    ///
    /// # Errors
    /// The first mediator that is unknown or not well made.
    pub fn mediators(&self, element: Element<'_>) -> Result<MediatorList, DeployError> {
        self.mediators_among(element.children())
    }

    /// The same for some children.
    ///
    /// # Errors
    /// As [`Definitions::mediators`].
    pub fn mediators_among<'a>(
        &self,
        elements: impl Iterator<Item = Element<'a>>,
    ) -> Result<MediatorList, DeployError> {
        let mut steps = Vec::new();
        for child in elements {
            if child.is_synapse() && child.local() == "description" {
                continue;
            }
            let mediator = mediators::build(child, self)?;
            let nature = mediator.nature();
            steps.push(Step { mediator, nature, line: child.line() });
        }
        Ok(MediatorList::new(steps))
    }

    /// Resolves `$SYSTEM:NAME`, `$FILE:NAME` and `${configs.NAME}` at the beginning of a value; whatever follows the name
    /// is dropped, as in MI (runtime spec 3.9).
    ///
    /// # Errors
    /// When the name is not known.
    pub fn resolve(&self, element: Element<'_>, value: &str) -> Result<String, DeployError> {
        let name_of =
            |rest: &str| -> String { rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect() };
        if let Some(rest) = value.strip_prefix("$SYSTEM:") {
            let name = name_of(rest);
            return std::env::var(&name).map_err(|_| {
                element.error("Environment variable could not be found").hint(format!("${name} is not set"))
            });
        }
        if let Some(rest) = value.strip_prefix("$FILE:") {
            let name = name_of(rest);
            let found = self.environment.file_property(&name);
            return found.ok_or_else(|| element.error(format!("File parameter key: {name} could not be found")));
        }
        if let Some(rest) = value.strip_prefix("${configs.") {
            let name = name_of(rest);
            let found = self.environment.config(&name);
            return found.ok_or_else(|| element.error(format!("Parameter key: {name} could not be found")));
        }
        Ok(value.to_owned())
    }
}
