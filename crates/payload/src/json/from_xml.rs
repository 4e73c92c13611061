//! XML to JSON (spec 2.4): what the JSON formatter writes of an XML message and what JSONPath sees of it.

use std::borrow::Cow;

use mi_xml::{Document, NodeId, NodeKind};

use super::number::{big_decimal_text, is_json_number};
use super::{JsonSettings, escape_into};

/// Why an element has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionError {
    /// An element holds text beside child elements.
    #[error("Could not convert OMElement to JSON. Invalid XML payload. Element '{element}' mixes text and elements")]
    MixedContent {
        /// Local name of the element.
        element: String,
    },
    /// The text that was written is no JSON that a parser takes back; only names that cannot be told apart lead here.
    #[error("Could not convert OMElement to JSON. {0}")]
    Unreadable(String),
}

/// The JSON text of `element`, compact.
pub fn xml_to_json(
    document: &Document,
    element: NodeId,
    settings: &JsonSettings,
    preserve_spaces: bool,
) -> Result<String, ConversionError> {
    let writer = Writer { document, settings, preserve_spaces };
    let mut out = String::with_capacity(128);
    if is_wrapper(document.local_name(element)) {
        writer.value(element, &mut out)?;
    } else {
        out.push_str("{\"");
        escape_into(&writer.member_name(element), &mut out);
        out.push_str("\":");
        writer.value(element, &mut out)?;
        out.push('}');
    }
    Ok(out)
}

/// The same as a value; of members that occur twice the last one stays.
pub fn xml_to_json_value(
    document: &Document,
    element: NodeId,
    settings: &JsonSettings,
) -> Result<serde_json::Value, ConversionError> {
    let text = xml_to_json(document, element, settings, false)?;
    serde_json::from_str(&text).map_err(|error| ConversionError::Unreadable(error.to_string()))
}

/// Names that stand for the shape of a JSON text and have no member of their own.
fn is_wrapper(name: &str) -> bool {
    matches!(name, "jsonObject" | "jsonArray" | "jsonElement")
}

struct Writer<'a> {
    document: &'a Document,
    settings: &'a JsonSettings,
    preserve_spaces: bool,
}

/// What an element holds, in order: runs of children that become one member each.
struct Run {
    name: String,
    wrapper: bool,
    items: Vec<NodeId>,
    array: bool,
}

impl Writer<'_> {
    fn value(&self, element: NodeId, out: &mut String) -> Result<(), ConversionError> {
        let document = self.document;
        if document.local_name(element) == "jsonValue" && document.namespace(element).is_empty() {
            out.push_str(document.text_content(element).trim());
            return Ok(());
        }
        let runs = self.runs(element);
        let attributes = self.attribute_members(element);
        if self.settings.xml_nil && attributes.iter().any(|(name, value)| name == "nil" && value == "true") {
            out.push_str("null");
            return Ok(());
        }
        let text = document.direct_text(element);
        if runs.is_empty() && attributes.is_empty() {
            self.only_text(&text, out);
            return Ok(());
        }
        let has_text = !is_blank(&text);
        if has_text && !runs.is_empty() {
            return Err(ConversionError::MixedContent { element: document.local_name(element).to_owned() });
        }
        if let ([only], true) = (runs.as_slice(), attributes.is_empty())
            && only.wrapper
        {
            return self.run_value(only, out);
        }
        out.push('{');
        let mut first = true;
        for (name, value) in &attributes {
            separate(&mut first, out);
            out.push_str("\"@");
            escape_into(name, out);
            out.push_str("\":\"");
            escape_into(value, out);
            out.push('"');
        }
        if has_text {
            separate(&mut first, out);
            out.push_str("\"$\":");
            self.scalar(&text, out);
        }
        for run in &runs {
            separate(&mut first, out);
            out.push('"');
            escape_into(&run.name, out);
            out.push_str("\":");
            self.run_value(run, out)?;
        }
        out.push('}');
        Ok(())
    }

    fn run_value(&self, run: &Run, out: &mut String) -> Result<(), ConversionError> {
        if let ([item], false) = (run.items.as_slice(), run.array) {
            return self.value(*item, out);
        }
        out.push('[');
        for (at, item) in run.items.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            self.value(*item, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn runs(&self, element: NodeId) -> Vec<Run> {
        let document = self.document;
        let mut runs: Vec<Run> = Vec::new();
        // `<?xml-multiple name?>` announces an array; without a name it is about the next element.
        let mut announced: Option<String> = None;
        for child in document.children(element) {
            match document.kind(child) {
                NodeKind::ProcessingInstruction
                    if self.settings.read_multiple_pi && document.local_name(child) == "xml-multiple" =>
                {
                    let name = document.text(child).unwrap_or_default().trim().to_owned();
                    if !name.is_empty() {
                        runs.push(Run {
                            name: name.clone(),
                            wrapper: is_wrapper(&name),
                            items: Vec::new(),
                            array: true,
                        });
                    }
                    announced = Some(name);
                }
                NodeKind::Element => {
                    let name = self.member_name(child);
                    let array = match announced.take() {
                        Some(any) if any.is_empty() => true,
                        Some(announced_name) => {
                            if announced_name == name {
                                announced = None;
                            }
                            false
                        }
                        None => false,
                    };
                    match runs.last_mut() {
                        Some(run) if run.name == name && (self.settings.auto_array || run.array) && !array => {
                            run.items.push(child);
                        }
                        _ => {
                            let wrapper = is_wrapper(document.local_name(child));
                            runs.push(Run { name, wrapper, items: vec![child], array });
                        }
                    }
                }
                _ => {}
            }
        }
        for run in &mut runs {
            run.array |= run.items.len() > 1;
        }
        runs
    }

    fn attribute_members(&self, element: NodeId) -> Vec<(String, String)> {
        let mut members = Vec::new();
        if self.settings.preserve_namespaces && self.settings.namespace_declarations {
            for (prefix, uri) in self.document.namespace_declarations(element) {
                let name = match prefix {
                    "" => "xmlns".to_owned(),
                    prefix => format!("xmlns{}{prefix}", self.settings.namespace_separator),
                };
                members.push((name, uri.to_owned()));
            }
        }
        for attribute in self.document.attributes(element) {
            let name = self.joined_name(attribute.name.prefix, attribute.name.local);
            members.push((name, attribute.value.to_owned()));
        }
        members
    }

    fn member_name(&self, element: NodeId) -> String {
        let prefix = self.document.name(element).map_or("", |name| name.prefix);
        self.joined_name(prefix, self.document.local_name(element))
    }

    fn joined_name(&self, prefix: &str, local: &str) -> String {
        let local = unescape_name(local, self.settings);
        if self.settings.preserve_namespaces && !prefix.is_empty() {
            return format!("{prefix}{}{local}", self.settings.namespace_separator);
        }
        local.into_owned()
    }

    fn only_text(&self, text: &str, out: &mut String) {
        let blank = is_blank(text);
        if blank && (text.is_empty() || !self.preserve_spaces) {
            out.push_str(if self.settings.null_for_empty { "null" } else { "\"\"" });
        } else {
            self.scalar(text, out);
        }
    }

    fn scalar(&self, text: &str, out: &mut String) {
        let string = |text: &str, out: &mut String| {
            out.push('"');
            escape_into(text, out);
            out.push('"');
        };
        if !self.settings.auto_primitive {
            return string(text, out);
        }
        if let Some(regex) = &self.settings.disable_auto_primitive {
            if regex.find(text) == Some(0..text.len()) {
                return string(text, out);
            }
        } else if let Some((regex, replacement)) = &self.settings.replace
            && regex.find(text).is_some_and(|hit| hit.start == 0)
        {
            return string(&regex.replace_first(text, replacement), out);
        }
        if matches!(text, "true" | "false" | "null") {
            out.push_str(text);
        } else if is_json_number(text) {
            out.push_str(&big_decimal_text(text));
        } else {
            string(text, out);
        }
    }
}

fn separate(first: &mut bool, out: &mut String) {
    if !std::mem::replace(first, false) {
        out.push(',');
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

fn unescape_name<'a>(name: &'a str, settings: &JsonSettings) -> Cow<'a, str> {
    let Some(rest) = name.strip_prefix("_JsonReader_") else {
        if settings.valid_names && name.contains("_JsonReader_") {
            return Cow::Owned(unescape_codes(name));
        }
        return Cow::Borrowed(name);
    };
    if let Some(rest) = rest.strip_prefix("PD_") {
        return Cow::Borrowed(rest);
    }
    if let Some(rest) = rest.strip_prefix("PS_") {
        return Cow::Owned(format!("${rest}"));
    }
    if settings.valid_names { Cow::Owned(unescape_codes(name)) } else { Cow::Borrowed(name) }
}

fn unescape_codes(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_JsonReader_") {
        let after = &rest[at + "_JsonReader_".len()..];
        let code = after.split_once('_').and_then(|(code, tail)| {
            let character = code.parse::<u32>().ok().and_then(char::from_u32)?;
            Some((character, tail))
        });
        match code {
            Some((character, tail)) => {
                out.push_str(&rest[..at]);
                out.push(character);
                rest = tail;
            }
            None => {
                out.push_str(&rest[..at + "_JsonReader_".len()]);
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use mi_xml::ParseOptions;
    use proptest::prelude::*;

    use super::super::json_to_xml;
    use super::*;

    fn convert_with(xml: &str, settings: &JsonSettings) -> Result<String, ConversionError> {
        let document = Document::parse(xml.as_bytes(), &ParseOptions::default()).expect("well formed");
        let root = document.root_element().expect("a root");
        xml_to_json(&document, root, settings, false)
    }

    fn convert(xml: &str) -> String {
        convert_with(xml, &JsonSettings::default()).expect("convertible")
    }

    #[test]
    fn converts_as_the_table_of_the_spec() {
        for (xml, json) in [
            ("<a/>", r#"{"a":null}"#),
            ("<a>  </a>", r#"{"a":null}"#),
            ("<a>1</a>", r#"{"a":1}"#),
            ("<a>1.0</a>", r#"{"a":1.0}"#),
            ("<a>01</a>", r#"{"a":"01"}"#),
            ("<a> 5 </a>", r#"{"a":" 5 "}"#),
            ("<a>true</a>", r#"{"a":true}"#),
            ("<a>True</a>", r#"{"a":"True"}"#),
            ("<a>null</a>", r#"{"a":null}"#),
            ("<a>12345678901234567890123</a>", r#"{"a":12345678901234567890123}"#),
            (r#"<a b="1"/>"#, r#"{"a":{"@b":"1"}}"#),
            (r#"<a b="1">2</a>"#, r#"{"a":{"@b":"1","$":2}}"#),
            ("<a><b>1</b><b>2</b></a>", r#"{"a":{"b":[1,2]}}"#),
            ("<a><b>1</b><c>3</c><b>2</b></a>", r#"{"a":{"b":1,"c":3,"b":2}}"#),
            ("<a><?xml-multiple b?><b>1</b></a>", r#"{"a":{"b":[1]}}"#),
            ("<a><?xml-multiple b?><c>1</c></a>", r#"{"a":{"b":[],"c":1}}"#),
            ("<a><?xml-multiple?><b>1</b></a>", r#"{"a":{"b":[1]}}"#),
            (r#"<a><b x="1"/><b x="2">t</b></a>"#, r#"{"a":{"b":[{"@x":"1"},{"@x":"2","$":"t"}]}}"#),
            ("<a><b>1</b><b/></a>", r#"{"a":{"b":[1,null]}}"#),
            (r#"<n:a xmlns:n="urn:x" n:b="1"><n:c>2</n:c></n:a>"#, r#"{"a":{"@b":"1","c":2}}"#),
            ("<jsonObject><a>1</a></jsonObject>", r#"{"a":1}"#),
            ("<jsonObject/>", "null"),
            ("<jsonArray><x>1</x><x>2</x></jsonArray>", r#"{"x":[1,2]}"#),
            ("<a><jsonElement>1</jsonElement><jsonElement>2</jsonElement></a>", r#"{"a":[1,2]}"#),
            ("<jsonObject>t</jsonObject>", r#""t""#),
            ("<jsonArray><jsonElement>1</jsonElement></jsonArray>", "1"),
            ("<jsonArray><jsonElement /><jsonElement>1</jsonElement></jsonArray>", "[null,1]"),
            (r#"<jsonObject c="d"><x>1</x></jsonObject>"#, r#"{"@c":"d","x":1}"#),
            ("<jsonObject><jsonObject><a>1</a></jsonObject></jsonObject>", r#"{"a":1}"#),
            (
                "<jsonObject><a><jsonArray><jsonElement>1</jsonElement><jsonElement>2</jsonElement></jsonArray></a>\
                 <a><jsonArray><jsonElement>3</jsonElement></jsonArray></a></jsonObject>",
                r#"{"a":[[1,2],3]}"#,
            ),
        ] {
            assert_eq!(convert(xml), json, "{xml}");
        }
    }

    #[test]
    fn refuses_mixed_content() {
        let error = convert_with("<a>t<b/></a>", &JsonSettings::default()).expect_err("mixed");
        assert!(error.to_string().starts_with("Could not convert OMElement to JSON. Invalid XML payload."));
    }

    #[test]
    fn keeps_namespaces_on_request() {
        let xml = r#"<n:a xmlns:n="urn:x" n:b="1"><n:c>2</n:c></n:a>"#;
        let mut settings = JsonSettings { preserve_namespaces: true, ..JsonSettings::default() };
        assert_eq!(convert_with(xml, &settings).expect("ok"), r#"{"n_a":{"@n_b":"1","n_c":2}}"#);
        settings.namespace_declarations = true;
        assert_eq!(convert_with(xml, &settings).expect("ok"), r#"{"n_a":{"@xmlns_n":"urn:x","@n_b":"1","n_c":2}}"#);
    }

    #[test]
    fn follows_the_primitive_settings() {
        let replace = crate::java::JavaRegex::new("@@@(.*)").expect("valid");
        let settings = JsonSettings { replace: Some((replace, "$1".to_owned())), ..JsonSettings::default() };
        assert_eq!(convert_with("<a>@@@1</a>", &settings).expect("ok"), r#"{"a":"1"}"#);
        let settings = JsonSettings { auto_primitive: false, ..JsonSettings::default() };
        assert_eq!(convert_with("<a>1</a>", &settings).expect("ok"), r#"{"a":"1"}"#);
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i32>().prop_map(Into::into),
            "[a-z]{1,8}_".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Into::into),
                prop::collection::btree_map("[a-z]{1,6}[0-9$]?", inner, 1..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Objects whose arrays hold two or more items and whose strings do not look like other types round-trip.
        #[test]
        fn round_trips_what_the_mapping_can_carry(value in prop::collection::btree_map("[a-z]{1,6}", json(), 1..4)) {
            let value = serde_json::Value::Object(value.into_iter().collect());
            let mut document = Document::new();
            let root = document.root();
            let settings = JsonSettings::default();
            let element = json_to_xml(&value.to_string(), &mut document, root, &settings).expect("valid");
            let back = xml_to_json_value(&document, element, &settings).expect("convertible");
            prop_assert_eq!(back, value);
        }
    }
}
