//! XML against XML Schemas.

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind, Selection, ValueExpression};
use mi_xml::{Document, NodeId};
use mi_xsd::Schemas;

use super::super::resources::shown;
use super::Failure;
use crate::compiled::{Compiled, Reader};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::fault::Fault;

/// Where MI says that it looks when there is no `source`.
const FIRST_OF_BODY: &str = "s11:Body/child::*[position()=1] | s12:Body/child::*[position()=1]";

/// The XML Schemas of one mediator.
pub(super) struct XmlSchemas {
    compiled: Compiled<Schemas>,
    cache: bool,
}

impl XmlSchemas {
    pub(super) fn new(cache: bool) -> Self {
        Self { compiled: Compiled::default(), cache }
    }

    /// What is wrong with the message, if anything.
    ///
    /// # Errors
    /// The schemas cannot be used.
    pub(super) fn check(
        &self,
        context: &MessageContext,
        source: Option<&Expression>,
        keys: &[String],
        values: &[ValueExpression],
        resources: &[(String, String)],
    ) -> Result<Option<Failure>, Fault> {
        let (document, node) = match element(context, source) {
            Ok(found) => found,
            Err(reason) => {
                let source = source.map_or(FIRST_OF_BODY, Expression::text);
                let message = format!("Error occurred while accessing source element: {source}");
                return Ok(Some(Failure { message, detail: reason, exception: None }));
            }
        };
        let schemas = self.get(&context.configuration, keys, values, resources).map_err(Fault::new)?;
        let violations = schemas.validate(document, node);
        let Some(last) = violations.last() else { return Ok(None) };
        let message = violations.iter().map(|violation| format!("{}\n", violation.message)).collect();
        let exception = format!(
            "org.xml.sax.SAXParseException; lineNumber: {}; columnNumber: {}; {}",
            last.line, last.column, last.message
        );
        Ok(Some(Failure { message, detail: exception.clone(), exception: Some(exception) }))
    }

    /// Compiles schemas that all messages use.
    ///
    /// # Errors
    /// They cannot be used.
    pub(super) fn prepare(
        &self,
        configuration: &Configuration,
        keys: &[String],
        values: &[ValueExpression],
        resources: &[(String, String)],
    ) -> Result<(), String> {
        if self.cache { self.get(configuration, keys, values, resources).map(|_| ()) } else { Ok(()) }
    }

    fn get(
        &self,
        configuration: &Configuration,
        keys: &[String],
        values: &[ValueExpression],
        resources: &[(String, String)],
    ) -> Result<Arc<Schemas>, String> {
        let compile = |reader: &Reader<'_>| compile(reader, keys, values, resources);
        if !self.cache {
            return Compiled::anew(configuration, compile);
        }
        let mut known_as = keys.join("\n");
        for (location, key) in resources {
            known_as.extend(["\n", location, "\n", key]);
        }
        self.compiled.get(configuration, &known_as, compile)
    }
}

fn compile(
    reader: &Reader<'_>,
    keys: &[String],
    values: &[ValueExpression],
    resources: &[(String, String)],
) -> Result<Schemas, String> {
    let mut contents = Vec::new();
    for key in keys {
        let content = reader.read(key).ok_or_else(|| format!("No Schema is available with the key  : {key}"))?;
        contents.push((key.clone(), content));
    }
    let resolve = |location: &str| {
        let key = resources.iter().find(|(known, _)| known == location).map(|(_, key)| key.as_str());
        let is_key = ["conf:", "gov:", "local:", "resources:"].iter().any(|start| location.starts_with(start));
        let key = key.or(is_key.then_some(location));
        let key = key.ok_or("no resource element has this location, and nothing else is read")?;
        reader.read(key).ok_or_else(|| format!("there is no local entry or resource {key}"))
    };
    Schemas::compile(&contents, &resolve).map_err(|error| {
        let shown: Vec<String> = values.iter().map(shown).collect();
        format!("Error creating a new schema objects for schemas : [{}] : {error}", shown.join(", "))
    })
}

/// The element to check.
fn element<'m>(context: &'m MessageContext, source: Option<&Expression>) -> Result<(&'m Document, NodeId), String> {
    // Sources that are not XPath are for JSON only.
    let Some(source) = source.filter(|source| source.kind() == ExpressionKind::XPath) else {
        let envelope = context.payload.envelope(&context.configuration.settings.json);
        let envelope = envelope.map_err(|error| error.to_string())?;
        let found = envelope.payload().map(|node| (&envelope.document, node));
        return found.ok_or_else(|| "the body is empty".to_owned());
    };
    let failed = |result: &str| {
        format!("The evaluation of the XPath expression {source} did not result in an OMNode : {result}")
    };
    match source.evaluate_nodes(context).map_err(|error| error.to_string())? {
        Selection::Nodes(nodes) => match nodes.first() {
            Some(node) if node.attribute.is_none() && node.document.is_element(node.node) => {
                Ok((node.document, node.node))
            }
            Some(_) => Err(failed("no element")),
            None => Err(failed("null")),
        },
        Selection::Value(_) | Selection::Json(_) => Err(failed("no element")),
    }
}
