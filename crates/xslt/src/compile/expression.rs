//! Expressions, patterns, attribute value templates and names in the attributes of a stylesheet.

use mi_xml::chars::is_ncname;
use mi_xml::xpath::{Pattern, Reference, XPath};

use super::{Compiler, Context};
use crate::error::StylesheetError;
use crate::run::functions;
use crate::sheet::{Avt, AvtPart, Name};

impl Compiler {
    /// Compiles an expression of the element at hand.
    pub(super) fn xpath(&mut self, cx: &Context, text: &str) -> Result<XPath, StylesheetError> {
        let document = self.document(cx);
        let resolve = |prefix: &str| document.lookup_namespace(cx.node, prefix).map(str::to_owned);
        let compiled = XPath::compile_expanded(text, &resolve)
            .map_err(|error| self.error(cx, format!("the expression '{text}' is not XPath 1.0: {error}")))?;
        self.check(cx, text, &compiled.references())?;
        Ok(compiled)
    }

    pub(super) fn pattern(&mut self, cx: &Context, text: &str) -> Result<Pattern, StylesheetError> {
        let document = self.document(cx);
        let resolve = |prefix: &str| document.lookup_namespace(cx.node, prefix).map(str::to_owned);
        let compiled = Pattern::compile(text, &resolve)
            .map_err(|error| self.error(cx, format!("'{text}' is not a pattern: {error}")))?;
        self.check(cx, text, &compiled.references())?;
        Ok(compiled)
    }

    fn check(&mut self, cx: &Context, text: &str, references: &[Reference<'_>]) -> Result<(), StylesheetError> {
        for reference in references {
            match *reference {
                Reference::Variable(namespace, local) => {
                    let known = cx.locals.iter().chain(&self.global_names).any(|name| name.is(namespace, local));
                    if !known {
                        let message = format!("the variable ${local} in '{text}' is not declared before it is used");
                        return Err(self.error(cx, message));
                    }
                }
                Reference::Function("", "document", _) => self.reads_documents = true,
                Reference::Function(namespace, local, _) => {
                    // A stylesheet that asks which functions there are knows what to do without them.
                    if !functions::is_known(namespace, local) && !self.asks_for_functions {
                        let of = if namespace.is_empty() { String::new() } else { format!(" of {namespace}") };
                        return Err(self.error(cx, format!("there is no function {local}(){of}, called in '{text}'")));
                    }
                }
                Reference::WrongArguments(function) => {
                    let message = format!("{function}() in '{text}' gets a wrong number of arguments");
                    return Err(self.error(cx, message));
                }
                Reference::UnknownPrefix(prefix) => {
                    let message = format!("the prefix {prefix} in '{text}' is not bound to a namespace");
                    return Err(self.error(cx, message));
                }
            }
        }
        Ok(())
    }

    /// Compiles an attribute value template.
    pub(super) fn avt(&mut self, cx: &Context, text: &str) -> Result<Avt, StylesheetError> {
        if !text.contains(['{', '}']) {
            return Ok(Avt::Constant(text.into()));
        }
        let (mut parts, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            literal.push_str(before);
            let doubled = from.starts_with("{{") || from.starts_with("}}");
            if doubled || from.starts_with('}') {
                literal.push_str(from.get(..1).unwrap_or(""));
                rest = from.get(if doubled { 2 } else { 1 }..).unwrap_or("");
                continue;
            }
            let inner = from.get(1..).unwrap_or("");
            let Some(end) = end_of_expression(inner) else {
                return Err(self.error(cx, format!("a }} is missing in '{text}'")));
            };
            if !literal.is_empty() {
                parts.push(AvtPart::Text(std::mem::take(&mut literal).into()));
            }
            parts.push(AvtPart::Value(self.xpath(cx, inner.get(..end).unwrap_or(""))?));
            rest = inner.get(end + 1..).unwrap_or("");
        }
        literal.push_str(rest);
        if parts.is_empty() {
            return Ok(Avt::Constant(literal.into()));
        }
        if !literal.is_empty() {
            parts.push(AvtPart::Text(literal.into()));
        }
        Ok(Avt::Parts(parts))
    }

    /// A name in an attribute; without prefix it is in no namespace.
    pub(super) fn name(&self, cx: &Context, text: &str) -> Result<Name, StylesheetError> {
        let text = text.trim();
        let (prefix, local) = text.split_once(':').unwrap_or(("", text));
        if !is_ncname(local) || !(prefix.is_empty() || is_ncname(prefix)) {
            return Err(self.error(cx, format!("'{text}' is not a name")));
        }
        if prefix.is_empty() {
            return Ok(Name::new("", local));
        }
        let document = self.document(cx);
        match document.lookup_namespace(cx.node, prefix) {
            Some(namespace) => Ok(Name::new(namespace, local)),
            None => Err(self.error(cx, format!("the prefix {prefix} of '{text}' is not bound to a namespace"))),
        }
    }
}

/// Where the expression at the beginning of a text ends: the first `}` outside of literals.
fn end_of_expression(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '}' => return Some(at),
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {}
        }
    }
    None
}
