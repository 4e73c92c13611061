//! Answers in JSON: rows are arrays, and values are quoted or not as their types of XML Schema say.

use std::fmt::Write as _;

use crate::model::JsonKind;

/// An object is open at each level; the first one is the answer itself.
pub(crate) struct JsonWriter(Vec<Object>);

#[derive(Default)]
struct Object {
    /// The member that it becomes of the object around it.
    name: String,
    is_row: bool,
    members: Vec<(String, Member)>,
}

enum Member {
    /// JSON text.
    One(String),
    /// Items of an array, each JSON text.
    Many(Vec<String>),
}

impl Default for JsonWriter {
    fn default() -> Self {
        Self(vec![Object::default()])
    }
}

impl JsonWriter {
    pub(super) fn begin(&mut self, name: &str, is_row: bool) {
        self.0.push(Object { name: name.to_owned(), is_row, members: Vec::new() });
    }

    pub(super) fn end(&mut self) {
        if let Some(object) = self.0.pop() {
            let text = object.to_text();
            self.add(object.name, text, object.is_row);
        }
    }

    pub(super) fn value(&mut self, name: &str, value: Option<&str>, kind: JsonKind) {
        self.add(name.to_owned(), scalar(value, kind), false);
    }

    pub(super) fn finish(mut self) -> String {
        while self.0.len() > 1 {
            self.end();
        }
        self.0.first().map(Object::to_text).unwrap_or_default()
    }

    fn add(&mut self, name: String, text: String, is_item: bool) {
        let Some(object) = self.0.last_mut() else { return };
        match object.members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, Member::Many(items))) => items.push(text),
            // Without an element for rows their members come again and again.
            Some((_, member @ Member::One(_))) => {
                let Member::One(first) = std::mem::replace(member, Member::Many(Vec::new())) else { return };
                *member = Member::Many(vec![first, text]);
            }
            None if is_item => object.members.push((name, Member::Many(vec![text]))),
            None => object.members.push((name, Member::One(text))),
        }
    }
}

impl Object {
    fn to_text(&self) -> String {
        let mut out = String::from("{");
        for (index, (name, member)) in self.members.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            // Writing to a string does not fail.
            let _ = write!(out, "{}:", quoted(name));
            match member {
                Member::One(text) => out.push_str(text),
                Member::Many(items) => {
                    let _ = write!(out, "[{}]", items.join(","));
                }
            }
        }
        out.push('}');
        out
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A value that is none of its type stays a text.
fn scalar(value: Option<&str>, kind: JsonKind) -> String {
    let Some(text) = value else { return "null".to_owned() };
    match kind {
        JsonKind::Boolean if matches!(text, "true" | "false") => text.to_owned(),
        JsonKind::Boolean if matches!(text, "0" | "1") => (text == "1").to_string(),
        JsonKind::Number if is_number(text) => text.to_owned(),
        _ => quoted(text),
    }
}

/// Whether a text is a number of JSON, with nothing around it.
fn is_number(text: &str) -> bool {
    text.trim() == text && serde_json::from_str::<serde_json::Number>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_arrays_and_values_have_types() {
        let mut json = JsonWriter::default();
        json.begin("Students", false);
        json.begin("Student", true);
        json.value("id", Some("7"), JsonKind::Number);
        json.value("name", Some("A \"B\""), JsonKind::Text);
        json.value("active", Some("1"), JsonKind::Boolean);
        json.value("mark", None, JsonKind::Number);
        json.value("year", Some("07"), JsonKind::Number);
        json.begin("marks", false);
        assert_eq!(
            json.finish(),
            r#"{"Students":{"Student":[{"id":7,"name":"A \"B\"","active":true,"mark":null,"year":"07","marks":{}}]}}"#
        );
    }

    #[test]
    fn members_that_come_again_make_an_array() {
        let mut json = JsonWriter::default();
        for name in ["A", "B", "C"] {
            json.value("name", Some(name), JsonKind::Text);
        }
        assert_eq!(json.finish(), r#"{"name":["A","B","C"]}"#);
    }
}
