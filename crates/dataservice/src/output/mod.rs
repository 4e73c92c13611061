//! Answers as they are written: the same calls make XML or JSON.

mod json;
mod xml;

use mi_mediation::data_service::DataAnswer;

use self::json::JsonWriter;
use self::xml::XmlWriter;
use crate::model::JsonKind;

/// Writes an answer.
pub(crate) enum Writer {
    /// To nobody: only what the rows export is wanted.
    Nobody,
    Xml(Box<XmlWriter>),
    Json(JsonWriter),
}

impl Writer {
    pub(crate) fn new(json: bool) -> Self {
        if json { Self::Json(JsonWriter::default()) } else { Self::Xml(Box::default()) }
    }

    /// Begins an element with others in it.
    pub(crate) fn begin(&mut self, namespace: &str, name: &str) {
        match self {
            Self::Nobody => {}
            Self::Xml(xml) => xml.begin(namespace, name),
            Self::Json(json) => json.begin(name, false),
        }
    }

    /// Begins the element of a row: in JSON it is an item of an array, however many rows there are.
    pub(crate) fn begin_row(&mut self, namespace: &str, name: &str) {
        match self {
            Self::Json(json) => json.begin(name, true),
            other => other.begin(namespace, name),
        }
    }

    pub(crate) fn end(&mut self) {
        match self {
            Self::Nobody => {}
            Self::Xml(xml) => xml.end(),
            Self::Json(json) => json.end(),
        }
    }

    /// An attribute of the element that began last.
    pub(crate) fn attribute(&mut self, name: &str, value: Option<&str>, kind: JsonKind) {
        match self {
            Self::Nobody => {}
            Self::Xml(xml) => xml.attribute(name, value),
            Self::Json(json) => json.value(name, value, kind),
        }
    }

    /// An element with a value; without one it is NULL.
    pub(crate) fn element(&mut self, namespace: &str, name: &str, value: Option<&str>, kind: JsonKind) {
        match self {
            Self::Nobody => {}
            Self::Xml(xml) => xml.element(namespace, name, value),
            Self::Json(json) => json.value(name, value, kind),
        }
    }

    /// What was written.
    pub(crate) fn finish(self) -> DataAnswer {
        match self {
            Self::Nobody => DataAnswer::Nothing,
            Self::Xml(xml) => xml.finish().map_or(DataAnswer::Nothing, |element| DataAnswer::Xml(Box::new(element))),
            Self::Json(json) => DataAnswer::Json(json.finish()),
        }
    }
}
