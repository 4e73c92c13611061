//! `<#ftl …>` at the beginning of a template.

use std::sync::Arc;

use super::ast::{Escaping, Expr, ExprKind};
use super::cursor::Cursor;
use super::expression::ExpressionParser;
use super::names::{self, snake_case};
use crate::error::SyntaxError;

/// What the header says.
#[derive(Debug, Clone)]
pub struct Header {
    /// Lines of tags leave no white-space behind.
    pub strip_whitespace: bool,
    /// Text outside of macros is dropped.
    pub strip_text: bool,
    /// The output format.
    pub escaping: Escaping,
    /// Prefixes of namespaces of XML nodes. `D` is the default namespace.
    pub prefixes: Vec<(Arc<str>, Arc<str>)>,
}

impl Default for Header {
    fn default() -> Self {
        Self { strip_whitespace: true, strip_text: false, escaping: Escaping::default(), prefixes: Vec::new() }
    }
}

/// Takes the header, if there is one.
pub(super) fn header(cursor: &mut Cursor<'_>) -> Result<Header, SyntaxError> {
    let mut header = Header::default();
    let start = cursor.rest().len() - cursor.rest().trim_start().len();
    let begins = cursor.rest().get(start..).and_then(|rest| rest.strip_prefix("<#ftl"));
    if !begins.is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))) {
        return Ok(header);
    }
    cursor.go_to(start + "<#ftl".len());
    loop {
        cursor.skip_blanks()?;
        if cursor.take(">") || cursor.take("/>") {
            break;
        }
        let at = cursor.position();
        let Some(name) = cursor.name() else {
            return Err(cursor.error(format!("A parameter of #ftl was expected, not {}", cursor.found())));
        };
        let mut parser = ExpressionParser::in_tag(cursor);
        parser.expect("=")?;
        let value = parser.expression()?;
        header.set(&name, &value).map_err(|message| SyntaxError::new(at, message))?;
    }
    // What is left of its line goes with it.
    let rest = cursor.rest();
    let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
    if rest.get(..line).is_some_and(|line| line.trim().is_empty()) {
        cursor.go_to(cursor.offset() + line);
    }
    Ok(header)
}

impl Header {
    fn set(&mut self, name: &str, value: &Expr) -> Result<(), String> {
        let wrong = || format!("The parameter {name} of #ftl cannot be {value}");
        match (snake_case(name).as_str(), &value.kind) {
            ("strip_whitespace", ExprKind::Boolean(strip)) => self.strip_whitespace = *strip,
            ("strip_text", ExprKind::Boolean(strip)) => self.strip_text = *strip,
            ("output_format", ExprKind::String(format)) => {
                self.escaping.format = names::output_format(format).ok_or_else(wrong)?;
                self.escaping.automatic = self.escaping.format.is_markup();
            }
            ("auto_esc", ExprKind::Boolean(automatic)) => self.escaping.automatic = *automatic,
            ("encoding", ExprKind::String(_)) | ("attributes", ExprKind::Hash(_)) => {}
            ("ns_prefixes", ExprKind::Hash(entries)) => {
                for (prefix, namespace) in entries {
                    match (&prefix.kind, &namespace.kind) {
                        (ExprKind::String(prefix), ExprKind::String(namespace)) => {
                            self.prefixes.push((prefix.clone(), namespace.clone()));
                        }
                        _ => return Err(wrong()),
                    }
                }
            }
            (
                "strip_whitespace" | "strip_text" | "output_format" | "auto_esc" | "encoding" | "attributes"
                | "ns_prefixes",
                _,
            ) => {
                return Err(wrong());
            }
            _ => return Err(format!("The parameter {name} of #ftl is not supported")),
        }
        Ok(())
    }
}
