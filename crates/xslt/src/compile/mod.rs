//! From the documents of a stylesheet to its compiled form.

mod body;
mod declarations;
mod expression;
mod module;
mod place;
mod settings;
mod syntax;

use std::collections::HashMap;
use std::sync::Arc;

use mi_xml::{Document, NodeId};

use crate::Resolver;
use crate::error::{Place, StylesheetError};
use crate::sheet::{Mode, Name, Rule, Sheet};
use module::Modules;

/// The namespace of XSLT.
pub(crate) const XSLT: &str = "http://www.w3.org/1999/XSL/Transform";

/// How deep elements of a stylesheet may be nested.
const MAX_DEPTH: usize = 200;

pub(crate) fn compile(document: Arc<Document>, resolver: &dyn Resolver) -> Result<Sheet, StylesheetError> {
    let Modules { modules, declarations } = module::load(document, resolver)?;
    let asks_for_functions = modules.iter().any(|module| mentions(&module.document, "function-available"));
    let mut compiler = Compiler {
        documents: modules.iter().map(|module| Arc::clone(&module.document)).collect(),
        locations: modules.iter().map(|module| Arc::clone(&module.location)).collect(),
        asks_for_functions,
        ..Compiler::default()
    };
    // What imports declare comes first; what they are imported into overrides it.
    compiler.sheet(&modules, &declarations)
}

/// Whether an attribute of the document contains the text.
fn mentions(document: &Document, text: &str) -> bool {
    document.descendants(document.root()).any(|id| document.attributes(id).any(|one| one.value.contains(text)))
}

/// What is known while compiling.
#[derive(Default)]
struct Compiler {
    documents: Vec<Arc<Document>>,
    locations: Vec<Arc<str>>,
    /// Named templates, by name: the index and the precedence of the one that wins.
    template_names: HashMap<Name, (usize, u32)>,
    global_names: Vec<Name>,
    set_names: Vec<Name>,
    mode_names: Vec<Option<Name>>,
    rules: Vec<Vec<Rule>>,
    /// `xsl:namespace-alias`: the namespace in the stylesheet, and prefix and namespace in the result.
    aliases: Vec<(String, String, String)>,
    reads_documents: bool,
    /// Whether the stylesheet calls `function-available()`.
    asks_for_functions: bool,
}

/// Where the compiler is.
#[derive(Clone)]
struct Context {
    module: usize,
    node: NodeId,
    depth: usize,
    /// Whether unknown elements of XSLT are left to `xsl:fallback`, as a later version of XSLT may know them.
    forwards: bool,
    /// Namespaces that literal result elements do not bring along.
    excluded: Arc<Vec<String>>,
    /// Namespaces whose elements are instructions.
    extensions: Arc<Vec<String>>,
    /// Declarations that the result elements around have made.
    produced: Arc<Vec<(Box<str>, Box<str>)>>,
    /// The local variables in scope.
    locals: Vec<Name>,
    /// Whether what is compiled is the last thing of a template.
    tail: bool,
}

impl Compiler {
    fn document(&self, cx: &Context) -> Arc<Document> {
        self.documents.get(cx.module).cloned().unwrap_or_default()
    }

    fn place(&self, cx: &Context) -> Place {
        let location = self.locations.get(cx.module).cloned().unwrap_or_else(|| "".into());
        place::of(&self.document(cx), &location, cx.node)
    }

    fn error(&self, cx: &Context, message: impl Into<String>) -> StylesheetError {
        StylesheetError { place: self.place(cx), message: message.into() }
    }

    /// The context of an element: as around it, changed by its own `version` and prefix lists.
    fn enter(&self, outer: &Context, node: NodeId) -> Result<Context, StylesheetError> {
        let mut cx = Context { node, depth: outer.depth + 1, ..outer.clone() };
        if cx.depth > MAX_DEPTH {
            return Err(self.error(&cx, "the stylesheet is nested too deeply"));
        }
        let document = self.document(&cx);
        let of = if document.namespace(node) == XSLT { "" } else { XSLT };
        if let Some(version) =
            document.attribute(node, of, "version").filter(|_| of == XSLT || is_sheet(&document, node))
        {
            cx.forwards = version.trim().parse::<f64>().is_ok_and(|version| version != 1.0);
        }
        self.prefixes(&cx, document.attribute(node, of, "exclude-result-prefixes"), &mut cx.excluded.clone())
            .map(|list| cx.excluded = list)?;
        self.prefixes(&cx, document.attribute(node, of, "extension-element-prefixes"), &mut cx.extensions.clone())
            .map(|list| cx.extensions = list)?;
        Ok(cx)
    }

    /// The namespaces of a list of prefixes, added to those known.
    fn prefixes(
        &self,
        cx: &Context,
        list: Option<&str>,
        known: &mut Arc<Vec<String>>,
    ) -> Result<Arc<Vec<String>>, StylesheetError> {
        let document = self.document(cx);
        for prefix in list.unwrap_or("").split_whitespace() {
            if prefix == "#all" {
                let all = document.in_scope_namespaces(cx.node);
                Arc::make_mut(known).extend(all.into_iter().map(|(_, uri)| uri.to_owned()));
                continue;
            }
            let looked_up = if prefix == "#default" { "" } else { prefix };
            match document.lookup_namespace(cx.node, looked_up) {
                Some(uri) => Arc::make_mut(known).push(uri.to_owned()),
                None => return Err(self.error(cx, format!("the prefix {prefix} is not bound to a namespace"))),
            }
        }
        Ok(Arc::clone(known))
    }

    /// The value of an attribute that has to be there.
    fn required(&self, cx: &Context, attribute: &str) -> Result<String, StylesheetError> {
        let document = self.document(cx);
        document.attr(cx.node, attribute).map(str::to_owned).ok_or_else(|| {
            let element = document.local_name(cx.node);
            self.error(cx, format!("xsl:{element} needs the attribute {attribute}"))
        })
    }

    fn optional(&self, cx: &Context, attribute: &str) -> Option<String> {
        self.document(cx).attr(cx.node, attribute).map(str::to_owned)
    }

    /// `yes` or `no`.
    fn flag(&self, cx: &Context, attribute: &str) -> Result<Option<bool>, StylesheetError> {
        match self.optional(cx, attribute).as_deref().map(str::trim) {
            None => Ok(None),
            Some("yes" | "true" | "1") => Ok(Some(true)),
            Some("no" | "false" | "0") => Ok(Some(false)),
            Some(other) => Err(self.error(cx, format!("{attribute} is yes or no, not '{other}'"))),
        }
    }

    /// Refuses attributes that XSLT 1.0 does not have, unless the stylesheet is of a later version.
    fn check_attributes(&self, cx: &Context) -> Result<(), StylesheetError> {
        let document = self.document(cx);
        let element = document.local_name(cx.node);
        let Some(known) = syntax::attributes(element).filter(|_| !cx.forwards) else { return Ok(()) };
        for attribute in document.attributes(cx.node).filter(|one| one.name.namespace.is_empty()) {
            let name = attribute.name.local;
            if !known.contains(&name) {
                let allowed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let message = format!("xsl:{element} has no attribute '{name}' in XSLT 1.0; it has: {allowed}");
                return Err(self.error(cx, message));
            }
        }
        Ok(())
    }

    fn mode(&mut self, name: Option<Name>) -> usize {
        if let Some(index) = self.mode_names.iter().position(|known| *known == name) {
            return index;
        }
        self.mode_names.push(name);
        self.rules.push(Vec::new());
        self.mode_names.len() - 1
    }

    fn modes(&mut self) -> Vec<Mode> {
        std::mem::take(&mut self.rules).into_iter().map(Mode::new).collect()
    }
}

fn is_sheet(document: &Document, node: NodeId) -> bool {
    matches!(document.local_name(node), "stylesheet" | "transform")
}

/// Whether XSLT 1.0 has an instruction of this name.
pub(crate) fn is_instruction(local: &str) -> bool {
    let top_level = [
        "attribute-set",
        "decimal-format",
        "import",
        "include",
        "key",
        "namespace-alias",
        "output",
        "preserve-space",
        "strip-space",
        "stylesheet",
        "template",
        "transform",
    ];
    syntax::attributes(local).is_some() && !top_level.contains(&local)
}
