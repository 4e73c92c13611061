//! `call-template`: a sequence template runs with parameters (spec: core mediators 5.24).

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind, Selection, ValueExpression};
use mi_payload::XmlFragment;
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::TemplateCall;
use crate::context::{FaultHandler, Frame, MessageContext, Properties};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference, ReferenceKind};
use crate::names::Name;
use crate::template::SequenceTemplate;

/// Syntax of `call-template`.
pub const SYNTAX: Syntax = Syntax {
    element: "call-template",
    summary: "Runs a sequence template on the message, with parameters that it reads as `$func:name`.",
    attributes: &[
        required("target", AttributeKind::Key("sequence template"), "The template."),
        attribute("onError", AttributeKind::Key("sequence"), "Sequence that handles faults."),
    ],
    children: &[child(
        "with-param",
        Occurs::Any,
        &[
            required("name", AttributeKind::Text, "Name of the parameter."),
            required("value", AttributeKind::Value, "Its value; `{{expression}}` is evaluated where it is read."),
        ],
        Content::Nothing,
        "A parameter.",
    )],
    example: "<call-template target=\"notify\">\n    <with-param name=\"id\" value=\"{json-eval($.id)}\"/>\n</call-template>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(CallTemplate::parse(element, definitions)?)),
};

struct CallTemplate {
    target: Name,
    on_error: Option<Name>,
    parameters: Vec<(Arc<str>, ValueExpression)>,
    xpath: XPathResults,
}

impl CallTemplate {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let target = element.attribute("target");
        let target =
            target.ok_or_else(|| element.error("EIP Invoke mediator should have a target template specified."))?;
        if target.trim().is_empty() {
            let message = "EIP Invoke mediator should have a non empty target name specified.";
            return Err(element.attribute_error("target", message));
        }
        let mut parameters = Vec::new();
        for parameter in element.children_named("with-param") {
            let Some(name) = parameter.attribute("name") else { continue };
            if name.trim().is_empty() {
                let message = "Call template mediator parameters should have non empty name.";
                return Err(parameter.attribute_error("name", message));
            }
            parameters.push((name.into(), parameter.required_value("value")?));
        }
        let on_error = element.non_empty("onError").map(Name::new);
        Ok(Self { target: Name::new(target), on_error, parameters, xpath: XPathResults::of(definitions) })
    }

    fn bind(&self, context: &MessageContext) -> Result<(Arc<SequenceTemplate>, Properties), Fault> {
        let template = context.configuration.templates.get(&self.target).cloned();
        let template =
            template.ok_or_else(|| Fault::new(format!("Sequence template {} cannot be found", self.target)))?;
        let mut passed = Properties::default();
        for (name, value) in &self.parameters {
            if let Some(value) = parameter_value(value, self.xpath, context)? {
                passed.set(name.clone(), value);
            }
        }
        let bound = template.bind(passed)?;
        Ok((template, bound))
    }

    fn handler(&self, context: &MessageContext) -> Option<FaultHandler> {
        let known = |name: &&Name| context.configuration.sequence(name).is_some();
        self.on_error.as_ref().filter(known).cloned().map(FaultHandler::Named)
    }
}

/// Runs a template whose parameters are bound; `handler` takes its faults.
///
/// # Errors
/// The fault of a mediator in it.
pub(super) async fn run(
    template: &SequenceTemplate,
    parameters: Properties,
    handler: Option<FaultHandler>,
    context: &mut MessageContext,
) -> Mediation {
    enter(context, template, parameters, handler)?;
    let flow = template.sequence.run_async(context).await?;
    leave(context, flow);
    Ok(flow)
}

fn enter(
    context: &mut MessageContext,
    template: &SequenceTemplate,
    parameters: Properties,
    handler: Option<FaultHandler>,
) -> Result<(), Fault> {
    let templates = context.templates.len();
    context.frames.push(Frame { list: MediatorList::default(), index: 0, handler, templates })?;
    context.templates.push(TemplateCall { template: template.name.shared(), parameters });
    Ok(())
}

fn leave(context: &mut MessageContext, flow: Flow) {
    context.leave();
    // The call stays open when the flow ended inside, so that a fault sequence can still read its parameters.
    if flow == Flow::Continue {
        context.templates.pop();
    }
}

/// What becomes of an XPath result that is an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XPathResults {
    /// It is passed as it is.
    Elements,
    /// Its text is (system property `synapse.legacy.xpath.behaviour`).
    Texts,
}

impl XPathResults {
    /// As the system property says.
    pub(super) fn of(definitions: &Definitions<'_>) -> Self {
        let legacy = definitions.environment.system_property("synapse.legacy.xpath.behaviour");
        if legacy.is_some_and(|value| value.eq_ignore_ascii_case("true")) { Self::Texts } else { Self::Elements }
    }
}

/// A parameter's value: elements stay XML, properties keep their type, an escaped expression stays one.
pub(super) fn parameter_value(
    value: &ValueExpression,
    results: XPathResults,
    context: &MessageContext,
) -> Result<Option<Value>, Fault> {
    match value {
        ValueExpression::Literal(text) => Ok(Some(Value::String(text.clone()))),
        ValueExpression::Escaped { expression, .. } => Ok(Some(Value::Expression(Arc::new(expression.clone())))),
        ValueExpression::Dynamic(expression)
            if expression.kind() == ExpressionKind::XPath && results == XPathResults::Elements =>
        {
            xpath(expression, context)
        }
        ValueExpression::Dynamic(expression) => Ok(expression.evaluate_string(context)?.map(Value::string)),
    }
}

fn xpath(expression: &Expression, context: &MessageContext) -> Result<Option<Value>, Fault> {
    match expression.evaluate_nodes(context)? {
        Selection::Value(value) => Ok(Some(value)),
        Selection::Nodes(nodes) => Ok(match nodes.first() {
            None => expression.evaluate_string(context)?.map(Value::string),
            Some(node) => match node.attribute.and_then(|id| node.document.attribute_by_id(id)) {
                Some(attribute) => Some(Value::from(attribute.value)),
                None if node.document.is_element(node.node) => {
                    Some(Value::Xml(Arc::new(XmlFragment::copy_of(node.document, node.node))))
                }
                None => Some(Value::from(node.document.text(node.node).unwrap_or_default())),
            },
        }),
        Selection::Json(_) => Ok(expression.evaluate_string(context)?.map(Value::string)),
    }
}

impl Mediator for CallTemplate {
    fn name(&self) -> &'static str {
        "call-template"
    }

    fn nature(&self) -> Nature {
        let aware = self.parameters.iter().any(|(_, value)| value.is_content_aware());
        Nature { content_aware: aware, reads_body: true, waits: true }
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        let (template, parameters) = self.bind(context)?;
        enter(context, &template, parameters, self.handler(context))?;
        let flow = template.sequence.run(context)?;
        leave(context, flow);
        Ok(flow)
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            let (template, parameters) = self.bind(context)?;
            run(&template, parameters, self.handler(context), context).await
        })
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference { kind: ReferenceKind::Template, name: self.target.as_str().to_owned() }]
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    const TEMPLATE: &str = "<template name='t'><parameter name='p'/><parameter name='q' defaultValue='d'/><sequence>\
        <property name='p' expression='$func:p'/><property name='q' expression=\"get-property('func','q')\"/></sequence></template>";

    #[tokio::test]
    async fn passes_parameters() {
        let mut context = testing::context_of_artifacts(&[TEMPLATE]);
        context.properties.set("x", "1".into());
        let call = "<call-template target='t'><with-param name='p' value='{$ctx:x}'/></call-template>";
        testing::run(call, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("p").as_deref(), Some("1"));
        assert_eq!(context.properties.text("q").as_deref(), Some("d"));
        assert!(context.templates.is_empty());
    }

    #[tokio::test]
    async fn an_escaped_expression_is_evaluated_inside() {
        let mut context = testing::context_of_artifacts(&[TEMPLATE]);
        context.properties.set("x", "1".into());
        let call = "<call-template target='t'><with-param name='p' value='{{$ctx:x}}'/></call-template>";
        testing::run(call, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("p").as_deref(), Some("1"));
    }

    #[tokio::test]
    async fn missing_templates_and_mandatory_parameters_are_faults() {
        let mandatory =
            "<template name='m'><parameter name='p' isMandatory='true' defaultValue='d'/><sequence/></template>";
        let mut context = testing::context_of_artifacts(&[mandatory]);
        let fault = testing::run("<call-template target='m'/>", &mut context).await.expect_err("missing");
        assert_eq!(fault.code(), Some(500_101));
        let fault = testing::run("<call-template target='none'/>", &mut context).await.expect_err("missing");
        assert_eq!(fault.message(), "Sequence template none cannot be found");
    }
}
