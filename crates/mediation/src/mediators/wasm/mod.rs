//! `wasm`: a mediator of one's own, a WebAssembly component from the registry. It is what a class mediator is to MI;
//! `docs/guide/extending.md` shows how one is made.

mod message;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use mi_expression::Expression;
use mi_wasm::{Component, Limits, WasmError};

use self::message::Held;
use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::environment::Resource;
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature, Reference, ReferenceKind};

const LOG: &str = "org.apache.synapse.mediators.WasmMediator";

/// Syntax of `wasm`.
pub const SYNTAX: Syntax = Syntax {
    element: "wasm",
    summary: "Runs a WebAssembly component on the message, in a sandbox: without files, network or environment, with \
              limits on time and memory. MI has no such mediator; it stands for MI's `class`.",
    attributes: &[required("key", AttributeKind::Key("entry"), "Registry path of the component.")],
    children: &[child(
        "property",
        Occurs::Any,
        &[
            required("name", AttributeKind::Text, "Its name."),
            attribute("value", AttributeKind::Text, "Its value. Wins over `expression`."),
            attribute("expression", AttributeKind::Expression, "Gives its value."),
        ],
        Content::Nothing,
        "An argument of the component.",
    )],
    example: "<wasm key=\"resources:discount.wasm\">\n    <property name=\"rate\" value=\"5\"/>\n</wasm>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Wasm::parse(element, definitions)?)) };

struct Wasm {
    key: Arc<str>,
    arguments: Vec<(String, Argument)>,
    /// The component as it was read last, compiled.
    compiled: ArcSwapOption<Compiled>,
}

struct Compiled {
    version: u64,
    component: Component<Held>,
}

enum Argument {
    Fixed(String),
    Expression(Expression),
}

impl Wasm {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let key = element.required("key", "The 'key' attribute is required for a wasm mediator")?;
        let mut arguments = Vec::new();
        for property in element.children_named("property") {
            let name = property.required("name", "A <property> of a wasm mediator needs a name")?.to_owned();
            let argument = match property.attribute("value") {
                Some(value) => Argument::Fixed(definitions.resolve(property, value)?),
                None => {
                    let expression = property.expression("expression", "Invalid expression : ")?;
                    let missing = || property.error(format!("The property {name} has neither value nor expression"));
                    Argument::Expression(expression.ok_or_else(missing)?)
                }
            };
            arguments.push((name, argument));
        }
        let compiled = ArcSwapOption::empty();
        match definitions.environment.resources.read(key) {
            Some(resource) => {
                let component = Component::compile(&resource.content).map_err(|error| {
                    let message = format!("The resource {key} is no component for mediators");
                    element.attribute_error("key", message).hint(error.to_string())
                })?;
                compiled.store(Some(Arc::new(Compiled { version: resource.version, component })));
            }
            None => definitions.warn(element, format!("The registry has no resource {key} yet")),
        }
        Ok(Self { key: key.into(), arguments, compiled })
    }

    /// The component that the registry has now.
    async fn component(&self, context: &mut MessageContext) -> Result<Arc<Compiled>, Fault> {
        let resource = context.configuration.environment.resources.read(&self.key);
        let resource = resource.ok_or_else(|| self.failed(context, "there is no such resource"))?;
        if let Some(known) = self.compiled.load_full().filter(|known| known.version == resource.version) {
            return Ok(known);
        }
        // Compiling takes its time: not on a thread that others wait for.
        let Resource { content, version, .. } = resource;
        let compiled = tokio::task::spawn_blocking(move || Component::compile(&content)).await;
        let component = match compiled {
            Ok(Ok(component)) => component,
            Ok(Err(error)) => return Err(self.failed(context, &error.to_string())),
            Err(error) => return Err(self.failed(context, &error.to_string())),
        };
        let compiled = Arc::new(Compiled { version, component });
        self.compiled.store(Some(compiled.clone()));
        Ok(compiled)
    }

    fn failed(&self, context: &MessageContext, reason: &str) -> Fault {
        let message = format!("The component {} failed", self.key);
        tracing::error!(target: LOG, "{}{message}: {reason}", context.log_prefix());
        Fault::new(message).detail(reason)
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let mut arguments = Vec::with_capacity(self.arguments.len());
        for (name, argument) in &self.arguments {
            let value = match argument {
                Argument::Fixed(value) => value.clone(),
                Argument::Expression(expression) => {
                    expression.evaluate_string(context)?.map(|text| text.into_owned()).unwrap_or_default()
                }
            };
            arguments.push((name.clone(), value));
        }
        let found = self.component(context).await?;
        let limits = context.configuration.settings.script_limits;
        let limits = Limits { time: limits.time, memory: limits.memory };
        let husk = MessageContext::new(context.configuration.clone(), context.origin.clone());
        let message = Held(std::mem::replace(context, husk));
        let (held, result) = found.component.mediate(message, &arguments, limits).await;
        *context = held.0;
        match result {
            Ok(true) => Ok(Flow::Continue),
            Ok(false) => Ok(Flow::Stop),
            Err(WasmError::Failed(reason)) => {
                let _ = self.failed(context, &reason);
                Err(Fault::new(reason))
            }
            Err(error) => Err(self.failed(context, &error.to_string())),
        }
    }
}

impl Mediator for Wasm {
    fn name(&self) -> &'static str {
        "wasm"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference { kind: ReferenceKind::Entry, name: self.key.to_string() }]
    }
}

#[cfg(test)]
mod tests;
