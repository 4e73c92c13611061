//! Whether every name that a schema mentions is defined somewhere in the set.

use std::collections::HashSet;

use mi_xml::{Document, NodeId};

use crate::gather::{Gathered, Source};
use crate::{SchemaError, XSD};

/// The symbol spaces of a schema.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
enum Space {
    Type,
    Element,
    Attribute,
    Group,
    AttributeGroup,
}

impl Space {
    /// As Xerces names it.
    fn word(self) -> &'static str {
        match self {
            Self::Type => "type definition",
            Self::Element => "element declaration",
            Self::Attribute => "attribute declaration",
            Self::Group => "group",
            Self::AttributeGroup => "attribute group",
        }
    }

    fn of_declaration(element: &str) -> Option<Self> {
        Some(match element {
            "simpleType" | "complexType" => Self::Type,
            "element" => Self::Element,
            "attribute" => Self::Attribute,
            "group" => Self::Group,
            "attributeGroup" => Self::AttributeGroup,
            _ => return None,
        })
    }
}

type Known = HashSet<(Space, String, String)>;

pub(crate) fn check(gathered: &Gathered) -> Result<(), SchemaError> {
    let mut known = Known::new();
    for source in &gathered.sources {
        declare(source, source.namespace(), &mut known);
        // A schema without namespace that is included takes on the one of whoever includes it.
        if source.namespace().is_empty() {
            gathered.sources.iter().for_each(|other| declare(source, other.namespace(), &mut known));
        }
    }
    gathered.sources.iter().try_for_each(|source| check_source(source, &known))
}

fn declare(source: &Source, namespace: &str, known: &mut Known) {
    let document = &source.document;
    let mut add = |parent: NodeId| {
        for id in document.child_elements(parent).filter(|id| document.namespace(*id) == XSD) {
            if let (Some(space), Some(name)) =
                (Space::of_declaration(document.local_name(id)), document.attr(id, "name"))
            {
                known.insert((space, namespace.to_owned(), name.to_owned()));
            }
        }
    };
    add(source.root);
    document
        .child_elements(source.root)
        .filter(|id| document.is_named(*id, XSD, "redefine") || document.is_named(*id, XSD, "override"))
        .for_each(add);
}

fn check_source(source: &Source, known: &Known) -> Result<(), SchemaError> {
    let document = &source.document;
    for id in document.descendants(source.root).filter(|id| document.namespace(*id) == XSD) {
        let element = document.local_name(id);
        for attribute in document.attributes(id).filter(|one| one.name.namespace.is_empty()) {
            let space = match (attribute.name.local, element) {
                ("type" | "base" | "itemType" | "memberTypes", _) => Space::Type,
                ("ref", _) => match Space::of_declaration(element) {
                    Some(space) => space,
                    None => continue,
                },
                ("substitutionGroup", _) => Space::Element,
                _ => continue,
            };
            for name in attribute.value.split_whitespace() {
                if !is_known(source, id, space, name, known) {
                    let message = format!(
                        "src-resolve: Cannot resolve the name '{name}' to a(n) '{}' component.{}",
                        space.word(),
                        place(document, id)
                    );
                    return Err(SchemaError { schema: source.name.clone(), message });
                }
            }
        }
    }
    Ok(())
}

fn is_known(source: &Source, at: NodeId, space: Space, name: &str, known: &Known) -> bool {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let namespace = match source.document.lookup_namespace(at, prefix) {
        Some(namespace) => namespace,
        None if prefix.is_empty() => "",
        None => return false,
    };
    // Built-in types, and xml:lang and its like, which Xerces knows without a schema.
    if namespace == XSD || namespace == mi_xml::XML_NAMESPACE {
        return true;
    }
    known.contains(&(space, namespace.to_owned(), local.to_owned()))
}

fn place(document: &Document, id: NodeId) -> String {
    match document.position(id) {
        Some(position) => format!(" (line {}, column {})", position.line, position.column),
        None => String::new(),
    }
}
