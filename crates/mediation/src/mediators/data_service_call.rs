//! `dataServiceCall`: a data service of this server, called without HTTP (spec: EIP mediators part 19).

mod operations;

use std::borrow::Cow;
use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::Payload;
use mi_payload::soap::Envelope;
use mi_payload::value::Value;
use mi_xml::{Document, NodeId};

use super::MediatorType;
use crate::context::MessageContext;
use crate::data_service::{DataAnswer, DataRequest};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};
use operations::Operations;

const LOG: &str = "org.wso2.micro.integrator.mediator.dataservice.DataServiceCallMediator";

/// Syntax of `dataServiceCall`.
pub const SYNTAX: Syntax = Syntax {
    element: "dataServiceCall",
    summary: "Calls operations of a data service of this server. The answer becomes the body, or a property; a message in \
              JSON has it as JSON.",
    attributes: &[required("serviceName", AttributeKind::Key("data service"), "The data service.")],
    children: &[
        child(
            "source",
            Occurs::Optional,
            &[defaulted(
                "type",
                AttributeKind::Words(&["inline", "body"]),
                "body",
                "`inline`: the request is what `operations` says. `body`: the element in the body is the request; its \
                 name is that of the operation.",
            )],
            Content::Nothing,
            "Where the request comes from.",
        ),
        child(
            "operations",
            Occurs::Optional,
            &[required(
                "type",
                AttributeKind::Words(&["single", "batch", "request-box"]),
                "One operation, one operation several times, or several ones; batches and boxes run in one transaction.",
            )],
            Content::Children(&[child(
                "operation",
                Occurs::AtLeastOnce,
                &[required("name", AttributeKind::Text, "The operation, or a resource as `_getorder_id`.")],
                Content::Children(&[child(
                    "param",
                    Occurs::Any,
                    &[
                        required("name", AttributeKind::Text, "Its name."),
                        attribute("value", AttributeKind::Text, "Its value; wins over `expression`."),
                        attribute("expression", AttributeKind::Expression, "An expression that gives its value."),
                        attribute(
                            "evaluator",
                            AttributeKind::Words(&["json", "xml"]),
                            "`json`: the expression is a JSONPath, with or without `json-eval()`.",
                        ),
                    ],
                    Content::Nothing,
                    "A parameter.",
                )]),
                "An operation. In a request box `operations` may stand in its place.",
            )]),
            "With the source `inline`: the request.",
        ),
        child(
            "target",
            Occurs::Optional,
            &[
                defaulted("type", AttributeKind::Words(&["body", "property"]), "body", "Where the answer goes."),
                attribute("name", AttributeKind::Value, "With the type `property`: its name."),
            ],
            Content::Nothing,
            "Where the answer goes.",
        ),
    ],
    example: "<dataServiceCall serviceName=\"Students\">\n    <source type=\"inline\"/>\n    <operations type=\"single\">\n        \
              <operation name=\"getStudent\">\n            \
              <param name=\"id\" expression=\"$.id\" evaluator=\"json\"/>\n        </operation>\n    </operations>\n    \
              <target type=\"body\"/>\n</dataServiceCall>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(DataServiceCall::parse(element, definitions)?)),
};

struct DataServiceCall {
    service: Arc<str>,
    /// The request; none when the body is it.
    operations: Option<Operations>,
    /// The property for the answer; none when it becomes the body.
    target: Option<ValueExpression>,
}

impl DataServiceCall {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let missing = "The 'serviceName' attribute in 'dataServicesCall' element  is missing in the configuration.";
        let service = element.required("serviceName", missing)?;
        Ok(Self {
            service: service.into(),
            operations: source(element, definitions)?,
            target: target(element, definitions)?,
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let configuration = context.configuration.clone();
        let Some(service) = configuration.data_services.get(&*self.service) else {
            return Err(Fault::new(format!("The data service,  named '{}' does not exist. ", self.service)));
        };
        let (document, node) = match &self.operations {
            Some(operations) => {
                let (document, node) = operations.request(context)?;
                (Cow::Owned(document), node)
            }
            None => {
                let envelope = context.payload.envelope(&configuration.settings.json)?;
                let found = envelope.payload().and_then(|payload| request_in(&envelope.document, payload));
                let empty = "Source type is set to body. Received empty payload for request.";
                (Cow::Borrowed(&envelope.document), found.ok_or_else(|| Fault::new(empty))?)
            }
        };
        let request =
            DataRequest { name: document.local_name(node), input: Some((&document, node)), ..DataRequest::default() };
        let answer = service.call(request).await.map_err(|fault| {
            tracing::error!(target: LOG, "{}{fault}", context.log_prefix());
            let message = "DataService exception occurred while accessing the dataservice to do the operation";
            Fault::new(message).detail(fault.to_string())
        })?;
        self.put(context, answer)
    }

    fn put(&self, context: &mut MessageContext, answer: DataAnswer) -> Mediation {
        if let Some(name) = &self.target {
            let name = name.evaluate(context)?.unwrap_or_default().into_owned();
            if name.is_empty() {
                let message =
                    "Target type is set to property. Evaluated value for target property name is null or empty";
                return Err(Fault::new(message));
            }
            if let DataAnswer::Xml(element) = answer {
                context.properties.set(name, Value::Xml(Arc::from(element)));
            }
            return Ok(Flow::Continue);
        }
        let configuration = context.configuration.clone();
        let version = context.payload.envelope(&configuration.settings.json).map(|envelope| envelope.version);
        let mut envelope = Envelope::empty(version.unwrap_or(mi_payload::SoapVersion::V11));
        match answer {
            DataAnswer::Xml(element) => {
                let copy = envelope.document.import(element.document(), element.node());
                envelope.document.append_child(envelope.body, copy);
                context.has_entity();
            }
            _ => {
                context.content_types.message_type = Some("application/xml".into());
                context.content_types.content_type = Some("application/xml".into());
            }
        }
        context.payload = Payload::xml(envelope);
        Ok(Flow::Continue)
    }
}

/// The request that is the body: in JSON the first member.
fn request_in(document: &Document, payload: NodeId) -> Option<NodeId> {
    if document.local_name(payload) == "jsonObject" { document.first_child_element(payload) } else { Some(payload) }
}

/// The request of the source `inline`.
fn source(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Option<Operations>, DeployError> {
    let operations = element.child("operations");
    let source = element.child("source").and_then(|source| source.attribute("type"));
    match (source, operations) {
        (Some(kind), Some(operations)) if kind.eq_ignore_ascii_case("inline") => {
            Operations::parse(operations).map(Some)
        }
        (Some(kind), None) if kind.eq_ignore_ascii_case("inline") => {
            Err(element
                .error("The 'operations' element in 'dataServicesCall' element  is missing in the configuration."))
        }
        (Some(_), Some(operations)) => {
            let message =
                "The 'source' type is set to body. Inline configurations are only applicable for source type 'inline'.";
            Err(operations.error(message))
        }
        (None, Some(operations)) => {
            let message = "The source type is configured to 'body'. Inline configurations are permitted when source type is 'inline'";
            Err(operations.error(message))
        }
        (Some(_), None) => Ok(None),
        (None, None) => {
            let missing = match element.child("source") {
                Some(_) => "The 'type' attribute in 'source' element is missing.",
                None => "The 'source' element is missing in the configuration.",
            };
            definitions.warn(element, format!("{missing} The default value will be set to 'body'."));
            Ok(None)
        }
    }
}

/// The property for the answer.
fn target(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Option<ValueExpression>, DeployError> {
    let Some(target) = element.child("target") else {
        let message = "The 'target' element is missing in the configuration. The default value will be set to 'body'.";
        definitions.warn(element, message);
        return Ok(None);
    };
    match target.attribute("type") {
        None => {
            definitions.warn(target, "The 'type' attribute in 'target' element is required for the configuration");
            Ok(None)
        }
        Some("property") => match target.value("name")? {
            None => Err(target.error("The 'name' attribute in 'target' element  is missing in the configuration.")),
            Some(_) if target.non_empty("name").is_none() => {
                let message = "The 'name' attribute in 'target' element is empty. Please enter a value.";
                Err(target.attribute_error("name", message))
            }
            name => Ok(name),
        },
        Some(_) => Ok(None),
    }
}

impl Mediator for DataServiceCall {
    fn name(&self) -> &'static str {
        "dataServiceCall"
    }

    fn nature(&self) -> Nature {
        let aware = self.operations.as_ref().is_none_or(Operations::is_content_aware);
        Nature { content_aware: aware, reads_body: aware, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference { kind: ReferenceKind::DataService, name: self.service.to_string() }]
    }
}

#[cfg(test)]
mod tests;
