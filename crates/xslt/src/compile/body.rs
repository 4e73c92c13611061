//! Instructions and literal result elements.

use std::sync::Arc;

use mi_xml::{NodeId, NodeKind};

use super::declarations::is_insignificant;
use super::{Compiler, Context, XSLT, syntax};
use crate::error::StylesheetError;
use crate::sheet::{
    Avt, Body, ComputedName, Instruction, Level, LiteralAttribute, LiteralElement, Name, Number, Operation, Sort,
    WithParam,
};

impl Compiler {
    /// Compiles the children of the element at hand. `params`: whether `xsl:param` may stand first.
    pub(super) fn body(&mut self, cx: &Context, params: bool) -> Result<Body, StylesheetError> {
        let document = self.document(cx);
        let children: Vec<NodeId> =
            document.children(cx.node).filter(|child| !is_insignificant(&document, *child)).collect();
        let mut inner = cx.clone();
        let mut body = Body::default();
        let mut params = params;
        for (index, &child) in children.iter().enumerate() {
            inner.tail = cx.tail && index + 1 == children.len();
            if document.kind(child) == NodeKind::Text {
                params = false;
                let text = document.text(child).unwrap_or("").into();
                let place = self.place(cx);
                body.instructions.push(Instruction { operation: Operation::Text { text, raw: false }, place });
                continue;
            }
            let is_xslt = document.namespace(child) == XSLT;
            match document.local_name(child) {
                // They were read by whoever they belong to.
                "sort" | "with-param" | "fallback" if is_xslt => continue,
                "param" if is_xslt && !params => {
                    let at = self.enter(&inner, child)?;
                    return Err(self.error(&at, "xsl:param stands at the beginning of its template only"));
                }
                "param" if is_xslt => {}
                _ => params = false,
            }
            let at = self.enter(&inner, child)?;
            let instruction = self.instruction(&at)?;
            if let Operation::Variable { name, .. } | Operation::Param { name, .. } = &instruction.operation {
                inner.locals.push(name.clone());
            }
            body.instructions.push(instruction);
        }
        Ok(body)
    }

    fn instruction(&mut self, cx: &Context) -> Result<Instruction, StylesheetError> {
        let document = self.document(cx);
        let local = document.local_name(cx.node);
        match document.namespace(cx.node) {
            XSLT => {
                self.check_attributes(cx)?;
                let operation = self.operation(cx, local)?;
                Ok(Instruction { operation, place: self.place(cx) })
            }
            namespace if cx.extensions.iter().any(|known| known == namespace) => {
                let operation = self.unknown(cx, local)?;
                Ok(Instruction { operation, place: self.place(cx) })
            }
            _ => self.literal(cx),
        }
    }

    fn operation(&mut self, cx: &Context, local: &str) -> Result<Operation, StylesheetError> {
        let inside = Context { tail: false, ..cx.clone() };
        Ok(match local {
            "apply-imports" => Operation::ApplyImports,
            "apply-templates" => {
                let mode = self.optional(cx, "mode").map(|name| self.name(cx, &name)).transpose()?;
                Operation::ApplyTemplates {
                    select: self.optional(cx, "select").map(|text| self.xpath(cx, &text)).transpose()?,
                    mode: self.mode(mode),
                    sorts: self.sorts(&inside)?,
                    params: self.with_params(&inside)?,
                }
            }
            "attribute" => {
                let name = self.computed_name(cx)?;
                Operation::Attribute { name, body: self.body(&inside, false)? }
            }
            "call-template" => self.call(cx)?,
            "choose" => self.choose(cx)?,
            "comment" => Operation::Comment(self.body(&inside, false)?),
            "copy" => {
                let sets = self.sets(cx, self.optional(cx, "use-attribute-sets"))?;
                let inside = Context { produced: Arc::default(), ..inside };
                Operation::Copy { sets, body: self.body(&inside, false)? }
            }
            "copy-of" => {
                let select = self.required(cx, "select")?;
                Operation::CopyOf(self.xpath(cx, &select)?)
            }
            "element" => {
                let name = self.computed_name(cx)?;
                let sets = self.sets(cx, self.optional(cx, "use-attribute-sets"))?;
                let inside = Context { produced: Arc::default(), ..inside };
                Operation::NamedElement { name, sets, body: self.body(&inside, false)? }
            }
            "for-each" => {
                let select = self.required(cx, "select")?;
                let (select, sorts) = (self.xpath(cx, &select)?, self.sorts(&inside)?);
                Operation::ForEach { select, sorts, body: self.body(&inside, false)? }
            }
            "if" => {
                let test = self.required(cx, "test")?;
                Operation::If { test: self.xpath(cx, &test)?, body: self.body(cx, false)? }
            }
            "message" => {
                let terminate = self.flag(cx, "terminate")? == Some(true);
                Operation::Message { body: self.body(&inside, false)?, terminate }
            }
            "number" => Operation::Number(Box::new(self.number(cx)?)),
            "processing-instruction" => {
                let name = self.required(cx, "name")?;
                Operation::ProcessingInstruction { name: self.avt(cx, &name)?, body: self.body(&inside, false)? }
            }
            "text" => {
                let document = self.document(cx);
                if document.first_child_element(cx.node).is_some() {
                    return Err(self.error(cx, "xsl:text holds text only"));
                }
                let text = document.text_content(cx.node).as_ref().into();
                Operation::Text { text, raw: self.flag(cx, "disable-output-escaping")? == Some(true) }
            }
            "value-of" => {
                let select = self.required(cx, "select")?;
                let raw = self.flag(cx, "disable-output-escaping")? == Some(true);
                Operation::ValueOf { select: self.xpath(cx, &select)?, raw }
            }
            "variable" | "param" => {
                let name = self.required(cx, "name").and_then(|name| self.name(cx, &name))?;
                if cx.locals.contains(&name) {
                    let message = format!("the variable ${} is declared twice in its template", name.local);
                    return Err(self.error(cx, message));
                }
                let content = self.content(cx)?;
                if local == "variable" {
                    Operation::Variable { name, content }
                } else {
                    Operation::Param { name, content }
                }
            }
            _ => self.unknown(cx, local)?,
        })
    }

    /// An element that means nothing in XSLT 1.0: what its `xsl:fallback` says, or an error.
    fn unknown(&mut self, cx: &Context, local: &str) -> Result<Operation, StylesheetError> {
        let document = self.document(cx);
        let fallbacks: Vec<NodeId> =
            document.child_elements(cx.node).filter(|child| document.is_named(*child, XSLT, "fallback")).collect();
        let is_xslt = document.namespace(cx.node) == XSLT;
        let misplaced = is_xslt && syntax::attributes(local).is_some();
        let tolerated = !is_xslt || cx.forwards && !syntax::is_later(local);
        if misplaced || fallbacks.is_empty() && !tolerated {
            let message = if misplaced {
                format!("xsl:{local} cannot stand here")
            } else {
                format!("xsl:{local} is not an instruction of XSLT 1.0, the version that runs here")
            };
            return Err(self.error(cx, message));
        }
        let mut fallback = None;
        for node in fallbacks {
            let inside = Context { tail: false, ..self.enter(cx, node)? };
            let body = self.body(&inside, false)?;
            fallback.get_or_insert_with(Body::default).instructions.extend(body.instructions);
        }
        Ok(Operation::Unknown { name: local.into(), fallback })
    }

    fn call(&mut self, cx: &Context) -> Result<Operation, StylesheetError> {
        let text = self.required(cx, "name")?;
        let name = self.name(cx, &text)?;
        let Some(&(template, _)) = self.template_names.get(&name) else {
            let known = self.template_names.keys().map(|name| &*name.local);
            let near = known.filter(|known| known.eq_ignore_ascii_case(&name.local)).min();
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            return Err(self.error(cx, format!("there is no template named {text}{hint}")));
        };
        let inside = Context { tail: false, ..cx.clone() };
        Ok(Operation::CallTemplate { template, params: self.with_params(&inside)?, tail: cx.tail })
    }

    fn choose(&mut self, cx: &Context) -> Result<Operation, StylesheetError> {
        let document = self.document(cx);
        let (mut branches, mut otherwise) = (Vec::new(), None);
        for child in document.children(cx.node).filter(|child| !is_insignificant(&document, *child)) {
            let at = self.enter(cx, child)?;
            self.check_attributes(&at)?;
            let kind = if document.namespace(child) == XSLT { document.local_name(child) } else { "" };
            match kind {
                "when" if otherwise.is_none() => {
                    let test = self.required(&at, "test")?;
                    branches.push((self.xpath(&at, &test)?, self.body(&at, false)?));
                }
                "otherwise" if otherwise.is_none() => otherwise = Some(self.body(&at, false)?),
                _ => return Err(self.error(&at, "xsl:choose holds xsl:when, then at most one xsl:otherwise")),
            }
        }
        if branches.is_empty() {
            return Err(self.error(cx, "xsl:choose needs an xsl:when"));
        }
        Ok(Operation::Choose { branches, otherwise })
    }

    fn sorts(&mut self, cx: &Context) -> Result<Vec<Sort>, StylesheetError> {
        let mut sorts = Vec::new();
        for child in self.xslt_children(cx, "sort") {
            let at = self.enter(cx, child)?;
            self.check_attributes(&at)?;
            let select = self.optional(&at, "select").unwrap_or_else(|| ".".to_owned());
            sorts.push(Sort {
                select: self.xpath(&at, &select)?,
                data_type: self.optional_avt(&at, "data-type")?,
                order: self.optional_avt(&at, "order")?,
                case_order: self.optional_avt(&at, "case-order")?,
            });
        }
        Ok(sorts)
    }

    fn with_params(&mut self, cx: &Context) -> Result<Vec<WithParam>, StylesheetError> {
        let mut params = Vec::new();
        for child in self.xslt_children(cx, "with-param") {
            let at = self.enter(cx, child)?;
            self.check_attributes(&at)?;
            let name = self.required(&at, "name").and_then(|name| self.name(&at, &name))?;
            params.push(WithParam { name, content: self.content(&at)? });
        }
        Ok(params)
    }

    fn xslt_children(&self, cx: &Context, local: &str) -> Vec<NodeId> {
        let document = self.document(cx);
        document.child_elements(cx.node).filter(|child| document.is_named(*child, XSLT, local)).collect()
    }

    fn optional_avt(&mut self, cx: &Context, attribute: &str) -> Result<Option<Avt>, StylesheetError> {
        self.optional(cx, attribute).map(|text| self.avt(cx, &text)).transpose()
    }

    fn number(&mut self, cx: &Context) -> Result<Number, StylesheetError> {
        let level = match self.optional(cx, "level").as_deref() {
            None | Some("single") => Level::Single,
            Some("multiple") => Level::Multiple,
            Some("any") => Level::Any,
            Some(other) => {
                return Err(self.error(cx, format!("level is single, multiple or any, not '{other}'")));
            }
        };
        Ok(Number {
            level,
            count: self.optional(cx, "count").map(|text| self.pattern(cx, &text)).transpose()?,
            from: self.optional(cx, "from").map(|text| self.pattern(cx, &text)).transpose()?,
            value: self.optional(cx, "value").map(|text| self.xpath(cx, &text)).transpose()?,
            format: self.optional_avt(cx, "format")?.unwrap_or_else(|| Avt::Constant("1".into())),
            grouping_separator: self.optional_avt(cx, "grouping-separator")?,
            grouping_size: self.optional_avt(cx, "grouping-size")?,
        })
    }

    fn computed_name(&mut self, cx: &Context) -> Result<ComputedName, StylesheetError> {
        let name = self.required(cx, "name")?;
        let document = self.document(cx);
        let scope = document.in_scope_namespaces(cx.node);
        Ok(ComputedName {
            name: self.avt(cx, &name)?,
            namespace: self.optional_avt(cx, "namespace")?,
            scope: scope.into_iter().map(|(prefix, uri)| (prefix.into(), uri.into())).collect(),
        })
    }

    /// A literal result element.
    pub(super) fn literal(&mut self, cx: &Context) -> Result<Instruction, StylesheetError> {
        let document = self.document(cx);
        let Some(own) = document.name(cx.node) else { return Err(self.error(cx, "an element is expected")) };
        let (prefix, name) = self.aliased(own.prefix, own.namespace, own.local);
        let mut produced = (*cx.produced).clone();
        let mut namespaces = Vec::new();
        for (prefix, uri) in document.in_scope_namespaces(cx.node) {
            let alias = self.aliases.iter().find(|(from, ..)| from == uri);
            let (prefix, uri) = match alias {
                Some((_, to_prefix, to)) => (to_prefix.as_str(), to.as_str()),
                None if uri == XSLT || cx.excluded.iter().chain(cx.extensions.iter()).any(|one| one == uri) => continue,
                None => (prefix, uri),
            };
            let binding: (Box<str>, Box<str>) = (prefix.into(), uri.into());
            if !uri.is_empty() && !produced.contains(&binding) {
                produced.retain(|(known, _)| **known != *prefix);
                produced.push(binding.clone());
                namespaces.push(binding);
            }
        }
        let mut attributes = Vec::new();
        for attribute in document.attributes(cx.node) {
            let own = attribute.name;
            if own.namespace == XSLT {
                continue;
            }
            let (prefix, name) = if own.namespace.is_empty() {
                ("".into(), Name::new("", own.local))
            } else {
                self.aliased(own.prefix, own.namespace, own.local)
            };
            attributes.push(LiteralAttribute { prefix, name, value: self.avt(cx, attribute.value)? });
        }
        let list = document.attribute(cx.node, XSLT, "use-attribute-sets").map(str::to_owned);
        let sets = self.sets(cx, list)?;
        // A child that goes out of scope of a default namespace declares that itself.
        let default_hidden = name.namespace.is_empty() && prefix.is_empty();
        if default_hidden {
            produced.retain(|(known, _)| !known.is_empty());
        }
        let inside = Context { produced: Arc::new(produced), tail: false, ..cx.clone() };
        let body = self.body(&inside, false)?;
        let element = LiteralElement { prefix, name, namespaces, sets, attributes, body };
        Ok(Instruction { operation: Operation::Element(Box::new(element)), place: self.place(cx) })
    }

    /// A name of the stylesheet as it is in the result, after `xsl:namespace-alias`.
    fn aliased(&self, prefix: &str, namespace: &str, local: &str) -> (Box<str>, Name) {
        match self.aliases.iter().find(|(from, ..)| from == namespace) {
            Some((_, prefix, to)) => (prefix.as_str().into(), Name::new(to, local)),
            None => (prefix.into(), Name::new(namespace, local)),
        }
    }
}
