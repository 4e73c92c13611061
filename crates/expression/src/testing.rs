//! A message for the tests.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use mi_payload::{Value, XmlFragment};
use mi_xml::{Document, ParseOptions};
use serde_json::Value as Json;

use crate::fault::BuildFault;
use crate::message::{Envelope, Field, Held, Message, Scope};

#[derive(Default)]
pub(crate) struct TestMessage {
    pub(crate) text: Option<String>,
    pub(crate) json: Option<Json>,
    pub(crate) document: Option<Document>,
    pub(crate) synthetic: bool,
    pub(crate) properties: HashMap<(Scope, String), Value>,
    pub(crate) variables: HashMap<String, Value>,
    pub(crate) parameters: Option<HashMap<String, Value>>,
    pub(crate) fields: HashMap<Field, String>,
}

impl TestMessage {
    pub(crate) fn json(text: &str) -> Self {
        let json = serde_json::from_str(text).expect("JSON");
        Self { text: Some(text.to_owned()), json: Some(json), ..Self::default() }
    }

    /// A synthetic envelope around the XML.
    pub(crate) fn xml(text: &str) -> Self {
        let soap = format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>{text}</s:Body></s:Envelope>"
        );
        Self { synthetic: true, ..Self::soap(&soap) }
    }

    pub(crate) fn soap(text: &str) -> Self {
        let document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
        Self { document: Some(document), ..Self::default() }
    }

    pub(crate) fn with(mut self, scope: Scope, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert((scope, name.to_owned()), value.into());
        self
    }

    pub(crate) fn with_variable(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }
}

pub(crate) fn xml(text: &str) -> Value {
    Value::Xml(Arc::new(XmlFragment::parse(text).expect("well-formed")))
}

impl Message for TestMessage {
    fn envelope(&self) -> Result<Option<Envelope<'_>>, BuildFault> {
        let Some(document) = &self.document else { return Ok(None) };
        let envelope = document.root_element().expect("an envelope");
        let namespace = document.namespace(envelope);
        let body = document.child_named(envelope, namespace, "Body").expect("a body");
        let header = document.child_named(envelope, namespace, "Header");
        Ok(Some(Envelope { document, envelope, header, body, synthetic: self.synthetic }))
    }

    fn json(&self) -> Result<Option<&Json>, BuildFault> {
        Ok(self.json.as_ref())
    }

    fn json_text(&self) -> Result<Option<Cow<'_, str>>, BuildFault> {
        Ok(self.text.as_deref().map(Cow::Borrowed))
    }

    fn has_json_payload(&self) -> bool {
        self.json.is_some()
    }

    fn property(&self, scope: Scope, name: &str) -> Option<Held<'_>> {
        let same = |(of, known): &&(Scope, String)| {
            *of == scope && if scope == Scope::Transport { known.eq_ignore_ascii_case(name) } else { known == name }
        };
        self.properties.keys().find(same).and_then(|key| self.properties.get(key)).map(Held::from)
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    fn in_template(&self) -> bool {
        self.parameters.is_some()
    }

    fn template_parameter(&self, name: &str) -> Option<&Value> {
        self.parameters.as_ref()?.get(name)
    }

    fn field(&self, field: Field) -> Option<Cow<'_, str>> {
        self.fields.get(&field).map(|text| Cow::Borrowed(text.as_str()))
    }

    fn config(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "limit").then_some(Cow::Borrowed("50"))
    }

    fn local_entry(&self, name: &str) -> Option<Held<'_>> {
        (name == "SERVER_IP").then_some(Held::from("10.0.0.1"))
    }

    fn registry_resource(&self, path: &str) -> Option<Cow<'_, str>> {
        (path == "conf:/a.json").then_some(Cow::Borrowed(r#"{"k":[1,"two"]}"#))
    }

    fn registry_property(&self, path: &str, name: &str) -> Option<Cow<'_, str>> {
        (path == "conf:/a.json" && name == "owner").then_some(Cow::Borrowed("me"))
    }

    fn secret(&self, alias: &str) -> Option<Cow<'_, str>> {
        (alias == "db").then_some(Cow::Borrowed("s3cret"))
    }

    fn now_millis(&self) -> i64 {
        1_738_335_845_078
    }
}
