//! Syntax as data: what an element accepts. Parsing shows suggestions from it, lint checks against it, and the reference
//! documentation is printed from it, so they cannot disagree.

/// An element and all that may stand in it.
#[derive(Debug, Clone, Copy)]
pub struct Syntax {
    /// Its local name.
    pub element: &'static str,
    /// What it does, in a sentence or two.
    pub summary: &'static str,
    /// Its attributes, apart from those that every mediator takes.
    pub attributes: &'static [AttributeSyntax],
    /// Its child elements.
    pub children: &'static [ChildSyntax],
    /// A short complete example.
    pub example: &'static str,
}

/// An attribute.
#[derive(Debug, Clone, Copy)]
pub struct AttributeSyntax {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: AttributeKind,
    /// It must be there.
    pub required: bool,
    /// What it is when it is not there; empty when nothing.
    pub default: &'static str,
    /// What it is for.
    pub doc: &'static str,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// Text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A Java regular expression.
    Regex,
    /// One of these words.
    Words(&'static [&'static str]),
    /// XPath, `json-eval(…)` or `${…}`.
    Expression,
    /// Text, or an expression in braces.
    Value,
    /// The name of an artifact of this kind.
    Key(&'static str),
}

impl AttributeKind {
    /// How the documentation names it.
    pub fn describe(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer => "number".to_owned(),
            Self::Regex => "Java regular expression".to_owned(),
            Self::Words(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
            Self::Expression => "expression".to_owned(),
            Self::Value => "text or `{expression}`".to_owned(),
            Self::Key(of) => format!("name of a {of}"),
        }
    }
}

/// A child element.
#[derive(Debug, Clone, Copy)]
pub struct ChildSyntax {
    /// Its local name.
    pub element: &'static str,
    /// How often it may occur.
    pub occurs: Occurs,
    /// Its attributes.
    pub attributes: &'static [AttributeSyntax],
    /// What stands in it.
    pub content: Content,
    /// What it is for.
    pub doc: &'static str,
}

/// How often a child element may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// At most once.
    Optional,
    /// Once.
    Once,
    /// Any number of times.
    Any,
    /// At least once.
    AtLeastOnce,
}

/// What stands in a child element.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    /// Nothing.
    Nothing,
    /// Text.
    Text,
    /// Mediators.
    Mediators,
    /// Any XML.
    Xml,
    /// An endpoint.
    Endpoint,
    /// These children.
    Children(&'static [ChildSyntax]),
}

/// Whether a mediator's own children are mediators (beside those that [`Syntax::children`] lists).
pub const MEDIATORS: ChildSyntax = ChildSyntax {
    element: "*",
    occurs: Occurs::Any,
    attributes: &[],
    content: Content::Mediators,
    doc: "Mediators, which run in order.",
};

/// The attributes that every mediator takes.
pub const COMMON_ATTRIBUTES: &[AttributeSyntax] = &[
    attribute("description", AttributeKind::Text, "A label; it has no effect."),
    attribute("statistics", AttributeKind::Words(&["enable", "disable"]), "Collects statistics."),
    attribute("trace", AttributeKind::Words(&["enable", "disable"]), "Traces."),
    attribute("traceFilter", AttributeKind::Words(&["enable", "disable"]), "Leaves the mediator out of telemetry."),
];

/// An attribute that may be left out.
pub const fn attribute(name: &'static str, kind: AttributeKind, doc: &'static str) -> AttributeSyntax {
    AttributeSyntax { name, kind, required: false, default: "", doc }
}

/// An attribute that may be left out and then has a value.
pub const fn defaulted(
    name: &'static str,
    kind: AttributeKind,
    default: &'static str,
    doc: &'static str,
) -> AttributeSyntax {
    AttributeSyntax { name, kind, required: false, default, doc }
}

/// An attribute that must be there.
pub const fn required(name: &'static str, kind: AttributeKind, doc: &'static str) -> AttributeSyntax {
    AttributeSyntax { name, kind, required: true, default: "", doc }
}

/// A child element.
pub const fn child(
    element: &'static str,
    occurs: Occurs,
    attributes: &'static [AttributeSyntax],
    content: Content,
    doc: &'static str,
) -> ChildSyntax {
    ChildSyntax { element, occurs, attributes, content, doc }
}

/// `value` or `expression`, as `property` children of many mediators have them.
pub const PROPERTY_CHILD: ChildSyntax = child(
    "property",
    Occurs::Any,
    &[
        required("name", AttributeKind::Text, "Its name."),
        attribute("value", AttributeKind::Text, "Its value; wins over `expression`."),
        attribute("expression", AttributeKind::Expression, "An expression that gives its value."),
        attribute(
            "scope",
            AttributeKind::Words(&["default", "axis2", "transport", "axis2-client"]),
            "Where it lives, for mediators that set it.",
        ),
    ],
    Content::Nothing,
    "A named value.",
);

/// The known name nearest to `name`, when it is near enough to be what was meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match name.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    let wanted = name.to_lowercase();
    let scored = known.into_iter().map(|known| (distance(&wanted, &known.to_lowercase()), known));
    scored.filter(|&(distance, _)| distance <= limit).min_by_key(|&(distance, _)| distance).map(|(_, known)| known)
}

/// Edits (insert, delete, replace, swap neighbours) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(from != to)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_was_probably_meant() {
        let known = ["log", "loopback", "property", "payloadFactory", "filter"];
        assert_eq!(nearest("lgo", known), Some("log"));
        assert_eq!(nearest("proprety", known), Some("property"));
        assert_eq!(nearest("payloadfactory", known), Some("payloadFactory"));
        assert_eq!(nearest("zebra", known), None);
    }
}
