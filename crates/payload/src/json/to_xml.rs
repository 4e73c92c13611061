//! JSON to XML (spec 2.3): the tree that XPath, XSLT and the XML formatters see of a JSON message.

use mi_xml::{Document, NodeId};

use super::{JsonError, JsonSettings, Reader, Token};

const ARRAY: &str = "jsonArray";
const ELEMENT: &str = "jsonElement";
const OBJECT: &str = "jsonObject";
const VALUE: &str = "jsonValue";

/// Appends the XML form of `text` to `parent`: one `jsonObject`, `jsonArray` or `jsonValue` element, which is returned.
pub fn json_to_xml(
    text: &str,
    document: &mut Document,
    parent: NodeId,
    settings: &JsonSettings,
) -> Result<NodeId, JsonError> {
    let mut reader = Reader::new(text);
    let first = reader.next_token()?.ok_or_else(|| JsonError { message: "empty JSON text".to_owned(), offset: 0 })?;
    let name = match first {
        Token::BeginObject => OBJECT,
        Token::BeginArray => ARRAY,
        _ => VALUE,
    };
    let root = document.create_element("", "", name);
    let mut writer = TreeWriter { document, reader, settings };
    match first {
        Token::BeginObject => writer.members(root)?,
        Token::BeginArray => writer.items(root, ELEMENT)?,
        // A scalar keeps its source text, quotes included: the JSON formatter writes it back as it is.
        _ => writer.text(root, text.trim()),
    }
    let TreeWriter { document, mut reader, .. } = writer;
    reader.next_token()?;
    document.append_child(parent, root);
    Ok(root)
}

struct TreeWriter<'a, 'd> {
    document: &'d mut Document,
    reader: Reader<'a>,
    settings: &'d JsonSettings,
}

impl<'a> TreeWriter<'a, '_> {
    /// The members of an object, up to its end, as attributes and children of `element`.
    fn members(&mut self, element: NodeId) -> Result<(), JsonError> {
        while let Some(Token::Name(name)) = self.next()? {
            match name.strip_prefix('@') {
                Some(attribute) if !attribute.is_empty() => self.attribute(element, attribute)?,
                _ if name == "$" => {
                    if let Some(text) = self.scalar()? {
                        self.text(element, &text);
                    }
                }
                _ => {
                    let name = element_name(&name, self.settings);
                    self.member(element, &name)?;
                }
            }
        }
        Ok(())
    }

    fn member(&mut self, parent: NodeId, name: &str) -> Result<(), JsonError> {
        match self.next()? {
            Some(Token::BeginArray) => {
                if self.settings.write_multiple_pi {
                    let pi = self.document.create_pi("xml-multiple", name);
                    self.document.append_child(parent, pi);
                }
                self.items_named(parent, name)
            }
            Some(token) => self.element(parent, name, token),
            None => Ok(()),
        }
    }

    /// The items of an array, up to its end, as children of `array` that are all called `name`.
    fn items(&mut self, array: NodeId, name: &str) -> Result<(), JsonError> {
        if self.settings.write_multiple_pi {
            let pi = self.document.create_pi("xml-multiple", name);
            self.document.append_child(array, pi);
        }
        self.items_named(array, name)
    }

    fn items_named(&mut self, parent: NodeId, name: &str) -> Result<(), JsonError> {
        loop {
            match self.next()? {
                None | Some(Token::EndArray) => return Ok(()),
                Some(token) => self.element(parent, name, token)?,
            }
        }
    }

    fn element(&mut self, parent: NodeId, name: &str, token: Token<'_>) -> Result<(), JsonError> {
        let element = self.document.create_element("", "", name);
        self.document.append_child(parent, element);
        match token {
            Token::BeginObject => self.members(element)?,
            Token::BeginArray => {
                let inner = self.document.create_element("", "", ARRAY);
                self.document.append_child(element, inner);
                self.items(inner, ELEMENT)?;
            }
            Token::Null if self.settings.xml_nil => self.document.set_attribute(element, "", "", "nil", "true"),
            Token::Null => {}
            token => {
                if let Some(text) = scalar_text(token) {
                    self.text(element, &text);
                }
            }
        }
        Ok(())
    }

    /// `"@name": value`: a scalar is the attribute, an object gives one attribute a member.
    fn attribute(&mut self, element: NodeId, name: &str) -> Result<(), JsonError> {
        match self.next()? {
            Some(Token::BeginObject) => {
                while let Some(Token::Name(inner)) = self.next()? {
                    if let Some(text) = self.scalar()? {
                        self.set_attribute(element, &inner, &text);
                    }
                }
            }
            Some(Token::BeginArray) => self.skip_array()?,
            Some(token) => {
                let text = scalar_text(token).unwrap_or_default();
                self.set_attribute(element, name, &text);
            }
            None => {}
        }
        Ok(())
    }

    fn set_attribute(&mut self, element: NodeId, name: &str, value: &str) {
        match name.strip_prefix("xmlns") {
            Some("") => self.document.declare_namespace(element, "", value),
            Some(prefix) if prefix.starts_with(':') => {
                self.document.declare_namespace(element, &prefix[1..], value);
            }
            _ => self.document.set_attribute(element, "", "", &element_name(name, self.settings), value),
        }
    }

    /// The next value if it is a scalar; a container is read to its end and ignored.
    fn scalar(&mut self) -> Result<Option<String>, JsonError> {
        match self.next()? {
            Some(Token::BeginObject) => {
                while let Some(Token::Name(_)) = self.next()? {
                    self.scalar()?;
                }
                Ok(None)
            }
            Some(Token::BeginArray) => self.skip_array().map(|()| None),
            Some(token) => Ok(scalar_text(token)),
            None => Ok(None),
        }
    }

    fn skip_array(&mut self) -> Result<(), JsonError> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Some(Token::BeginArray | Token::BeginObject) => depth += 1,
                Some(Token::EndArray | Token::EndObject) => depth -= 1,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }

    fn text(&mut self, element: NodeId, text: &str) {
        let node = self.document.create_text(text);
        self.document.append_child(element, node);
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, JsonError> {
        self.reader.next_token()
    }
}

fn scalar_text(token: Token<'_>) -> Option<String> {
    match token {
        Token::String(text) => Some(text.into_owned()),
        Token::Number(text) => Some(text.to_owned()),
        Token::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The element name of a member: leading digits and `$` are escaped always, other characters that XML refuses only on
/// request (spec 2.3 rule 8).
fn element_name(name: &str, settings: &JsonSettings) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        out.push_str("_JsonReader_PD_");
    } else if name.len() > 1 && name.starts_with('$') {
        out.push_str("_JsonReader_PS_");
        rest = &name[1..];
    }
    if !settings.valid_names {
        out.push_str(rest);
        return out;
    }
    for character in rest.chars() {
        if character.is_alphanumeric() || matches!(character, '_' | '-' | '.') {
            out.push(character);
        } else {
            out.push_str(&format!("_JsonReader_{}_", u32::from(character)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(text: &str, settings: &JsonSettings) -> String {
        let mut document = Document::new();
        let root = document.root();
        let element = json_to_xml(text, &mut document, root, settings).expect("well formed");
        document.to_xml(element).replace(" />", "/>")
    }

    #[test]
    fn converts_as_the_table_of_the_spec() {
        let defaults = JsonSettings::default();
        for (json, xml) in [
            (r#"{"a":1,"b":"x"}"#, "<jsonObject><a>1</a><b>x</b></jsonObject>"),
            (r#"{"a":{"b":1,"c":"2"}}"#, "<jsonObject><a><b>1</b><c>2</c></a></jsonObject>"),
            (r#"{"r":[1,2]}"#, "<jsonObject><r>1</r><r>2</r></jsonObject>"),
            (r#"{"r":[]}"#, "<jsonObject/>"),
            (r#"{"r":[null]}"#, "<jsonObject><r/></jsonObject>"),
            ("[1,2]", "<jsonArray><jsonElement>1</jsonElement><jsonElement>2</jsonElement></jsonArray>"),
            ("[]", "<jsonArray/>"),
            ("{}", "<jsonObject/>"),
            ("[{}]", "<jsonArray><jsonElement/></jsonArray>"),
            (
                r#"{"a":[[1,2],[3]]}"#,
                "<jsonObject><a><jsonArray><jsonElement>1</jsonElement><jsonElement>2</jsonElement></jsonArray></a>\
                 <a><jsonArray><jsonElement>3</jsonElement></jsonArray></a></jsonObject>",
            ),
            (r#"{"a":null,"b":"","c":{}}"#, "<jsonObject><a/><b></b><c/></jsonObject>"),
            (r#"{"c":1.50,"d":1E5}"#, "<jsonObject><c>1.50</c><d>1E5</d></jsonObject>"),
            (
                r#"{"$a":1,"1b":2}"#,
                "<jsonObject><_JsonReader_PS_a>1</_JsonReader_PS_a><_JsonReader_PD_1b>2</_JsonReader_PD_1b></jsonObject>",
            ),
            (r#"{"e":{"@id":"7","$":"t"}}"#, r#"<jsonObject><e id="7">t</e></jsonObject>"#),
            (r#"{"@c":"d","x":1}"#, r#"<jsonObject c="d"><x>1</x></jsonObject>"#),
            (r#"{"a":1,"a":2}"#, "<jsonObject><a>1</a><a>2</a></jsonObject>"),
            (r#"{"$":"t"}"#, "<jsonObject>t</jsonObject>"),
            (r#""x""#, "<jsonValue>\"x\"</jsonValue>"),
        ] {
            assert_eq!(convert(json, &defaults), xml, "{json}");
        }
    }

    #[test]
    fn writes_processing_instructions_on_request() {
        let settings = JsonSettings { write_multiple_pi: true, ..JsonSettings::default() };
        assert_eq!(convert(r#"{"r":[1]}"#, &settings), "<jsonObject><?xml-multiple r?><r>1</r></jsonObject>");
        assert_eq!(convert(r#"{"h":[]}"#, &settings), "<jsonObject><?xml-multiple h?></jsonObject>");
    }

    #[test]
    fn writes_nil_on_request() {
        let settings = JsonSettings { xml_nil: true, ..JsonSettings::default() };
        assert_eq!(convert(r#"{"a":null}"#, &settings), r#"<jsonObject><a nil="true"/></jsonObject>"#);
    }
}
