//! `property`: sets or removes a property in one of the scopes (spec: core mediators 5.2).

use std::sync::Arc;

use mi_expression::{Expression, ValueExpression};
use mi_payload::java::JavaRegex;
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::{MessageContext, Scope};
use crate::conversion::{DataType, convert};
use crate::definition::syntax::{
    AttributeKind, ChildSyntax, Content, Occurs, Syntax, attribute, child, defaulted, required,
};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};

/// Names of scopes that the mediator accepts.
pub const SCOPES: &[&str] =
    &["default", "axis2", "transport", "axis2-client", "operation", "registry", "system", "trace", "analytics"];

/// Names of types.
pub const TYPES: &[&str] = &["STRING", "BOOLEAN", "INTEGER", "SHORT", "LONG", "FLOAT", "DOUBLE", "OM", "JSON"];

const XML_CHILD: ChildSyntax = child("*", Occurs::Optional, &[], Content::Xml, "XML that becomes the value.");

/// Syntax of `property`.
pub const SYNTAX: Syntax = Syntax {
    element: "property",
    summary: "Sets or removes a property of the message.",
    attributes: &[
        required("name", AttributeKind::Value, "Name of the property."),
        attribute("value", AttributeKind::Text, "The value. Wins over a child element, and that over `expression`."),
        attribute(
            "expression",
            AttributeKind::Expression,
            "Gives the value. A null result leaves a default-scope property as it was.",
        ),
        defaulted("type", AttributeKind::Words(TYPES), "STRING", "The Java type of the value."),
        defaulted("scope", AttributeKind::Words(SCOPES), "default", "Where it lives."),
        defaulted("action", AttributeKind::Words(&["set", "remove"]), "set", "`remove` removes it."),
        attribute("pattern", AttributeKind::Regex, "The whole value must match; the result is `group`, else empty."),
        defaulted("group", AttributeKind::Integer, "0", "Which group of `pattern` becomes the value."),
    ],
    children: &[XML_CHILD],
    example: "<property name=\"HTTP_SC\" value=\"201\" scope=\"axis2\"/>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(PropertyMediator::parse(element, definitions)?)),
};

/// The mediator; `propertyGroup` holds several.
#[derive(Debug)]
pub struct PropertyMediator {
    name: ValueExpression,
    name_text: Option<Arc<str>>,
    scope: Scope,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Remove,
    Set { source: Source, pattern: Option<(Box<JavaRegex>, usize)> },
}

/// Where a value comes from.
#[derive(Debug)]
enum Source {
    Fixed(Value),
    Expression(Expression, DataType),
}

impl PropertyMediator {
    /// Reads `<property …>`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>, _definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element
            .required("name", "The 'name' attribute is required for the configuration of a property mediator")?;
        let name = element.compile_value(name, "name").map_err(|error| {
            DeployError::new(format!("Invalid expression for attribute 'name' : {name}"))
                .at(element.file(), error.position())
        })?;
        let action = match element.attribute("action") {
            Some("remove") => Action::Remove,
            _ => Action::Set { source: source(element)?, pattern: pattern(element)? },
        };
        let scope = match element.attribute("scope") {
            None => Scope::Default,
            Some(scope) => Scope::of_name(scope).ok_or_else(|| {
                let known = "'axis2' or 'transport' or 'axis2-client' or 'default' or 'operation' or 'registry' or 'trace' or 'system' or 'analytics'";
                element.attribute_error(
                    "scope",
                    format!("Only {known} values are allowed for attribute scope for a property mediator, Unsupported scope {scope}"),
                )
            })?,
        };
        let name_text = name.literal().map(Into::into);
        Ok(Self { name, name_text, scope, action })
    }

    /// Sets or removes the property.
    ///
    /// # Errors
    /// When an expression faults or its result does not have the type.
    pub fn apply(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let name = match &self.name_text {
            Some(name) => name.clone(),
            None => self.dynamic_name(context)?,
        };
        match &self.action {
            Action::Remove => context.remove_property(self.scope, &name),
            Action::Set { source, pattern } => {
                let value = source.value(context)?;
                let value = match pattern {
                    Some((regex, group)) => value.map(|value| matched(value, regex, *group)),
                    None => value,
                };
                context.set_property(self.scope, &name, value);
            }
        }
        Ok(())
    }

    fn dynamic_name(&self, context: &MessageContext) -> Result<Arc<str>, Fault> {
        let name = self.name.evaluate(context)?.unwrap_or_default();
        if name.is_empty() {
            tracing::warn!(
                target: "org.apache.synapse.mediators.builtin.PropertyMediator",
                "{}Evaluated value for {:?} is empty", context.log_prefix(), self.name
            );
        }
        Ok(name.as_ref().into())
    }

    fn builds(&self) -> bool {
        let fixed = |names: &[&str]| self.name_text.as_deref().is_some_and(|name| names.contains(&name));
        let forces = match self.scope {
            Scope::Axis2 => fixed(&["messageType", "DISABLE_CHUNKING", "FORCE_HTTP_1.0"]),
            Scope::Transport => fixed(&["Content-Encoding"]),
            _ => false,
        };
        let expression = match &self.action {
            Action::Set { source: Source::Expression(expression, _), .. } => expression.is_content_aware(),
            _ => false,
        };
        forces || expression || self.name.is_content_aware()
    }
}

impl Source {
    fn value(&self, context: &MessageContext) -> Result<Option<Value>, Fault> {
        match self {
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Expression(expression, kind) => {
                let text = expression.evaluate_string(context)?;
                match (text, kind) {
                    (Some(text), DataType::String) => Ok(Some(Value::string(text))),
                    (Some(text), kind) => convert(&text, *kind, true).map_err(|error| Fault::new(error.to_string())),
                    (None, DataType::Integer | DataType::Short) => Err(Fault::new("null")),
                    (None, DataType::Boolean) => Ok(Some(Value::Boolean(false))),
                    (None, _) => Ok(None),
                }
            }
        }
    }
}

fn source(element: Element<'_>) -> Result<Source, DeployError> {
    let type_name = element.attribute("type");
    let kind = DataType::of_name(type_name.unwrap_or("STRING"));
    if let Some(text) = element.attribute("value") {
        let converted = kind.and_then(|kind| convert(text, kind, false).ok());
        let value = converted.ok_or_else(|| {
            element.attribute_error(
                "value",
                format!(
                    "Unknown type : {} for the property mediator or the property value cannot be converted into the specified type.",
                    type_name.unwrap_or("STRING")
                ),
            )
        })?;
        return Ok(Source::Fixed(value.unwrap_or_else(|| Value::from(""))));
    }
    if let Some(fragment) = element.first_child_fragment() {
        return Ok(Source::Fixed(Value::Xml(Arc::new(fragment))));
    }
    match element.expression("expression", "Invalid XPath expression for attribute 'expression' : ")? {
        // An unknown type is found out when the expression is evaluated.
        Some(expression) => Ok(Source::Expression(expression, kind.unwrap_or(DataType::Unknown))),
        None => Err(element.error(
            "Either a child element or one of 'value', 'expression' attributes is required for a property mediator when action is SET",
        )),
    }
}

fn pattern(element: Element<'_>) -> Result<Option<(Box<JavaRegex>, usize)>, DeployError> {
    let group = element.integer("group")?;
    let Some(pattern) = element.attribute("pattern") else {
        return match group {
            Some(_) => Err(element.attribute_error("group", "group is only allowed when a pattern is specified")),
            None => Ok(None),
        };
    };
    let group = usize::try_from(group.unwrap_or(0))
        .map_err(|_| element.attribute_error("group", "group can have a positive value only"))?;
    let regex = JavaRegex::new(pattern).map_err(|error| {
        element.attribute_error("pattern", format!("Invalid pattern : {pattern}")).hint(error.message)
    })?;
    Ok(Some((Box::new(regex), group)))
}

/// The group of a text that matches as a whole; of anything that is no text, the value itself.
fn matched(value: Value, regex: &JavaRegex, group: usize) -> Value {
    let Some(text) = value.as_str() else { return value };
    Value::from(regex.group(text, group).unwrap_or_default())
}

impl Mediator for PropertyMediator {
    fn name(&self) -> &'static str {
        "property"
    }

    fn nature(&self) -> Nature {
        Nature::aware(self.builds())
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        self.apply(context)?;
        Ok(Flow::Continue)
    }
}

/// A `property` child of another mediator or an endpoint: always set, of type text (spec: core mediators 2.7).
#[derive(Debug)]
pub struct SetProperty {
    /// Its name.
    pub name: Arc<str>,
    /// Where it lives.
    pub scope: Scope,
    source: Source,
}

impl SetProperty {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse_child(element: Element<'_>, _definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.required("name", "Entry name is a required attribute for a Log property")?;
        let source = if let Some(value) = element.attribute("value") {
            Source::Fixed(Value::from(value))
        } else if let Some(expression) = element.expression("expression", "Invalid XPath expression : ")? {
            Source::Expression(expression, DataType::String)
        } else {
            return Err(element.error("Entry attribute value OR expression must be specified for a mediator property"));
        };
        let scope = match element.attribute("scope") {
            None | Some("default") => Scope::Default,
            Some("axis2") => Scope::Axis2,
            Some("transport") => Scope::Transport,
            Some("axis2-client") => Scope::Axis2Client,
            Some(scope) => {
                let message = format!(
                    "Only 'axis2' or 'transport' or 'axis2-client' values are allowed for attribute scope for a property, Unsupported scope {scope}"
                );
                return Err(element.attribute_error("scope", message));
            }
        };
        Ok(Self { name: name.into(), scope, source })
    }

    /// Its value for a message.
    ///
    /// # Errors
    /// When its expression faults.
    pub fn value(&self, context: &MessageContext) -> Result<Option<Value>, Fault> {
        self.source.value(context)
    }

    /// Sets it.
    ///
    /// # Errors
    /// When its expression faults.
    pub fn apply(&self, context: &mut MessageContext) -> Result<(), Fault> {
        let value = self.value(context)?;
        context.set_property(self.scope, &self.name, value);
        Ok(())
    }

    /// Whether the body has to be built for its value.
    pub fn is_content_aware(&self) -> bool {
        matches!(&self.source, Source::Expression(expression, _) if expression.is_content_aware())
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Scope;
    use crate::testing;

    async fn set(attributes: &str) -> Option<String> {
        let mut context = testing::context_with("application/xml", b"<r><n>5</n><n>7</n></r>");
        context.properties.set("old", "1".into());
        testing::run(&format!("<property name='p' {attributes}/>"), &mut context).await.expect("no fault");
        context.properties.text("p").map(std::borrow::Cow::into_owned)
    }

    #[tokio::test]
    async fn values_patterns_and_types() {
        for (attributes, expected) in [
            ("value='abc123' pattern='[a-z]+([0-9]+)' group='1'", Some("123")),
            ("value='abc123' pattern='[a-z]+'", Some("")),
            ("expression='5 div 2' type='INTEGER'", Some("2")),
            ("expression='count(//n)' type='INTEGER'", Some("2")),
            ("value='yes' type='BOOLEAN'", Some("true")),
            ("value='no' type='BOOLEAN'", Some("false")),
            ("value=''", Some("")),
            ("expression='$ctx:none'", None),
            ("expression='$ctx:old'", Some("1")),
        ] {
            assert_eq!(set(attributes).await.as_deref(), expected, "{attributes}");
        }
    }

    #[tokio::test]
    async fn a_null_result_keeps_the_old_value() {
        let mut context = testing::context();
        let flow = "<property name='x' value='1'/><property name='x' expression='$ctx:none'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("x").as_deref(), Some("1"));
        testing::run("<property name='x' action='remove'/>", &mut context).await.expect("no fault");
        assert!(context.property(Scope::Default, "x").is_none());
    }

    #[tokio::test]
    async fn well_known_axis2_properties() {
        let mut context = testing::context_with("application/xml", b"<r/>");
        let flow = "<property name='messageType' value='application/json' scope='axis2'/>\
                    <property name='HTTP_SC' value='201' scope='axis2'/>\
                    <property name='X-A' value='b' scope='transport'/>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert!(!context.payload.is_unread(), "messageType builds the message");
        assert_eq!(context.header_text("content-type").as_deref(), Some("application/json"));
        assert_eq!(context.header_text("x-a").as_deref(), Some("b"));
        testing::run("<property name='TRANSPORT_HEADERS' scope='axis2' action='remove'/>", &mut context)
            .await
            .expect("ok");
        assert!(context.headers.is_empty());
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (property, message) in [
            ("<property value='1'/>", "The 'name' attribute is required for the configuration of a property mediator"),
            (
                "<property name='a'/>",
                "Either a child element or one of 'value', 'expression' attributes is required for a property mediator when action is SET",
            ),
            ("<property name='a' value='1' group='1'/>", "group is only allowed when a pattern is specified"),
            (
                "<property name='a' value='1.5' type='INTEGER'/>",
                "Unknown type : INTEGER for the property mediator or the property value cannot be converted into the specified type.",
            ),
            (
                "<property name='a' value='1' scope='synapse'/>",
                "Only 'axis2' or 'transport' or 'axis2-client' or 'default' or 'operation' or 'registry' or 'trace' or 'system' or 'analytics' values are allowed for attribute scope for a property mediator, Unsupported scope synapse",
            ),
        ] {
            assert_eq!(testing::parse(property).expect_err(property).message(), message);
        }
    }
}
