//! The functions that XSLT adds to XPath.

use std::sync::Arc;

use mi_xml::xpath::{EvalError, NodePart, NodeRef, NodeSet, Value};

use super::environment::Scope;
use super::{Machine, exslt, space};
use crate::compile::XSLT;
use crate::error::Failure;

type Called<'a> = Result<Option<Value<'a>>, EvalError>;

/// The functions without a prefix.
const OWN: [&str; 9] = [
    "current",
    "document",
    "element-available",
    "format-number",
    "function-available",
    "generate-id",
    "key",
    "system-property",
    "unparsed-entity-uri",
];

/// Whether there is a function of this name besides XPath's own.
pub(crate) fn is_known(namespace: &str, local: &str) -> bool {
    if namespace.is_empty() { OWN.contains(&local) } else { exslt::is_known(namespace, local) }
}

pub(crate) fn call<'a>(
    scope: &Scope<'_, 'a>,
    namespace: &str,
    local: &str,
    arguments: Vec<Value<'a>>,
    context: NodeRef<'a>,
) -> Called<'a> {
    if !namespace.is_empty() {
        return exslt::call(scope, namespace, local, arguments, context);
    }
    let mut arguments = arguments.into_iter();
    let count = arguments.len();
    let mut next = || arguments.next().unwrap_or(Value::Null);
    let wrong = || Err(EvalError::Arguments(local.to_owned()));
    Ok(Some(match local {
        "current" if count == 0 => Value::from(scope.current),
        "key" if count == 2 => {
            let (name, value) = (next().into_string().into_owned(), next());
            let (namespace, local) = expand(scope, &name)?;
            let found = scope.machine.key(&namespace, &local, &value, context).map_err(environment)?;
            Value::NodeSet(found.ok_or_else(|| EvalError::Environment(format!("there is no key named '{name}'")))?)
        }
        "generate-id" if count <= 1 => {
            let node = if count == 0 { Some(context) } else { next().into_nodes()?.first() };
            Value::from(node.map_or_else(String::new, |node| scope.machine.id_of(node)))
        }
        "format-number" if count == 2 || count == 3 => {
            let (number, pattern) = (next().to_number(), next().into_string().into_owned());
            let name = if count == 3 { next().into_string().into_owned() } else { String::new() };
            let (namespace, local) = expand(scope, &name)?;
            let formats = &scope.machine.sheet.decimal_formats;
            let known = formats.iter().find(|(known, _)| known.is(&namespace, &local)).map(|(_, format)| format);
            let text = match known {
                Some(format) => format.format(number, &pattern),
                None if name.is_empty() => crate::decimal::DecimalFormat::default().format(number, &pattern),
                None => Err(format!("there is no decimal format named '{name}'")),
            };
            Value::from(text.map_err(EvalError::Environment)?)
        }
        "document" if count == 1 || count == 2 => scope.machine.documents_at(next())?,
        "system-property" if count == 1 => match &*next().into_string() {
            "xsl:version" => Value::from("1.0"),
            "xsl:vendor" => Value::from("mi-xslt"),
            _ => Value::from(""),
        },
        "function-available" if count == 1 => {
            let name = next().into_string().into_owned();
            let (namespace, local) = expand(scope, &name)?;
            Value::Boolean(is_known(&namespace, &local) || namespace.is_empty() && is_xpath(&local))
        }
        "element-available" if count == 1 => {
            let name = next().into_string().into_owned();
            let (namespace, local) = expand(scope, &name)?;
            Value::Boolean(namespace == XSLT && crate::compile::is_instruction(&local))
        }
        "unparsed-entity-uri" if count == 1 => Value::from(""),
        name if OWN.contains(&name) => return wrong(),
        _ => return Ok(None),
    }))
}

/// A name in a string, with its prefix as the stylesheet's outermost element declares it.
fn expand(scope: &Scope<'_, '_>, name: &str) -> Result<(String, String), EvalError> {
    let name = name.trim();
    let Some((prefix, local)) = name.split_once(':') else { return Ok((String::new(), name.to_owned())) };
    let bound = scope.machine.sheet.modules.iter().find_map(|module| {
        let all = std::iter::once(module.root()).chain(module.descendants(module.root()));
        all.filter(|id| module.is_element(*id)).find_map(|id| {
            module.namespace_declarations(id).find(|(known, _)| *known == prefix).map(|(_, uri)| uri.to_owned())
        })
    });
    match bound {
        Some(namespace) => Ok((namespace, local.to_owned())),
        None => Err(EvalError::UnknownPrefix(prefix.to_owned())),
    }
}

fn is_xpath(local: &str) -> bool {
    mi_xml::xpath::is_function(local)
}

pub(super) fn environment(error: Failure) -> EvalError {
    EvalError::Environment(error.to_string())
}

impl<'a> Machine<'a> {
    /// A name for a node, the same each time in a run.
    fn id_of(&self, node: NodeRef<'a>) -> String {
        let mut seen = self.seen.borrow_mut();
        let known = seen.iter().position(|document| std::ptr::eq(*document, node.document));
        let document = known.unwrap_or_else(|| {
            seen.push(node.document);
            seen.len() - 1
        });
        let id = node.node.index();
        match node.part {
            NodePart::Whole => format!("d{document}n{id}"),
            NodePart::Attribute(attribute) => format!("d{document}n{id}a{}", attribute.index()),
            NodePart::Namespace(index) => format!("d{document}n{id}s{index}"),
        }
    }

    /// `document()` of a location, or of the location in each node.
    fn documents_at(&self, value: Value<'a>) -> Result<Value<'a>, EvalError> {
        let locations: Vec<String> = match value {
            Value::NodeSet(nodes) => nodes.iter().map(|node| node.string_value().into_owned()).collect(),
            other => vec![other.into_string().into_owned()],
        };
        let mut roots = Vec::new();
        for location in locations {
            let document = self.document_at(&location).map_err(EvalError::Environment)?;
            roots.push(NodeRef::new(document, document.root()));
        }
        Ok(Value::NodeSet(NodeSet::from_iter(roots)))
    }

    fn document_at(&self, location: &str) -> Result<&'a mi_xml::Document, String> {
        let location = location.split_once('#').map_or(location, |(before, _)| before);
        if let Some((_, known)) = self.documents.borrow().iter().find(|(known, _)| known == location) {
            return Ok(known);
        }
        let loaded = match self.sheet.modules.first() {
            Some(own) if location.is_empty() => Arc::clone(own),
            _ => {
                let loaded = self.resolver.resolve(location).map_err(|why| format!("document('{location}'): {why}"))?;
                space::prepare(&self.sheet.spaces, &loaded, loaded.root()).map_or(loaded, Arc::new)
            }
        };
        let kept = self.trees.keep(loaded);
        self.documents.borrow_mut().push((location.to_owned(), kept));
        Ok(kept)
    }
}
