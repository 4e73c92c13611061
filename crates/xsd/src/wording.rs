//! What is wrong with a document, in Xerces' words. The library says it in its own; what it says is taken apart and said
//! anew. A sentence that is not known here is passed on as it is.

use std::collections::HashMap;

use mi_xml::{Document, NodeId, ParseOptions};
use uppsala::error::ValidationError;

use crate::Violation;

/// Says what was found. `text` is the document that was validated.
pub(crate) fn violations(text: &str, found: &[ValidationError]) -> Vec<Violation> {
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).unwrap_or_default();
    let mut places = HashMap::new();
    for id in document.descendants(document.root()).filter(|id| document.is_element(*id)) {
        if let Some(position) = document.position(id) {
            places.insert((position.line as usize, position.column as usize), id);
        }
    }
    let mut said: Vec<Violation> = Vec::new();
    for (index, error) in found.iter().enumerate() {
        let node = error.line.zip(error.column).and_then(|place| places.get(&place).copied());
        let wording = Wording { document: &document, node };
        let number = |value: Option<usize>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
        let (line, column) = (number(error.line), number(error.column));
        for message in wording.of(&error.message, found.get(index + 1).map(|next| next.message.as_str())) {
            let violation = Violation { message, line, column };
            if !said.contains(&violation) {
                said.push(violation);
            }
        }
    }
    said
}

/// An error and the element that it is about.
struct Wording<'d> {
    document: &'d Document,
    node: Option<NodeId>,
}

impl Wording<'_> {
    /// The element's name as it is written.
    fn element(&self) -> String {
        self.node.and_then(|node| self.document.name(node)).map(|name| name.to_string()).unwrap_or_default()
    }

    /// `{"namespace":local}` if there is a namespace, as Xerces shows names in content.
    fn expanded(&self, local: &str) -> String {
        let namespace = self.node.map(|node| self.document.namespace(node)).unwrap_or_default();
        if namespace.is_empty() { local.to_owned() } else { format!("{{\"{namespace}\":{local}}}") }
    }

    /// An attribute of the element with this value.
    fn attribute_with(&self, value: &str) -> Option<String> {
        let node = self.node?;
        let mut all = self.document.attributes(node);
        all.find(|attribute| attribute.value == value).map(|attribute| attribute.name.to_string())
    }

    fn of(&self, message: &str, next: Option<&str>) -> Vec<String> {
        let quoted = quoted(message);
        let first = quoted.first().copied().unwrap_or("");
        let second = quoted.get(1).copied().unwrap_or("");
        let element = self.element();
        let says = |beginning: &str| message.starts_with(beginning);
        if says("No element declaration found for") {
            return vec![format!("cvc-elt.1: Cannot find the declaration of element '{element}'.")];
        }
        if says("Required attribute") {
            let name = local(first);
            return vec![format!("cvc-complex-type.4: Attribute '{name}' must appear on element '{element}'.")];
        }
        if says("Attribute ") && message.contains("not allowed") {
            return vec![format!(
                "cvc-complex-type.3.2.2: Attribute '{first}' is not allowed to appear in element '{element}'."
            )];
        }
        if says("Sequence must occur") {
            // Said about the element that is missing, too.
            return Vec::new();
        }
        if says("Expected at least") || says("Required element") || says("Expected one of the choice") {
            return self.missing(first, next);
        }
        if says("Unexpected element") || says("Duplicate element") || says("Element ") && message.contains("any choice")
        {
            let start = self.expanded(if first.is_empty() { &element } else { first });
            return vec![format!("cvc-complex-type.2.4.a: Invalid content was found starting with element '{start}'.")];
        }
        if says("Element should have empty content") {
            return vec![format!(
                "cvc-complex-type.2.1: Element '{element}' must have no character or element information item [children], because the type's content type is empty."
            )];
        }
        if message.contains("has simple type") {
            return vec![format!(
                "cvc-type.3.1.2: Element '{element}' is a simple type, so it must have no element information item [children]."
            )];
        }
        if message.contains("is abstract and cannot appear") {
            return vec![format!(
                "cvc-elt.2: The value of {{abstract}} in the element declaration for '{element}' must be false."
            )];
        }
        if message.contains("has fixed value") {
            let value = quoted.get(2).copied().unwrap_or("");
            return vec![format!(
                "cvc-elt.5.2.2.2.2: The value '{value}' of element '{element}' does not match the {{value constraint}} value '{second}'."
            )];
        }
        if says("xsi:nil='true' on") {
            return vec![format!(
                "cvc-elt.3.1: Attribute 'http://www.w3.org/2001/XMLSchema-instance,nil' must not appear on element '{element}', because the {{nillable}} property of '{element}' is false."
            )];
        }
        if says("Element with xsi:nil") {
            return vec![format!(
                "cvc-elt.3.2.1: Element '{element}' cannot have character or element information [children], because 'http://www.w3.org/2001/XMLSchema-instance,nil' is specified."
            )];
        }
        if says("xsi:type") {
            return vec![if message.contains("not found") {
                format!("cvc-elt.4.2: Cannot resolve '{first}' to a type definition for element '{element}'.")
            } else {
                format!(
                    "cvc-elt.4.3: Type '{first}' is not validly derived from the type definition of element '{element}'."
                )
            }];
        }
        match self.simple(message, &quoted) {
            Some((value, sentence)) => vec![sentence, self.context(&value)],
            None => vec![message.to_owned()],
        }
    }

    /// Something that should have come is not there. If something else stands in its place, that is what Xerces names.
    fn missing(&self, expected: &str, next: Option<&str>) -> Vec<String> {
        let element = self.element();
        let instead =
            next.into_iter().find(|next| next.starts_with("Unexpected element") || next.starts_with("Sequence"));
        let unexpected = match (instead, self.node) {
            (Some(_), Some(node)) => self.unexpected_child(node, expected),
            _ => None,
        };
        let one_of = if expected.is_empty() {
            String::new()
        } else {
            format!(" One of '{{{}}}' is expected.", self.listed(expected))
        };
        match unexpected {
            Some(start) => {
                vec![format!(
                    "cvc-complex-type.2.4.a: Invalid content was found starting with element '{start}'.{one_of}"
                )]
            }
            None => {
                vec![format!("cvc-complex-type.2.4.b: The content of element '{element}' is not complete.{one_of}")]
            }
        }
    }

    /// The child that stands where another one was expected: the last one, as all before it were taken.
    fn unexpected_child(&self, node: NodeId, expected: &str) -> Option<String> {
        let children: Vec<NodeId> = self.document.child_elements(node).collect();
        let last = *children.last()?;
        let name = self.document.local_name(last);
        if name == expected {
            return None;
        }
        let namespace = self.document.namespace(last);
        Some(if namespace.is_empty() { name.to_owned() } else { format!("{{\"{namespace}\":{name}}}") })
    }

    fn listed(&self, expected: &str) -> String {
        let namespace = self.node.map(|node| self.document.namespace(node)).unwrap_or_default();
        if namespace.is_empty() { expected.to_owned() } else { format!("\"{namespace}\":{expected}") }
    }

    /// A value that its type does not allow: the value and Xerces' sentence about it.
    fn simple(&self, message: &str, quoted: &[&str]) -> Option<(String, String)> {
        let own_text = self.node.map(|node| self.document.direct_text(node).into_owned()).unwrap_or_default();
        let first = quoted.first().copied().unwrap_or("");
        let last_word = message.rsplit(' ').next().unwrap_or("");
        if let Some((_, kind)) = message.split_once("is not a valid ").or_else(|| message.split_once("is not valid ")) {
            let kind = if kind == "float/double" { "double" } else { kind };
            let sentence = format!("cvc-datatype-valid.1.2.1: '{first}' is not a valid value for '{kind}'.");
            return Some((first.to_owned(), sentence));
        }
        if let Some(pattern) = quoted.get(1).filter(|_| message.contains("does not match pattern")) {
            let sentence = format!(
                "cvc-pattern-valid: Value '{first}' is not facet-valid with respect to pattern '{pattern}' for type '#AnonType'."
            );
            return Some((first.to_owned(), sentence));
        }
        if let Some((_, list)) = message.split_once("is not one of the allowed values: ") {
            let values = list.trim_matches(['[', ']']).replace('"', "");
            let sentence = format!(
                "cvc-enumeration-valid: Value '{first}' is not facet-valid with respect to enumeration '[{values}]'. It must be a value from the enumeration."
            );
            return Some((first.to_owned(), sentence));
        }
        if message.starts_with("Value length") {
            let length = message.split(' ').nth(2).unwrap_or("0");
            let facet = ["minLength", "maxLength", "length"]
                .into_iter()
                .find(|facet| message.contains(&format!(" {facet} ")))?;
            let sentence = format!(
                "cvc-{facet}-valid: Value '{own_text}' with length = '{length}' is not facet-valid with respect to {facet} '{last_word}' for type '#AnonType'."
            );
            return Some((own_text, sentence));
        }
        for facet in ["minInclusive", "maxInclusive", "minExclusive", "maxExclusive"] {
            if message.contains(facet) {
                let sentence = format!(
                    "cvc-{facet}-valid: Value '{first}' is not facet-valid with respect to {facet} '{last_word}' for type '#AnonType'."
                );
                return Some((first.to_owned(), sentence));
            }
        }
        for (facet, words) in [("totalDigits", "total digits"), ("fractionDigits", "fraction digits")] {
            if message.contains(facet) {
                let count = message.split(' ').nth(2).unwrap_or("0");
                let sentence = format!(
                    "cvc-{facet}-valid: Value '{own_text}' has {count} {words}, but the number of {words} has been limited to {last_word}."
                );
                return Some((own_text, sentence));
            }
        }
        None
    }

    /// Where the value stands: Xerces says so in a sentence of its own.
    fn context(&self, value: &str) -> String {
        let element = self.element();
        match self.attribute_with(value) {
            Some(attribute) => format!(
                "cvc-attribute.3: The value '{value}' of attribute '{attribute}' on element '{element}' is not valid with respect to its type."
            ),
            None => format!("cvc-type.3.1.3: The value '{value}' of element '{element}' is not valid."),
        }
    }
}

/// What stands between single quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('\'').skip(1).step_by(2).collect()
}

/// The local part of `{namespace}local`.
fn local(name: &str) -> &str {
    name.rsplit('}').next().unwrap_or(name)
}
