//! Reading the modules of a stylesheet: which declarations there are, and which import precedence they have.

use std::sync::Arc;

use mi_xml::{Document, NodeId};

use super::{XSLT, place};
use crate::Resolver;
use crate::error::StylesheetError;

/// How deep modules may import each other.
const MAX_DEPTH: usize = 50;

/// How many modules a stylesheet may have.
const MAX_MODULES: usize = 1_000;

/// A document of the stylesheet.
pub(super) struct Module {
    pub(super) document: Arc<Document>,
    /// The location by which it was named; `""` for the stylesheet itself.
    pub(super) location: Arc<str>,
    /// Its outermost element.
    pub(super) root: NodeId,
    /// Whether it is a result element without `xsl:stylesheet` around.
    pub(super) simplified: bool,
}

/// A child of an `xsl:stylesheet`.
#[derive(Copy, Clone)]
pub(super) struct Declaration {
    pub(super) module: usize,
    pub(super) node: NodeId,
    pub(super) precedence: u32,
    /// The lowest precedence of what its module imports.
    pub(super) lowest: u32,
}

/// All modules and declarations, in the order of the text, with included ones in the place of their `xsl:include`.
pub(super) struct Modules {
    pub(super) modules: Vec<Module>,
    pub(super) declarations: Vec<Declaration>,
}

pub(super) fn load(document: Arc<Document>, resolver: &dyn Resolver) -> Result<Modules, StylesheetError> {
    let modules = Modules { modules: Vec::new(), declarations: Vec::new() };
    let mut loader = Loader { found: modules, next: 0, resolver };
    let root = loader.add(document, "".into())?;
    loader.import(root, 0)?;
    Ok(loader.found)
}

struct Loader<'r> {
    found: Modules,
    /// The precedence that the next module gets.
    next: u32,
    resolver: &'r dyn Resolver,
}

impl Loader<'_> {
    fn add(&mut self, document: Arc<Document>, location: Arc<str>) -> Result<usize, StylesheetError> {
        let Some(root) = document.root_element() else {
            return Err(place::error(&document, &location, document.root(), "the stylesheet is empty".to_owned()));
        };
        let is_sheet =
            document.namespace(root) == XSLT && matches!(document.local_name(root), "stylesheet" | "transform");
        let simplified = !is_sheet && document.attribute(root, XSLT, "version").is_some();
        if !is_sheet && !simplified {
            let message = format!(
                "a stylesheet begins with xsl:stylesheet in the namespace {XSLT}, not with {}",
                document.local_name(root)
            );
            return Err(place::error(&document, &location, root, message));
        }
        self.found.modules.push(Module { document, location, root, simplified });
        Ok(self.found.modules.len() - 1)
    }

    /// Gives the module and what it includes the next precedence, after what they import.
    fn import(&mut self, module: usize, depth: usize) -> Result<(), StylesheetError> {
        let lowest = self.next;
        let mut own = Vec::new();
        self.collect(module, depth, &mut own)?;
        let precedence = self.next;
        self.next += 1;
        let declare = |(module, node)| Declaration { module, node, precedence, lowest };
        self.found.declarations.extend(own.into_iter().map(declare));
        Ok(())
    }

    fn collect(&mut self, module: usize, depth: usize, own: &mut Vec<(usize, NodeId)>) -> Result<(), StylesheetError> {
        let Some(at) = self.found.modules.get(module) else { return Ok(()) };
        let (document, location, root) = (Arc::clone(&at.document), Arc::clone(&at.location), at.root);
        if at.simplified {
            own.push((module, root));
            return Ok(());
        }
        for node in document.child_elements(root) {
            let kind = if document.namespace(node) == XSLT { document.local_name(node) } else { "" };
            if !matches!(kind, "import" | "include") {
                own.push((module, node));
                continue;
            }
            let fail = |message: String| Err(place::error(&document, &location, node, message));
            let Some(href) = document.attr(node, "href") else {
                return fail(format!("xsl:{kind} needs the attribute href"));
            };
            if depth >= MAX_DEPTH || self.found.modules.len() >= MAX_MODULES {
                return fail(format!("{href} is imported too deep; does a module import itself?"));
            }
            let loaded = match self.resolver.resolve(href) {
                Ok(loaded) => self.add(loaded, href.into())?,
                Err(reason) => return fail(format!("xsl:{kind} of {href}: {reason}")),
            };
            if kind == "import" {
                self.import(loaded, depth + 1)?;
            } else {
                self.collect(loaded, depth + 1, own)?;
            }
        }
        Ok(())
    }
}
