//! What is wrong with a document, in Xerces' words. The library says it in its own; what it says is taken apart and said
//! anew. A sentence that is not known here is passed on as it is.

use fastxml::error::StructuredError;
use mi_xml::{Document, NodeId, ParseOptions};

use crate::Violation;

/// Says what was found. `text` is the document that was validated, `enumerations` are those of the schemas, in order.
pub(crate) fn violations(text: &str, found: &[&StructuredError], enumerations: &[Vec<String>]) -> Vec<Violation> {
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).unwrap_or_default();
    let mut said: Vec<Violation> = Vec::new();
    // Elements whose content is known to be wrong: Xerces looks no further there.
    let mut spoilt: Vec<NodeId> = Vec::new();
    for (index, error) in found.iter().enumerate() {
        let about = About::find(&document, error);
        let wording = Wording { about: &about, error, enumerations };
        let is_incomplete = error.message.contains("incomplete content") || error.message.contains("requires child");
        let is_misplaced = error.message.contains("is not expected here")
            || error.message.ends_with("is not declared in schema") && about.parent().is_some()
            || error.message.contains("occurs");
        let holder = if is_incomplete {
            about.node
        } else if is_misplaced {
            about.parent()
        } else {
            None
        };
        if let Some(holder) = holder {
            if spoilt.contains(&holder) {
                continue;
            }
            spoilt.push(holder);
        }
        // What should stand there is sometimes said only when the parent ends.
        let expected = error.expected.as_deref().or_else(|| {
            let later = found.iter().skip(index + 1).filter(|later| later.message.contains("incomplete content"));
            let same = |later: &&&StructuredError| is_misplaced && About::find(&document, later).node == holder;
            later.filter(same).find_map(|later| later.expected.as_deref())
        });
        for message in wording.of(expected) {
            said.push(Violation { message, line: number(error.location.line), column: number(error.location.column) });
        }
    }
    said
}

fn number(value: Option<usize>) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
}

/// The element that an error is about.
struct About<'d> {
    document: &'d Document,
    node: Option<NodeId>,
}

impl<'d> About<'d> {
    /// The element of the error's name that begins last before the error's place.
    fn find(document: &'d Document, error: &StructuredError) -> Self {
        let name = error.node_name.as_deref().unwrap_or("");
        let place = (number(error.location.line), number(error.location.column));
        let begins = |id: NodeId| document.position(id).map(|position| (position.line, position.column));
        let node = document
            .descendants(document.root())
            .filter(|id| document.is_element(*id) && document.local_name(*id) == name)
            .filter(|id| begins(*id).is_some_and(|begin| begin <= place))
            .last();
        Self { document, node }
    }

    fn parent(&self) -> Option<NodeId> {
        self.document.parent(self.node?).filter(|parent| self.document.is_element(*parent))
    }

    /// The name as it is written.
    fn name(&self) -> String {
        self.node.and_then(|node| self.document.name(node)).map(|name| name.to_string()).unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.node.map(|node| self.document.namespace(node)).unwrap_or_default()
    }

    fn text(&self) -> String {
        self.node.map(|node| self.document.direct_text(node).into_owned()).unwrap_or_default()
    }

    fn attribute(&self, local: &str) -> String {
        let attributes = self.node.into_iter().flat_map(|node| self.document.attributes(node));
        let mut named = attributes.filter(|attribute| attribute.name.local == local);
        named.next().map(|attribute| attribute.value.to_owned()).unwrap_or_default()
    }
}

struct Wording<'w> {
    about: &'w About<'w>,
    error: &'w StructuredError,
    enumerations: &'w [Vec<String>],
}

impl Wording<'_> {
    fn of(&self, expected: Option<&str>) -> Vec<String> {
        let message = &*self.error.message;
        let element = if self.about.node.is_some() {
            self.about.name()
        } else {
            self.error.node_name.as_deref().unwrap_or("").to_owned()
        };
        let quoted = quoted(message);
        let word = |index: usize| quoted.get(index).copied().unwrap_or("");
        if message.ends_with("is not declared in schema") && self.about.parent().is_none() {
            return vec![format!("cvc-elt.1: Cannot find the declaration of element '{element}'.")];
        }
        if message.contains("incomplete content") || message.contains("requires child") {
            // `requires child 'b' at least 1 time(s)` names the child in quotes.
            let expected = if message.contains("requires child") { Some(word(1)) } else { expected };
            let one_of = self.one_of(expected);
            return vec![format!(
                "cvc-complex-type.2.4.b: The content of element '{element}' is not complete.{one_of}"
            )];
        }
        if message.contains("no further elements") || message.contains("occurs") {
            let start = self.expanded(self.error.node_name.as_deref().unwrap_or(""));
            return vec![format!(
                "cvc-complex-type.2.4.d: Invalid content was found starting with element '{start}'. No child element is expected at this point."
            )];
        }
        if message.contains("is not expected here") || message.ends_with("is not declared in schema") {
            let start = self.expanded(self.error.node_name.as_deref().unwrap_or(""));
            let one_of = self.one_of(expected);
            return vec![format!(
                "cvc-complex-type.2.4.a: Invalid content was found starting with element '{start}'.{one_of}"
            )];
        }
        if message.contains("required attribute") {
            let name = word(1);
            return vec![format!("cvc-complex-type.4: Attribute '{name}' must appear on element '{element}'.")];
        }
        if message.contains("attribute") && message.ends_with("is not allowed") {
            let name = word(1);
            return vec![format!(
                "cvc-complex-type.3.2.2: Attribute '{name}' is not allowed to appear in element '{element}'."
            )];
        }
        if message.contains("element-only content but contains text") {
            return vec![format!(
                "cvc-complex-type.2.3: Element '{element}' cannot have character [children], because the type's content type is element-only."
            )];
        }
        if message.contains("is abstract") {
            return vec![format!(
                "cvc-elt.2: The value of {{abstract}} in the element declaration for '{element}' must be false."
            )];
        }
        if message.contains("is not nillable") {
            return vec![format!(
                "cvc-elt.3.1: Attribute 'http://www.w3.org/2001/XMLSchema-instance,nil' must not appear on element '{element}', because the {{nillable}} property of '{element}' is false."
            )];
        }
        if message.contains("xsi:nil=\"true\" but is not empty") {
            return vec![format!(
                "cvc-elt.3.2.1: Element '{element}' cannot have character or element information [children], because 'http://www.w3.org/2001/XMLSchema-instance,nil' is specified."
            )];
        }
        if message.contains("xsi:type") && message.contains("not defined") {
            let name = word(1);
            return vec![format!("cvc-elt.4.2: Cannot resolve '{name}' to a type definition for element '{element}'.")];
        }
        if message.contains("constraint '") || message.starts_with("keyref '") {
            return vec![identity(message, &element)];
        }
        self.value(message, &element)
    }

    /// A value that its type does not allow: what is wrong with it, and where it stands.
    fn value(&self, message: &str, element: &str) -> Vec<String> {
        let attribute = message.split_once(": attribute '").and_then(|(_, rest)| rest.split_once("'"));
        let (value, what) = match attribute {
            Some((name, rest)) => (self.about.attribute(name), rest.trim_start_matches(": ").to_owned()),
            None => {
                let rest = message.split_once("': ").map_or(message, |(_, rest)| rest);
                (self.about.text(), rest.to_owned())
            }
        };
        if let Some((_, rest)) = message.split_once("must have the fixed value ") {
            let fixed = quoted(rest).first().copied().unwrap_or("").to_owned();
            return vec![match attribute {
                Some((name, _)) => format!(
                    "cvc-attribute.4: The value '{value}' of attribute '{name}' on element '{element}' does not match the fixed {{value constraint}}. The attribute must have a value of '{fixed}'."
                ),
                None => format!(
                    "cvc-elt.5.2.2.2.2: The value '{value}' of element '{element}' does not match the {{value constraint}} value '{fixed}'."
                ),
            }];
        }
        let Some((sentence, kind)) = self.facet(&value, &what) else { return vec![message.to_owned()] };
        let context = match attribute {
            Some((name, _)) => {
                let kind = kind.map(|kind| format!(", '{kind}'")).unwrap_or_default();
                format!(
                    "cvc-attribute.3: The value '{value}' of attribute '{name}' on element '{element}' is not valid with respect to its type{kind}."
                )
            }
            None => format!("cvc-type.3.1.3: The value '{value}' of element '{element}' is not valid."),
        };
        vec![sentence, context]
    }

    /// What is wrong with a value, and its type if it is a built-in one.
    fn facet(&self, value: &str, what: &str) -> Option<(String, Option<String>)> {
        let last = what.rsplit(' ').next().unwrap_or("").trim_matches('\'');
        let not_of = |value: &str, kind: &str| {
            let sentence = format!("cvc-datatype-valid.1.2.1: '{value}' is not a valid value for '{kind}'.");
            Some((sentence, Some(kind.to_owned())))
        };
        let limited = |facet: &str| {
            Some((
                format!(
                    "cvc-{facet}-valid: Value '{value}' is not facet-valid with respect to {facet} '{last}' for type '#AnonType'."
                ),
                None,
            ))
        };
        if let Some((_, kind)) = what.split_once("is not a valid xs:") {
            let item = quoted(what).last().copied().unwrap_or(value);
            return not_of(item, kind);
        }
        if what.contains("day is not valid") || what.contains("time of day") {
            let kind = match (value.contains('T'), what.contains("time of day")) {
                (true, _) => "dateTime",
                (false, true) => "time",
                (false, false) => "date",
            };
            return not_of(value, kind);
        }
        if what.contains("representable range") {
            return Some((format!("cvc-datatype-valid.1.2.1: '{value}' is not a valid value for its type."), None));
        }
        if let Some((_, pattern)) = what.split_once("does not match pattern ") {
            let pattern = pattern.trim_matches('\'');
            let pattern = pattern.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(pattern);
            let sentence = format!(
                "cvc-pattern-valid: Value '{value}' is not facet-valid with respect to pattern '{pattern}' for type '#AnonType'."
            );
            return Some((sentence, None));
        }
        if let Some((_, list)) = what.split_once("not in allowed values: ") {
            let list = self.enumeration(list);
            let sentence = format!(
                "cvc-enumeration-valid: Value '{value}' is not facet-valid with respect to enumeration '[{list}]'. It must be a value from the enumeration."
            );
            return Some((sentence, None));
        }
        if what.contains("member type of the union") {
            let sentence =
                format!("cvc-datatype-valid.1.2.3: '{value}' is not a valid value of union type '#AnonType'.");
            return Some((sentence, None));
        }
        for (facet, words) in [("totalDigits", "total digits"), ("fractionDigits", "fraction digits")] {
            if what.contains(words) || what.contains("digits") && facet == "totalDigits" && !what.contains("fraction") {
                let count = what.split(' ').nth(2).unwrap_or("0");
                let sentence = format!(
                    "cvc-{facet}-valid: Value '{value}' has {count} {words}, but the number of {words} has been limited to {last}."
                );
                return Some((sentence, None));
            }
        }
        if let Some((_, rest)) = what.split_once("value length ") {
            let length = rest.split(' ').next().unwrap_or("0");
            let facet = if rest.contains("less than minimum") {
                "minLength"
            } else if rest.contains("exceeds maximum") {
                "maxLength"
            } else {
                "length"
            };
            let sentence = format!(
                "cvc-{facet}-valid: Value '{value}' with length = '{length}' is not facet-valid with respect to {facet} '{last}' for type '#AnonType'."
            );
            return Some((sentence, None));
        }
        match what {
            _ if what.contains("must be greater than") => limited("minExclusive"),
            _ if what.contains("must be less than") => limited("maxExclusive"),
            _ if what.contains("exceeds maximum") => limited("maxInclusive"),
            _ if what.contains("less than minimum") => limited("minInclusive"),
            _ => None,
        }
    }

    /// The values of an enumeration in the order in which the schema has them; the library has lost it.
    fn enumeration(&self, list: &str) -> String {
        let mut values: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        values.sort_unstable();
        let known = self.enumerations.iter().find(|known| {
            let mut known: Vec<&str> = known.iter().map(String::as_str).collect();
            known.sort_unstable();
            known == values
        });
        known.map_or_else(|| values.join(", "), |known| known.join(", "))
    }

    /// `{"namespace":local}` if there is a namespace.
    fn expanded(&self, local: &str) -> String {
        match self.about.namespace() {
            "" => local.to_owned(),
            namespace => format!("{{\"{namespace}\":{local}}}"),
        }
    }

    fn one_of(&self, expected: Option<&str>) -> String {
        let Some(expected) = expected else { return String::new() };
        let namespace = self.about.namespace();
        let names: Vec<String> = expected
            .split(", ")
            .map(|name| name.trim_matches('\''))
            .filter(|name| !name.is_empty())
            .map(|name| if namespace.is_empty() { name.to_owned() } else { format!("\"{namespace}\":{name}") })
            .collect();
        if names.is_empty() { String::new() } else { format!(" One of '{{{}}}' is expected.", names.join(", ")) }
    }
}

/// Keys that are missing, given twice or referred to in vain.
fn identity(message: &str, element: &str) -> String {
    let quoted = quoted(message);
    let name = quoted.last().copied().unwrap_or("");
    let values = message.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(values, _)| values);
    let values: Vec<&str> =
        values.split('"').skip(1).step_by(2).map(|value| value.rsplit("\\u{1}").next().unwrap_or(value)).collect();
    let values = values.join(",");
    if message.starts_with("duplicate") {
        format!(
            "cvc-identity-constraint.4.2.2: Duplicate key value [{values}] declared for identity constraint \"{name}\" of element \"{element}\"."
        )
    } else if message.starts_with("keyref") {
        let keyref = quoted.first().copied().unwrap_or("");
        format!(
            "cvc-identity-constraint.4.3: Key '{keyref}' with value '{values}' not found for identity constraint of element '{element}'."
        )
    } else {
        format!("cvc-identity-constraint.4.2.1.a: Element \"{element}\" has no value for the key \"{name}\".")
    }
}

/// What stands between single quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('\'').skip(1).step_by(2).collect()
}
