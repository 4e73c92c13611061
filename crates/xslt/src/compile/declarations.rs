//! The top level of a stylesheet.

use std::collections::HashMap;
use std::sync::Arc;

use mi_xml::{Document, NodeId};

use super::module::{Declaration, Module};
use super::{Compiler, Context, XSLT, syntax};
use crate::error::StylesheetError;
use crate::sheet::{AttributeSet, Body, Content, Global, Key, Name, Rule, Sheet, Template};

/// A declaration with its context.
pub(super) struct Declared<'d> {
    pub(super) cx: Context,
    pub(super) kind: &'d str,
    pub(super) declaration: Declaration,
}

impl Compiler {
    pub(super) fn sheet(&mut self, modules: &[Module], declarations: &[Declaration]) -> Result<Sheet, StylesheetError> {
        let mut sheet = Sheet {
            templates: Vec::new(),
            modes: Vec::new(),
            globals: Vec::new(),
            keys: Vec::new(),
            decimal_formats: Vec::new(),
            attribute_sets: Vec::new(),
            spaces: Vec::new(),
            output: crate::OutputSettings::default(),
            modules: self.documents.clone(),
            reads_documents: false,
            fragments_are_nodes: false,
        };
        self.mode(None);
        let declared = self.contexts(modules, declarations)?;
        sheet.fragments_are_nodes = declared.iter().any(|one| one.cx.forwards);
        self.collect_names(&declared)?;
        sheet.attribute_sets = self.attribute_sets(&declared)?;
        let mut global_places: HashMap<Name, (usize, u32)> = HashMap::new();
        for (order, one) in declared.iter().enumerate() {
            let cx = &one.cx;
            match one.kind {
                "template" => self.template(one, order, &mut sheet)?,
                // The whole of a simplified stylesheet is the template of the document node.
                "" => self.simplified(one, order, &mut sheet)?,
                "variable" | "param" => self.global(one, &mut global_places, &mut sheet)?,
                "key" => {
                    let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
                    let pattern = self.required(cx, "match").and_then(|text| self.pattern(cx, &text))?;
                    let using = self.required(cx, "use").and_then(|text| self.xpath(cx, &text))?;
                    sheet.keys.push(Key { name, pattern, using });
                }
                "decimal-format" => self.decimal_format(cx, &mut sheet)?,
                "strip-space" | "preserve-space" => self.spaces(one, &mut sheet)?,
                "output" => self.output(cx, &mut sheet)?,
                _ => {}
            }
        }
        sheet.spaces.sort_by(|a, b| b.precedence.cmp(&a.precedence).then(b.priority.total_cmp(&a.priority)));
        sheet.modes = self.modes();
        sheet.reads_documents = self.reads_documents;
        Ok(sheet)
    }

    /// The declarations that are XSLT's, each with its context. Others at the top level are data and stay out.
    fn contexts<'d>(
        &self,
        modules: &'d [Module],
        declarations: &[Declaration],
    ) -> Result<Vec<Declared<'d>>, StylesheetError> {
        let mut found = Vec::new();
        for &declaration in declarations {
            let Some(module) = modules.get(declaration.module) else { continue };
            let outside = Context {
                module: declaration.module,
                node: module.root,
                depth: 0,
                forwards: false,
                excluded: Arc::default(),
                extensions: Arc::default(),
                produced: Arc::default(),
                locals: Vec::new(),
                tail: false,
            };
            let document: &'d Document = &module.document;
            if module.simplified {
                let cx = self.enter(&outside, module.root)?;
                found.push(Declared { cx, kind: "", declaration });
                continue;
            }
            let around = self.enter(&outside, module.root)?;
            if document.attr(module.root, "version").is_none() {
                return Err(self.error(&around, "xsl:stylesheet needs the attribute version"));
            }
            let cx = self.enter(&around, declaration.node)?;
            let kind = document.local_name(declaration.node);
            match document.namespace(declaration.node) {
                XSLT => {
                    self.declaration_is_known(&cx, kind)?;
                    self.check_attributes(&cx)?;
                    found.push(Declared { cx, kind, declaration });
                }
                "" => {
                    let message = format!("{kind} at the top level of a stylesheet has to be in a namespace");
                    return Err(self.error(&cx, message));
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn declaration_is_known(&self, cx: &Context, kind: &str) -> Result<(), StylesheetError> {
        let known = matches!(
            kind,
            "attribute-set"
                | "decimal-format"
                | "key"
                | "namespace-alias"
                | "output"
                | "param"
                | "preserve-space"
                | "strip-space"
                | "template"
                | "variable"
        );
        if known || cx.forwards && !syntax::is_later(kind) {
            return Ok(());
        }
        Err(self.error(cx, format!("xsl:{kind} is not a declaration of XSLT 1.0, the version that runs here")))
    }

    fn collect_names(&mut self, declared: &[Declared<'_>]) -> Result<(), StylesheetError> {
        let mut index = 0;
        for Declared { cx, kind, declaration } in declared {
            match *kind {
                "template" => {
                    if let Some(name) = self.optional(cx, "name") {
                        let name = self.name(cx, &name)?;
                        let known = self.template_names.get(&name);
                        if known.is_some_and(|(_, precedence)| *precedence == declaration.precedence) {
                            return Err(self.error(cx, format!("there are two templates named {}", name.local)));
                        }
                        self.template_names.insert(name, (index, declaration.precedence));
                    }
                    index += 1;
                }
                "" => index += 1,
                "variable" | "param" => {
                    let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
                    self.global_names.push(name);
                }
                "attribute-set" => {
                    let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
                    if !self.set_names.contains(&name) {
                        self.set_names.push(name);
                    }
                }
                "namespace-alias" => {
                    let document = self.document(cx);
                    let lookup = |prefix: &str| {
                        let prefix = if prefix == "#default" { "" } else { prefix };
                        (prefix.to_owned(), document.lookup_namespace(cx.node, prefix).unwrap_or("").to_owned())
                    };
                    let (_, from) = lookup(&self.required(cx, "stylesheet-prefix")?);
                    let (prefix, to) = lookup(&self.required(cx, "result-prefix")?);
                    self.aliases.insert(0, (from, prefix, to));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn template(&mut self, one: &Declared<'_>, order: usize, sheet: &mut Sheet) -> Result<(), StylesheetError> {
        let cx = &one.cx;
        let pattern = self.optional(cx, "match").map(|text| self.pattern(cx, &text)).transpose()?;
        let mode = self.optional(cx, "mode").map(|name| self.name(cx, &name)).transpose()?;
        if pattern.is_none() && self.optional(cx, "name").is_none() {
            return Err(self.error(cx, "xsl:template needs the attribute match, name or both"));
        }
        let priority = match self.optional(cx, "priority") {
            None => None,
            Some(text) => {
                let wrong = |_| self.error(cx, format!("the priority '{text}' is not a number"));
                Some(text.trim().parse::<f64>().map_err(wrong)?)
            }
        };
        let template = sheet.templates.len();
        if let Some(pattern) = pattern {
            let mode = self.mode(mode);
            self.rule(one, mode, order, priority, template, &pattern);
        }
        let body = self.body(&Context { tail: true, ..cx.clone() }, true)?;
        let Declaration { precedence, lowest, .. } = one.declaration;
        sheet.templates.push(Template { body, precedence, lowest });
        Ok(())
    }

    /// Adds a rule for each path of the pattern.
    fn rule(
        &mut self,
        one: &Declared<'_>,
        mode: usize,
        order: usize,
        priority: Option<f64>,
        template: usize,
        pattern: &mi_xml::xpath::Pattern,
    ) {
        for (alternative, path) in pattern.alternatives().iter().enumerate() {
            let rule = Rule {
                pattern: pattern.clone(),
                alternative,
                template,
                precedence: one.declaration.precedence,
                priority: priority.unwrap_or_else(|| path.priority()),
                order,
            };
            if let Some(rules) = self.rules.get_mut(mode) {
                rules.push(rule);
            }
        }
    }

    fn simplified(&mut self, one: &Declared<'_>, order: usize, sheet: &mut Sheet) -> Result<(), StylesheetError> {
        let pattern = self.pattern(&one.cx, "/")?;
        self.rule(one, 0, order, None, sheet.templates.len(), &pattern);
        let instructions = vec![self.literal(&one.cx)?];
        let Declaration { precedence, lowest, .. } = one.declaration;
        sheet.templates.push(Template { body: Body { instructions }, precedence, lowest });
        Ok(())
    }

    fn global(
        &mut self,
        one: &Declared<'_>,
        places: &mut HashMap<Name, (usize, u32)>,
        sheet: &mut Sheet,
    ) -> Result<(), StylesheetError> {
        let cx = &one.cx;
        let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
        let content = self.content(cx)?;
        let precedence = one.declaration.precedence;
        let global = Global { name: name.clone(), is_param: one.kind == "param", content, place: self.place(cx) };
        match places.get(&name) {
            Some((_, known)) if *known == precedence => {
                return Err(self.error(cx, format!("there are two global variables ${}", name.local)));
            }
            Some((index, _)) => {
                if let Some(slot) = sheet.globals.get_mut(*index) {
                    *slot = global;
                }
                let index = *index;
                places.insert(name, (index, precedence));
            }
            None => {
                places.insert(name, (sheet.globals.len(), precedence));
                sheet.globals.push(global);
            }
        }
        Ok(())
    }

    fn attribute_sets(&mut self, declared: &[Declared<'_>]) -> Result<Vec<AttributeSet>, StylesheetError> {
        let names = self.set_names.clone();
        let mut sets: Vec<AttributeSet> =
            names.into_iter().map(|name| AttributeSet { name, parts: Vec::new() }).collect();
        for Declared { cx, kind, .. } in declared {
            if *kind != "attribute-set" {
                continue;
            }
            let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
            let used = self.sets(cx, self.optional(cx, "use-attribute-sets"))?;
            let body = self.body(cx, false)?;
            if let Some(set) = sets.iter_mut().find(|set| set.name == name) {
                set.parts.push((used, body));
            }
        }
        for (index, set) in sets.iter().enumerate() {
            if uses_itself(&sets, index) {
                let at = declared.iter().find(|one| one.kind == "attribute-set");
                let message = format!("the attribute set {} uses itself", set.name.local);
                if let Some(one) = at {
                    return Err(self.error(&one.cx, message));
                }
            }
        }
        Ok(sets)
    }

    /// The attribute sets of a list of names.
    pub(super) fn sets(&self, cx: &Context, list: Option<String>) -> Result<Vec<usize>, StylesheetError> {
        let mut found = Vec::new();
        for text in list.as_deref().unwrap_or("").split_whitespace() {
            let name = self.name(cx, text)?;
            match self.set_names.iter().position(|known| *known == name) {
                Some(index) => found.push(index),
                None => return Err(self.error(cx, format!("there is no attribute set {text}"))),
            }
        }
        Ok(found)
    }

    /// What a variable or parameter holds: of its `select`, or of its content.
    pub(super) fn content(&mut self, cx: &Context) -> Result<Content, StylesheetError> {
        let document = self.document(cx);
        let has_content = document.children(cx.node).any(|child| !is_insignificant(&document, child));
        match self.optional(cx, "select") {
            Some(_) if has_content => {
                Err(self.error(cx, format!("xsl:{} has select and content", document.local_name(cx.node))))
            }
            Some(text) => Ok(Content::Select(self.xpath(cx, &text)?)),
            None if !has_content => Ok(Content::Empty),
            None => {
                Ok(Content::Tree(self.body(&Context { tail: false, produced: Arc::default(), ..cx.clone() }, false)?))
            }
        }
    }
}

/// Whether a node of a stylesheet says nothing: a comment, a processing instruction, or white space between elements.
pub(super) fn is_insignificant(document: &Document, node: NodeId) -> bool {
    match document.kind(node) {
        mi_xml::NodeKind::Element => false,
        mi_xml::NodeKind::Text => {
            let text = document.text(node).unwrap_or("");
            mi_xml::chars::is_blank(text) && !keeps_space(document, node)
        }
        _ => true,
    }
}

fn keeps_space(document: &Document, node: NodeId) -> bool {
    let in_text = document
        .parent(node)
        .is_some_and(|parent| document.namespace(parent) == XSLT && document.local_name(parent) == "text");
    let declared = document.ancestors(node).find_map(|id| document.attribute(id, mi_xml::XML_NAMESPACE, "space"));
    in_text || declared == Some("preserve")
}

fn uses_itself(sets: &[AttributeSet], index: usize) -> bool {
    let (mut seen, mut open) = (vec![false; sets.len()], vec![index]);
    while let Some(at) = open.pop() {
        for used in sets.get(at).into_iter().flat_map(|set| &set.parts).flat_map(|(used, _)| used) {
            if *used == index {
                return true;
            }
            if let Some(flag) = seen.get_mut(*used)
                && !*flag
            {
                *flag = true;
                open.push(*used);
            }
        }
    }
    false
}
