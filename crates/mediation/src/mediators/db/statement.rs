//! `<statement>`: SQL, its parameters, and what becomes of its columns.

use std::sync::Arc;

use mi_expression::Expression;

use crate::context::MessageContext;
use crate::database::{SQL_TYPES, SqlParameter};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;

/// A statement.
pub(in crate::mediators) struct Statement {
    pub(in crate::mediators) sql: String,
    parameters: Vec<Parameter>,
    /// Property name and column.
    pub(in crate::mediators) results: Vec<(Arc<str>, String)>,
}

struct Parameter {
    kind: &'static str,
    value: ParameterValue,
}

enum ParameterValue {
    Fixed(String),
    Expression(Expression),
}

impl Statement {
    pub(in crate::mediators) fn parse(
        element: Element<'_>,
        definitions: &Definitions<'_>,
        with_results: bool,
    ) -> Result<Self, DeployError> {
        let sql = element.child("sql").and_then(Element::trimmed_text);
        let sql = sql.ok_or_else(|| element.error("A <statement> needs the text of its <sql>"))?;
        let mut parameters = Vec::new();
        for child in element.children_named("parameter") {
            parameters.extend(Parameter::parse(child, definitions)?);
        }
        let mut results = Vec::new();
        for child in element.children_named("result") {
            let (Some(name), Some(column)) = (child.non_empty("name"), child.non_empty("column")) else {
                let message = "Invalid result element found missing either name and column [DBLookup] mediator";
                return Err(child.error(message));
            };
            if !with_results {
                definitions.warn(child, "dbreport sets no properties; <result> is passed over");
                continue;
            }
            results.push((name.into(), column.to_owned()));
        }
        Ok(Self { sql, parameters, results })
    }

    /// The parameters for a message.
    pub(in crate::mediators) fn parameters(&self, context: &MessageContext) -> Result<Vec<SqlParameter>, Fault> {
        let values = self.parameters.iter().map(|parameter| {
            let text = match &parameter.value {
                ParameterValue::Fixed(text) => text.clone(),
                ParameterValue::Expression(expression) => {
                    expression.evaluate_string(context)?.map(|text| text.into_owned()).unwrap_or_default()
                }
            };
            Ok(SqlParameter { kind: parameter.kind, text })
        });
        values.collect()
    }

    /// Whether a parameter looks into the message's body.
    pub(in crate::mediators) fn is_content_aware(&self) -> bool {
        self.parameters.iter().any(|parameter| match &parameter.value {
            ParameterValue::Fixed(_) => false,
            ParameterValue::Expression(expression) => expression.is_content_aware(),
        })
    }
}

impl Parameter {
    /// `None` for a parameter with neither value nor expression, which MI passes over.
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Option<Self>, DeployError> {
        let name = element.attribute("type").unwrap_or_default();
        let Some(kind) = SQL_TYPES.iter().find(|known| **known == name) else {
            let error = element.attribute_error("type", format!("Unknown or unsupported JDBC type : {name}"));
            return Err(error.hint(format!("known are {}", SQL_TYPES.join(", "))));
        };
        let value = match element.attribute("value") {
            Some(value) => ParameterValue::Fixed(value.to_owned()),
            None => {
                let message = "Invalid XPath/JsonPath specified for the source attribute : ";
                match element.expression("expression", message)? {
                    Some(expression) => ParameterValue::Expression(expression),
                    None => {
                        definitions.warn(element, "A <parameter> without value and expression is passed over");
                        return Ok(None);
                    }
                }
            }
        };
        Ok(Some(Self { kind, value }))
    }
}
