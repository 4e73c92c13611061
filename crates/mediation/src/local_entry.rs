//! Local entries (spec: runtime 4.3).

use std::sync::Arc;

use mi_payload::value::Value;

use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::MediatorList;
use crate::mediators::connector;
use crate::names::Name;

/// What a key stands for.
#[derive(Debug, Clone)]
pub struct LocalEntry {
    /// The key.
    pub key: Name,
    /// XML or text.
    pub value: Value,
    /// The URL that it was loaded from, if it was not inline.
    pub source: Option<Arc<str>>,
    /// What operations with its key as `configKey` run first: its content, when that is an operation of a library.
    pub connection: Option<MediatorList>,
}

impl LocalEntry {
    /// Reads `<localEntry key="…">`; `load` fetches the content of `src`.
    ///
    /// # Errors
    /// When there is no key or no content, or when the content cannot be loaded.
    pub fn parse(
        element: Element<'_>,
        definitions: &Definitions<'_>,
        load: impl FnOnce(&str) -> Result<String, String>,
    ) -> Result<Self, DeployError> {
        let key = element.required("key", "The 'key' attribute is required for a local registry entry")?;
        if let Some(source) = element.non_empty("src") {
            let text = load(source).map_err(|reason| {
                element.attribute_error("src", format!("Cannot load the local entry {key} from {source}")).hint(reason)
            })?;
            let value = match mi_payload::XmlFragment::parse(&text) {
                Ok(fragment) => Value::Xml(Arc::new(fragment)),
                Err(_) => Value::from(text.trim()),
            };
            return Ok(Self { key: Name::new(key), value, source: Some(source.into()), connection: None });
        }
        let content = element.children().find(|child| !(child.is_synapse() && child.local() == "description"));
        let connection = content.and_then(|child| connector::connection(child, key, definitions));
        let value = match content {
            Some(child) => Value::Xml(Arc::new(child.fragment())),
            None => Value::from(
                element.trimmed_text().ok_or_else(|| element.error(format!("The local entry {key} has no content")))?,
            ),
        };
        Ok(Self { key: Name::new(key), value, source: None, connection })
    }

    /// The text that it stands for, XML serialised.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Xml(fragment) => fragment.to_xml(),
            other => other.string_value().into_owned(),
        }
    }
}
