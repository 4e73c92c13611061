//! A result that is written as the JSON which it is to give (spec: runtime 8.1, `outputType="json"`).

use std::sync::Arc;

use mi_mediation::{DeployError, Element};
use serde_json::{Map, Value as Json};

use super::result::{Field, Group, Output, ResultShape, Value};
use super::{CallQuery, Place, WithParam, is_ncname};

/// Reads the mapping that is the text of `element`.
pub(super) fn parse(element: Element<'_>, namespace: &Arc<str>) -> Result<ResultShape, DeployError> {
    let failed = |message: String| element.error(format!("Error in parsing JSON result mapping: {message}"));
    let mapping: Json = serde_json::from_str(element.text().trim()).map_err(|error| failed(error.to_string()))?;
    let reader = Reader { element, namespace };
    reader.result(&mapping).map_err(failed)
}

struct Reader<'a> {
    element: Element<'a>,
    namespace: &'a Arc<str>,
}

impl Reader<'_> {
    fn result(&self, mapping: &Json) -> Result<ResultShape, String> {
        let top = mapping.as_object().filter(|top| top.len() == 1).and_then(|top| top.iter().next());
        let (wrapper, inside) = top.ok_or_else(|| {
            let count = mapping.as_object().map_or(0, Map::len);
            format!("There must be exactly 1 top level object in the JSON mapping, found {count}")
        })?;
        let inside = match inside {
            Json::Object(inside) => inside,
            Json::Array(_) => return Err("The top level object cannot be an array".to_owned()),
            _ => return Err("The top level object cannot be a simple type".to_owned()),
        };
        let rows = inside.iter().next().filter(|_| inside.len() == 1);
        let (row, content) = match rows {
            Some((name, Json::Array(items))) => {
                let [item] = items.as_slice() else {
                    return Err(format!("The JSON array should be of size 1, found {}", items.len()));
                };
                let item = item.as_object().ok_or("The JSON array element must be a JSON Object")?;
                (Some(self.name(name)?), self.group(item, false)?)
            }
            _ => (None, self.group(inside, true)?),
        };
        Ok(ResultShape {
            element: Some(self.name(wrapper)?),
            row,
            namespace: self.namespace.clone(),
            column_numbers: false,
            escape: false,
            content,
        })
    }

    fn name(&self, name: &str) -> Result<Arc<str>, String> {
        if is_ncname(name) { Ok(name.into()) } else { Err(format!("'{name}' is no name of an element")) }
    }

    fn group(&self, members: &Map<String, Json>, optional: bool) -> Result<Group, String> {
        let mut content = Vec::new();
        for (name, member) in members {
            content.push(match (name.strip_prefix('@'), member) {
                (Some(query), member) => Output::Call(self.call(query, member)?),
                (None, Json::Object(inner)) => {
                    Output::Group(self.name(name)?, self.namespace.clone(), self.group(inner, false)?)
                }
                (None, Json::Array(_)) => {
                    return Err("A JSON Array cannot be contained in the result records".to_owned());
                }
                (None, member) => Output::Field(self.field(name, &text(member), optional)?),
            });
        }
        Ok(Group { attributes: Vec::new(), content })
    }

    /// `$name->param, …`
    fn call(&self, query: &str, member: &Json) -> Result<CallQuery, String> {
        let mut with = Vec::new();
        for part in text(member).trim().split(',') {
            let (left, right) = part.split_once("->").filter(|(_, right)| !right.contains("->")).ok_or_else(|| {
                format!("The nested query call parameters should be separated by a single '->', found: {part}")
            })?;
            let name = left.trim().strip_prefix('$').ok_or_else(|| {
                format!("The left side of a nested query call parameter should start with a $, found: {}", left.trim())
            })?;
            // The left side is the parameter of the query that is called, the right side what it gets: MI reads it so,
            // though its documentation has it the other way. They are mostly called the same.
            let original = right.trim().to_owned();
            with.push(WithParam {
                name: name.to_owned(),
                source: original.to_lowercase(),
                original,
                from_column: false,
            });
        }
        Ok(CallQuery { href: query.to_owned(), query: 0, with, place: Place::of(self.element) })
    }

    /// `$column(type:integer;optional:true)`
    fn field(&self, name: &str, text: &str, optional: bool) -> Result<Field, String> {
        let text = text.trim();
        let rest = text
            .strip_prefix('$')
            .ok_or_else(|| format!("A result entry column value must start with $, found: {text}"))?;
        let (column, options) = match rest.split_once('(') {
            None => (rest, ""),
            Some((column, options)) => {
                let end = options.rfind(')').ok_or_else(|| {
                    format!("A result entry column value with options must end with ')', found: {text}")
                })?;
                (column, options.get(..end).unwrap_or_default())
            }
        };
        let (mut xsd_type, mut optional) = ("string", optional);
        for option in options.split(';').filter(|_| !options.is_empty()) {
            let (key, value) = option
                .split_once(':')
                .filter(|(_, value)| !value.contains(':'))
                .ok_or_else(|| format!("An option section must be separate by a single ':', found: {option}"))?;
            match (key.trim(), value.trim()) {
                ("type", value) => xsd_type = value,
                ("optional", value) => optional = optional || value.eq_ignore_ascii_case("true"),
                ("requiredRoles", _) => {
                    return Err("requiredRoles asks for roles of users, which this server does not have".to_owned());
                }
                (key, _) => return Err(format!("Unrecognized option type '{key}', found: {key}")),
            }
        }
        let name = self.name(name)?;
        Ok(Field::new(&name, self.namespace.clone(), Value::of(column, true), xsd_type, optional, None))
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use mi_xml::{Document, ParseOptions};

    use super::*;
    use crate::model::JsonKind;

    fn read(mapping: &str) -> Result<ResultShape, String> {
        let text = format!("<result outputType='json'><![CDATA[{mapping}]]></result>");
        let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("XML");
        let element = Element::new(&document, document.root_element().expect("a root"), "f.dbs");
        ResultShape::parse(element, "urn:s", "q").map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_mapping_is_a_shape() {
        let shape = read(
            r#"{"Students":{"Student":[{"id":"$ID(type:integer)","name":{"first":"$f"},"@marks":"$student->id"}]}}"#,
        )
        .expect("a mapping");
        assert_eq!((shape.element.as_deref(), shape.row.as_deref()), (Some("Students"), Some("Student")));
        assert_eq!(&*shape.namespace, "urn:s/q");
        let [Output::Field(id), Output::Group(name, _, _), Output::Call(marks)] = shape.content.content.as_slice()
        else {
            panic!("{:?}", shape.content);
        };
        assert_eq!((&*id.name, id.json, &**name), ("id", JsonKind::Number, "name"));
        assert_eq!(
            (marks.href.as_str(), marks.with[0].name.as_str(), marks.with[0].source.as_str()),
            ("marks", "student", "id")
        );
    }

    #[test]
    fn mappings_that_are_none_are_told_apart() {
        for (mapping, reason) in [
            ("{}", "exactly 1 top level object in the JSON mapping, found 0"),
            (r#"{"a":[]}"#, "The top level object cannot be an array"),
            (r#"{"a":1}"#, "The top level object cannot be a simple type"),
            (r#"{"a":{"b":[]}}"#, "The JSON array should be of size 1, found 0"),
            (r#"{"a":{"b":[{"c":[]}]}}"#, "A JSON Array cannot be contained"),
            (r#"{"a":{"b":"c"}}"#, "must start with $, found: c"),
            (r#"{"a":{"b":"$c(type)"}}"#, "separate by a single ':', found: type"),
            (r#"{"a":{"b":"$c(x:y)"}}"#, "Unrecognized option type 'x'"),
            (r#"{"a":{"@q":"$c"}}"#, "separated by a single '->', found: $c"),
            ("{", "EOF"),
        ] {
            let error = read(mapping).expect_err(mapping);
            assert!(error.starts_with("Error in parsing JSON result mapping: ") && error.contains(reason), "{error}");
        }
    }
}
