//! What parsing an artifact needs beside its XML, and what it finds on the way.

use std::cell::RefCell;
use std::sync::Arc;

use mi_xml::Position;

use super::{DeployError, Element};
use crate::environment::Environment;
use crate::import::{Imports, LibraryOperation};
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

/// An element with a dot in its name, and the operation of a library that it stood for when it was read.
pub type Answer = (String, Option<LibraryOperation>);

/// Parses artifacts. It knows the settings, the environment and the imports, collects warnings, and builds mediators by
/// their names.
pub struct Definitions<'e> {
    /// What the server offers.
    pub environment: &'e Arc<Environment>,
    /// The settings.
    pub settings: &'e Arc<MediationSettings>,
    imports: RefCell<Imports>,
    answers: RefCell<Vec<Answer>>,
    brought: RefCell<Imports>,
    /// The Java classes that a library's template needs; `None` when it reads none.
    classes: RefCell<Option<Vec<Arc<str>>>>,
    warnings: RefCell<Vec<Warning>>,
}

impl<'e> Definitions<'e> {
    /// A parser that knows no imports.
    pub fn new(environment: &'e Arc<Environment>, settings: &'e Arc<MediationSettings>) -> Self {
        Self {
            environment,
            settings,
            imports: RefCell::default(),
            answers: RefCell::default(),
            brought: RefCell::default(),
            classes: RefCell::default(),
            warnings: RefCell::default(),
        }
    }

    /// The same with these imports.
    #[must_use]
    pub fn importing(self, imports: &Imports) -> Self {
        self.imports.replace(imports.clone());
        self
    }

    /// Has `read` read a template of a connector library, which may have `class` mediators. Gives the Java classes that it
    /// needs too.
    pub fn of_library<T>(&self, read: impl FnOnce() -> T) -> (T, Vec<Arc<str>>) {
        let before = self.classes.replace(Some(Vec::new()));
        let result = read();
        (result, self.classes.replace(before).unwrap_or_default())
    }

    /// Takes note of a Java class that a template of a library needs. `false` when this is no library: what needs a class is
    /// refused then.
    pub fn needs_class(&self, class: &str) -> bool {
        let mut classes = self.classes.borrow_mut();
        let Some(classes) = &mut *classes else { return false };
        classes.push(class.into());
        true
    }

    /// Adds imports that the file itself brings: what is read from now on knows them.
    pub fn bring(&self, imports: &Imports) {
        let (known, brought) = (self.imports.borrow().and(imports), self.brought.borrow().and(imports));
        self.imports.replace(known);
        self.brought.replace(brought);
    }

    /// What the file itself has brought.
    pub fn brought(&self) -> Imports {
        self.brought.borrow().clone()
    }

    /// The imports that it knows.
    pub fn imports(&self) -> Imports {
        self.imports.borrow().clone()
    }

    /// The operation of a library that an element stands for. The answer is remembered: another deployment may have another.
    pub fn operation(&self, tag: &str) -> Option<LibraryOperation> {
        if !tag.contains('.') {
            return None;
        }
        let operation = self.imports.borrow().operation(tag);
        self.answers.borrow_mut().push((tag.to_owned(), operation.clone()));
        operation
    }

    /// What [`Definitions::operation`] was asked, and what it answered.
    pub fn take_answers(&self) -> Vec<Answer> {
        self.answers.take()
    }

    /// Notes something about `element`.
    pub fn warn(&self, element: Element<'_>, message: impl Into<String>) {
        self.warnings.borrow_mut().push(Warning {
            file: element.file().to_owned(),
            position: element.position(),
            message: message.into(),
        });
    }

    /// Notes an error that does not keep the artifact from being deployed; `about` says what it is about.
    pub fn warn_of(&self, error: &DeployError, about: &str) {
        self.warnings.borrow_mut().push(Warning {
            file: error.file().to_owned(),
            position: error.position(),
            message: format!("{about}: {}", error.reason()),
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
