//! `fastXSLT`: transforms the first child of the body with a stylesheet (spec: EIP mediators 12). MI does it on the stream
//! of bytes; that cannot be seen from outside, and here it is `xslt` without its options.

use mi_expression::ValueExpression;
use mi_payload::{Envelope, Payload};

use super::sheets::{self, Sheets};
use super::{MediatorType, place, rooted, shown, tree_of};
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Syntax, required};
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};

/// Syntax of `fastXSLT`.
pub const SYNTAX: Syntax = Syntax {
    element: "fastXSLT",
    summary: "Transforms the payload with an XSLT 1.0 stylesheet; the result takes its place.",
    attributes: &[required(
        "key",
        AttributeKind::Value,
        "The local entry or registry resource that holds the stylesheet.",
    )],
    children: &[],
    example: "<fastXSLT key=\"order-to-invoice\"/>",
};

pub(in crate::mediators) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(FastXslt::parse(element)?)) };

const LOGGER: &str = "org.wso2.micro.integrator.mediator.fastXSLT.FastXSLTMediator";

struct FastXslt {
    key: ValueExpression,
    sheets: Sheets,
}

impl FastXslt {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        element.required("key", "The 'key' attribute is required for the FastXSLT mediator")?;
        Ok(Self { key: element.required_value("key")?, sheets: Sheets::new(true) })
    }

    fn transform(&self, context: &mut MessageContext) -> Result<(), String> {
        let key = self.key.evaluate(context).map_err(|error| error.to_string())?.unwrap_or_default().into_owned();
        let configuration = context.configuration.clone();
        let sheet = self.sheets.get(&configuration, &key, &shown(&self.key), &[])?;
        let envelope = context.payload.envelope_mut(&configuration.settings.json).map_err(|error| error.to_string())?;
        let Some(node) = envelope.payload() else { return Ok(()) };
        let made = rooted::with_root(&mut envelope.document, node, |document| {
            sheets::run(&sheet, document, document.root(), &[], &[], &configuration)
        })?;
        let result = tree_of(made)?;
        // Of an envelope the stylesheet may make a whole one.
        if let Ok(made) = Envelope::of_document(result.clone()) {
            context.payload = Payload::xml(made);
            context.has_entity();
            return Ok(());
        }
        place(context, node, result)
    }
}

impl Mediator for FastXslt {
    fn name(&self) -> &'static str {
        "fastXSLT"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        match self.transform(context) {
            Ok(()) => Ok(Flow::Continue),
            Err(reason) => {
                let message = "Error while transforming the Stream ";
                tracing::error!(target: LOGGER, "{}{message}: {reason}", context.log_prefix());
                Err(Fault::new(message).detail(reason))
            }
        }
    }

    fn prepare(&self, configuration: &Configuration) -> Result<(), String> {
        let Some(key) = self.key.literal() else { return Ok(()) };
        self.sheets.prepare(configuration, key, &shown(&self.key), &[])
    }

    fn references(&self) -> Vec<Reference> {
        let own = self.key.literal().map(|key| Reference { kind: ReferenceKind::Entry, name: key.to_owned() });
        own.into_iter().collect()
    }
}
