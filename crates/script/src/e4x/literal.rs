//! XML literals.

use super::translate::Translator;
use crate::error::ScriptError;
use crate::lexer::begins_name;

/// Whether `rest` begins an XML literal, given that a value may stand here.
pub(super) fn begins(rest: &str) -> bool {
    let Some(after) = rest.strip_prefix('<') else { return false };
    after.starts_with(['>', '{', '?']) && !after.starts_with("?=")
        || after.starts_with("!--")
        || after.starts_with("![CDATA[")
        || after.chars().next().is_some_and(begins_name)
}

/// The parts of a literal: its text, and the expressions in it.
#[derive(Default)]
struct Parts {
    out: String,
    text: String,
    lines: usize,
}

impl Parts {
    fn expression(&mut self, function: &str, code: &str) {
        self.flush();
        self.joined(&format!("{function}({code})"));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = serde_json::Value::from(std::mem::take(&mut self.text)).to_string();
            self.joined(&text);
        }
    }

    fn joined(&mut self, code: &str) {
        if !self.out.is_empty() {
            self.out.push('+');
        }
        self.out.push_str(code);
    }

    fn push(&mut self, text: &str) {
        self.lines += text.matches('\n').count();
        self.text.push_str(text);
    }
}

/// Reads the literal at the translator's place and answers the code for it.
pub(super) fn read(translator: &mut Translator<'_>) -> Result<String, ScriptError> {
    let start = translator.at();
    let mut parts = Parts::default();
    let is_list = translator.rest().starts_with("<>");
    let mut depth = 0_usize;
    loop {
        let rest = translator.rest();
        if rest.is_empty() {
            return Err(translator.error("the XML literal is not closed", start));
        }
        let special = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")];
        if let Some((_, end)) = special.iter().find(|(begin, _)| rest.starts_with(begin)) {
            let length = rest.find(end).ok_or_else(|| translator.error("the XML literal is not closed", start))?;
            copy(translator, &mut parts, length + end.len());
        } else if rest.starts_with("</") {
            tag(translator, &mut parts, start)?;
            depth = depth.saturating_sub(1);
        } else if rest.starts_with('<') {
            if !tag(translator, &mut parts, start)? {
                depth += 1;
            }
        } else if rest.starts_with('{') {
            let code = translator.braces()?;
            parts.expression("__e4x.text", &code);
        } else {
            let length = rest.find(['<', '{']).unwrap_or(rest.len());
            copy(translator, &mut parts, length);
        }
        if depth == 0 {
            break;
        }
    }
    parts.flush();
    let function = if is_list { "XMLList" } else { "XML" };
    // The line ends of the literal follow it, so that errors after it name the right line.
    Ok(format!("{function}({}{})", parts.out, "\n".repeat(parts.lines)))
}

fn copy(translator: &mut Translator<'_>, parts: &mut Parts, length: usize) {
    parts.push(translator.rest().get(..length).unwrap_or_default());
    translator.skip(length);
}

/// Reads a tag to its `>`; answers whether it closes itself.
fn tag(translator: &mut Translator<'_>, parts: &mut Parts, start: usize) -> Result<bool, ScriptError> {
    loop {
        let rest = translator.rest();
        let Some(first) = rest.chars().next() else {
            return Err(translator.error("the XML literal is not closed", start));
        };
        match first {
            '>' => {
                let closes_itself = parts.text.ends_with('/');
                copy(translator, parts, 1);
                return Ok(closes_itself);
            }
            '"' | '\'' => {
                let end = rest.get(1..).and_then(|after| after.find(first));
                let length = end.ok_or_else(|| translator.error("the attribute is not closed", start))? + 2;
                copy(translator, parts, length);
            }
            '{' => {
                let is_value = parts.text.trim_end().ends_with('=');
                let code = translator.braces()?;
                parts.expression(if is_value { "__e4x.attribute" } else { "String" }, &code);
            }
            other => copy(translator, parts, other.len_utf8()),
        }
    }
}
