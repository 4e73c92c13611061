//! What is neither a tag nor a text: comments, CDATA sections, processing instructions and the XML declaration.

use super::builder::Builder;
use super::{Flaw, ParseErrorKind};
use crate::chars;
use crate::document::NodeKind;
use crate::names::{NameId, NamespaceId};

impl Builder<'_, '_> {
    /// What begins with `<!`.
    pub(super) fn bang(&mut self) -> Result<(), Flaw> {
        let start = self.scanner.at;
        if self.scanner.skip(b"<!--") {
            let text = self.scanner.up_to("-->").filter(|text| !text.contains("--") && !text.ends_with('-'));
            let text = text.ok_or_else(|| Flaw::syntax(start, "a comment does not end, or contains --"))?;
            self.characters(NodeKind::Comment, NameId::NONE, false, text);
            return Ok(());
        }
        if self.scanner.skip(b"<![CDATA[") {
            if self.current == self.holder {
                return Err(Flaw::syntax(start, "there is text outside of the root element"));
            }
            let text = self.scanner.up_to("]]>");
            let text = text.ok_or_else(|| Flaw::syntax(start, "a CDATA section does not end"))?;
            self.characters(NodeKind::Text, NameId::NONE, true, text);
            return Ok(());
        }
        if self.scanner.rest().starts_with(b"<!DOCTYPE") {
            return Err(Flaw::new(start, ParseErrorKind::Doctype, "a document type declaration is not allowed"));
        }
        Err(Flaw::syntax(start, "<! begins nothing that is allowed here"))
    }

    fn characters(&mut self, kind: NodeKind, name: NameId, cdata: bool, text: &str) {
        if self.current != self.holder {
            self.brackets += 1;
        }
        let from = self.document.text.len();
        self.push_text(text);
        let span = self.span_from(from);
        let id = self.document.push_characters(kind, name, cdata, span);
        self.document.link_last(self.current, id);
    }

    pub(super) fn instruction(&mut self) -> Result<(), Flaw> {
        let start = self.scanner.at;
        self.scanner.at += 2;
        let Some(inside) = self.scanner.up_to("?>") else {
            return Err(Flaw::syntax(start, "a processing instruction does not end"));
        };
        let (target, text) = inside.split_once(chars::is_space).unwrap_or((inside, ""));
        if !chars::is_ncname(target) || target.eq_ignore_ascii_case("xml") {
            return Err(Flaw::syntax(start, format!("{target} cannot be a processing instruction here")));
        }
        let name = self.document.names.intern(target, 0, NamespaceId::NONE);
        let text = text.trim_start_matches(chars::is_space);
        if self.current != self.holder {
            let blank = if text.is_empty() { "" } else { " " };
            self.scanner.verbatim &=
                inside.strip_prefix(target).and_then(|rest| rest.strip_suffix(text)) == Some(blank);
        }
        self.characters(NodeKind::ProcessingInstruction, name, false, text);
        Ok(())
    }

    /// The XML declaration, which is only looked for at the very beginning.
    pub(super) fn declaration(&mut self) -> Result<(), Flaw> {
        self.scanner.at += "<?xml".len();
        let inside = self.scanner.up_to("?>").ok_or_else(|| Flaw::syntax(0, "the XML declaration does not end"))?;
        self.document.declaration = Some(Box::new(super::declaration::read(inside)?));
        Ok(())
    }
}
