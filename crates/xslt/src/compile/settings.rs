//! Declarations that only set something: `xsl:decimal-format`, `xsl:strip-space` and `xsl:output`.

use super::declarations::Declared;
use super::{Compiler, Context};
use crate::decimal::DecimalFormat;
use crate::error::StylesheetError;
use crate::output::Method;
use crate::sheet::{Sheet, Space, SpaceTest};

impl Compiler {
    pub(super) fn decimal_format(&self, cx: &Context, sheet: &mut Sheet) -> Result<(), StylesheetError> {
        let name = self.optional(cx, "name").map(|name| self.name(cx, &name)).transpose()?.unwrap_or_default();
        let mut format = DecimalFormat::default();
        let one = |attribute: &str, slot: &mut char| match self.optional(cx, attribute) {
            None => Ok(()),
            Some(text) => match text.chars().collect::<Vec<_>>().as_slice() {
                [only] => {
                    *slot = *only;
                    Ok(())
                }
                _ => Err(self.error(cx, format!("{attribute} is a single character, not '{text}'"))),
            },
        };
        one("decimal-separator", &mut format.decimal_separator)?;
        one("grouping-separator", &mut format.grouping_separator)?;
        one("minus-sign", &mut format.minus_sign)?;
        one("percent", &mut format.percent)?;
        one("per-mille", &mut format.per_mille)?;
        one("zero-digit", &mut format.zero_digit)?;
        one("digit", &mut format.digit)?;
        one("pattern-separator", &mut format.pattern_separator)?;
        if let Some(infinity) = self.optional(cx, "infinity") {
            format.infinity = infinity.into();
        }
        if let Some(nan) = self.optional(cx, "NaN") {
            format.nan = nan.into();
        }
        sheet.decimal_formats.retain(|(known, _)| *known != name);
        sheet.decimal_formats.push((name, format));
        Ok(())
    }

    pub(super) fn spaces(&self, one: &Declared<'_>, sheet: &mut Sheet) -> Result<(), StylesheetError> {
        let cx = &one.cx;
        for text in self.required(cx, "elements")?.split_whitespace() {
            let (test, priority) = if text == "*" {
                (SpaceTest::Any, -0.5)
            } else if let Some(prefix) = text.strip_suffix(":*") {
                let name = self.name(cx, &format!("{prefix}:any"))?;
                (SpaceTest::Namespace(name.namespace), -0.25)
            } else {
                (SpaceTest::Name(self.name(cx, text)?), 0.0)
            };
            let (strip, precedence) = (one.kind == "strip-space", one.declaration.precedence);
            sheet.spaces.push(Space { test, strip, precedence, priority });
        }
        Ok(())
    }

    pub(super) fn output(&self, cx: &Context, sheet: &mut Sheet) -> Result<(), StylesheetError> {
        let output = &mut sheet.output;
        if let Some(method) = self.optional(cx, "method") {
            output.method = match method.trim() {
                "xml" | "xhtml" => Some(Method::Xml),
                "html" => Some(Method::Html),
                "text" => Some(Method::Text),
                other => {
                    return Err(self.error(cx, format!("the output method is xml, html or text, not '{other}'")));
                }
            };
        }
        output.encoding = self.optional(cx, "encoding").or(output.encoding.take());
        output.doctype_system = self.optional(cx, "doctype-system").or(output.doctype_system.take());
        output.doctype_public = self.optional(cx, "doctype-public").or(output.doctype_public.take());
        output.media_type = self.optional(cx, "media-type").or(output.media_type.take());
        output.omit_declaration = self.flag(cx, "omit-xml-declaration")?.or(output.omit_declaration);
        output.standalone = self.flag(cx, "standalone")?.or(output.standalone);
        output.indent = self.flag(cx, "indent")?.or(output.indent);
        let document = self.document(cx);
        for text in self.optional(cx, "cdata-section-elements").unwrap_or_default().split_whitespace() {
            let mut name = self.name(cx, text)?;
            if !text.contains(':') {
                name.namespace = document.lookup_namespace(cx.node, "").unwrap_or("").into();
            }
            output.cdata_elements.push((name.namespace.into(), name.local.into()));
        }
        Ok(())
    }
}
