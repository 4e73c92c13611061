//! Constructors of elements and other nodes.

use mi_xml::chars::{is_blank, is_name_start};

use super::{Parsed, Parser};
use crate::Atomic;
use crate::ast::{ElementConstructor, Expr, Part};

/// An attribute whose prefix is not resolved yet: its place, prefix, local name and value.
type RawAttribute = (usize, String, String, Vec<Part>);

impl Parser<'_> {
    /// `<name …>…</name>`, and what else begins with `<`.
    pub(super) fn constructor(&mut self) -> Parsed<Expr> {
        if self.rest().starts_with("<!--") {
            let text = self.until("<!--", "-->")?;
            return Ok(Expr::Comment(Box::new(Expr::Literal(Atomic::String(text)))));
        }
        if self.rest().starts_with("<?") {
            return self.error("a processing instruction can stand in an element only");
        }
        Ok(Expr::Element(Box::new(self.element()?)))
    }

    fn element(&mut self) -> Parsed<ElementConstructor> {
        self.nested(|parser| {
            parser.at += 1;
            let at = parser.at;
            if !parser.rest().starts_with(is_name_start) {
                return parser.error("the name of an element is expected after <");
            }
            let (prefix, local) = parser.qname()?;
            let outer = parser.namespaces.len();
            let raw = parser.attributes()?;
            let namespaces: Vec<(String, String)> = parser.namespaces.get(outer..).unwrap_or(&[]).to_vec();
            let default = parser.default_element();
            let name = parser.resolve(at, prefix, local, &default)?;
            let mut attributes = Vec::new();
            for (at, prefix, local, parts) in raw {
                attributes.push((parser.resolve(at, &prefix, &local, "")?, parts));
            }
            let content = if parser.take("/>")? {
                Vec::new()
            } else {
                parser.expect(">")?;
                let content = parser.content()?;
                let end = parser.at;
                let (end_prefix, end_local) = parser.qname()?;
                if (end_prefix, end_local) != (prefix, local) {
                    return parser.error_at(end, format!("the end tag of {local} is expected, not of {end_local}"));
                }
                parser.expect(">")?;
                content
            };
            parser.namespaces.truncate(outer);
            Ok(ElementConstructor { name, namespaces, attributes, content })
        })
    }

    /// The attributes as written; declarations of namespaces go into scope.
    fn attributes(&mut self) -> Parsed<Vec<RawAttribute>> {
        let mut found: Vec<RawAttribute> = Vec::new();
        // Values may use prefixes that are declared behind them, so declarations are read first.
        let start = self.at;
        for declarations in [true, false] {
            self.at = start;
            loop {
                self.space()?;
                if !self.rest().starts_with(is_name_start) {
                    break;
                }
                let at = self.at;
                let (prefix, local) = self.qname()?;
                let declared = match (prefix, local) {
                    ("xmlns", local) => Some(local),
                    ("", "xmlns") => Some(""),
                    _ => None,
                };
                self.expect("=")?;
                self.space()?;
                match declared {
                    Some(prefix) => {
                        let uri = match self.string()? {
                            Some(uri) => uri,
                            None => return self.error("a namespace is expected in quotes"),
                        };
                        if declarations {
                            self.namespaces.push((prefix.to_owned(), uri));
                        }
                    }
                    None if declarations => self.skip_value()?,
                    None => {
                        if found.iter().any(|(_, p, l, _)| p == prefix && l == local) {
                            return self.error_at(at, format!("the attribute {local} is there twice"));
                        }
                        let value = self.attribute_value()?;
                        found.push((at, prefix.to_owned(), local.to_owned(), value));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Passes over an attribute value, and over expressions in it with their own quotes.
    fn skip_value(&mut self) -> Parsed<()> {
        let start = self.at;
        let Some(quote) = self.next_char().filter(|c| matches!(c, '"' | '\'')) else {
            return self.error("a value is expected in quotes");
        };
        self.at += 1;
        let (mut open, mut inner) = (0_usize, None);
        while let Some(c) = self.next_char() {
            self.at += c.len_utf8();
            match (open, inner) {
                (0, _) if c == quote => {
                    if !self.rest().starts_with(quote) {
                        return Ok(());
                    }
                    self.at += 1;
                }
                (0, _) if c == '{' && self.rest().starts_with('{') => self.at += 1,
                (_, None) if c == '{' => open += 1,
                (1.., None) if c == '}' => open -= 1,
                (1.., None) if matches!(c, '"' | '\'') => inner = Some(c),
                (1.., Some(end)) if c == end => inner = None,
                _ => {}
            }
        }
        self.error_at(start, "the value does not end")
    }

    fn attribute_value(&mut self) -> Parsed<Vec<Part>> {
        let start = self.at;
        let Some(quote) = self.next_char().filter(|c| matches!(c, '"' | '\'')) else {
            return self.error("a value is expected in quotes");
        };
        self.at += 1;
        let (mut parts, mut text) = (Vec::new(), String::new());
        loop {
            let rest = self.rest();
            match rest.chars().next() {
                None => return self.error_at(start, "the value does not end"),
                Some(c) if c == quote => {
                    self.at += 1;
                    if !self.rest().starts_with(quote) {
                        break;
                    }
                    text.push(quote);
                    self.at += 1;
                }
                Some('{') | Some('}') => self.brace(&mut parts, &mut text)?,
                Some('<') => return self.error("< cannot stand in a value"),
                Some('&') => text.push(self.reference()?),
                // White space in a value is blanks.
                Some('\n' | '\t' | '\r') => {
                    text.push(' ');
                    self.at += 1;
                }
                Some(c) => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(parts)
    }

    /// A brace in text: doubled it stands for itself, else it encloses an expression.
    fn brace(&mut self, parts: &mut Vec<Part>, text: &mut String) -> Parsed<()> {
        for (doubled, c) in [("{{", '{'), ("}}", '}')] {
            if self.rest().starts_with(doubled) {
                text.push(c);
                self.at += 2;
                return Ok(());
            }
        }
        if self.rest().starts_with('}') {
            return self.error("} has to be written as }}");
        }
        self.at += 1;
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(text)));
        }
        let inner = self.expression()?;
        self.expect("}")?;
        parts.push(Part::Enclosed(inner));
        Ok(())
    }

    /// The content of an element up to its end tag's name.
    fn content(&mut self) -> Parsed<Vec<Part>> {
        let start = self.at;
        let (mut parts, mut text, mut significant) = (Vec::new(), String::new(), false);
        loop {
            let rest = self.rest();
            let Some(c) = rest.chars().next() else { return self.error_at(start, "the element does not end") };
            match c {
                '<' | '{' if !rest.starts_with("{{") && !rest.starts_with("<![CDATA[") => {
                    // White space alone between tags and braces is there for the reader.
                    if is_blank(&text) && !significant && !self.keep_boundary_space {
                        text.clear();
                    }
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    significant = false;
                    if rest.starts_with("</") {
                        self.at += 2;
                        return Ok(parts);
                    }
                    if c == '{' {
                        self.brace(&mut parts, &mut text)?;
                    } else if rest.starts_with("<!--") {
                        parts.push(Part::Comment(self.until("<!--", "-->")?));
                    } else if rest.starts_with("<?") {
                        let inner = self.until("<?", "?>")?;
                        let (target, data) = inner.split_once([' ', '\t', '\n']).unwrap_or((&inner, ""));
                        parts.push(Part::Instruction(target.to_owned(), data.trim_start().to_owned()));
                    } else {
                        parts.push(Part::Enclosed(Expr::Element(Box::new(self.element()?))));
                    }
                }
                '{' | '}' => {
                    significant = true;
                    self.brace(&mut parts, &mut text)?;
                }
                '<' => {
                    significant = true;
                    text.push_str(&self.until("<![CDATA[", "]]>")?);
                }
                '&' => {
                    significant = true;
                    text.push(self.reference()?);
                }
                c => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    fn until(&mut self, begin: &str, end: &str) -> Parsed<String> {
        let inner = self.rest().get(begin.len()..).unwrap_or("");
        match inner.split_once(end) {
            Some((inner, _)) => {
                self.at += begin.len() + inner.len() + end.len();
                Ok(inner.to_owned())
            }
            None => self.error(format!("{begin} does not end with {end}")),
        }
    }

    /// `element name { … }` and its like; `None` if something else stands here.
    pub(super) fn computed(&mut self) -> Parsed<Option<Expr>> {
        for word in ["text", "comment", "document"] {
            if self.take_words(&[word, "{"])? {
                let content = Box::new(self.braced()?);
                return Ok(Some(match word {
                    "text" => Expr::Text(content),
                    "comment" => Expr::Comment(content),
                    _ => Expr::Document(content),
                }));
            }
        }
        for word in ["element", "attribute"] {
            let start = self.at;
            if !self.take_words(&[word])? {
                continue;
            }
            let at = self.at;
            let (name, fixed) = if self.take("{")? {
                let name = self.expression()?;
                self.expect("}")?;
                (name, None)
            } else {
                self.space()?;
                if !self.rest().starts_with(is_name_start) {
                    self.at = start;
                    continue;
                }
                let (prefix, local) = self.qname()?;
                let default = if word == "element" { self.default_element() } else { String::new() };
                (Expr::Sequence(Vec::new()), Some(self.resolve(at, prefix, local, &default)?))
            };
            if !self.take("{")? {
                self.at = start;
                continue;
            }
            let (name, content) = (Box::new(name), Box::new(self.braced()?));
            return Ok(Some(if word == "element" {
                Expr::ComputedElement { name, fixed, content }
            } else {
                Expr::ComputedAttribute { name, fixed, content }
            }));
        }
        Ok(None)
    }

    /// The rest of `{ … }`, which may be empty.
    fn braced(&mut self) -> Parsed<Expr> {
        if self.take("}")? {
            return Ok(Expr::Sequence(Vec::new()));
        }
        let inner = self.expression()?;
        self.expect("}")?;
        Ok(inner)
    }
}
