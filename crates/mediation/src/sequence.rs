//! Named sequences, and references to sequences (spec: services 3.1, core mediators 5.20).

use std::sync::Arc;

use mi_expression::ValueExpression;

use crate::context::{FaultHandler, MessageContext};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Mediation, MediatorList, Nature, Reference, ReferenceKind};
use crate::names::Name;

/// A list of mediators with a name and a fault handler of its own.
#[derive(Debug)]
pub struct Sequence {
    /// Its name; inline sequences have none.
    pub name: Option<Name>,
    /// Its mediators.
    pub mediators: MediatorList,
    /// The sequence that handles faults inside it.
    pub on_error: Option<Name>,
}

impl Sequence {
    /// Reads `<sequence name="…" onError="…">`.
    ///
    /// # Errors
    /// What is wrong with it or with a mediator in it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let name = element.non_empty("name").map(Name::new);
        Ok(Self { name, ..Self::inline(element, definitions)? })
    }

    /// Reads the mediators of an element that serves as a sequence: `<inSequence>`, `<then>`, …
    ///
    /// # Errors
    /// As [`Sequence::parse`].
    pub fn inline(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let mediators = definitions.mediators(element)?;
        Ok(Self { name: None, mediators, on_error: element.non_empty("onError").map(Name::new) })
    }

    /// A sequence of these mediators.
    pub fn of(mediators: MediatorList) -> Self {
        Self { name: None, mediators, on_error: None }
    }

    /// Its fault handler, unless it names a sequence that is not there.
    fn handler(&self, context: &MessageContext) -> Option<FaultHandler> {
        let name = self.on_error.as_ref()?;
        if context.configuration.sequences.get(name).is_none() {
            tracing::warn!(
                target: "org.apache.synapse.mediators.base.SequenceMediator",
                "{}onError handler : {name} for sequence : {} cannot be found",
                context.log_prefix(),
                self.name.as_ref().map_or("", Name::as_str)
            );
            return None;
        }
        Some(FaultHandler::Named(name.clone()))
    }

    /// Runs it to its end without waiting; see [`MediatorList::runs_at_once`].
    ///
    /// # Errors
    /// The fault of a mediator.
    pub fn run(&self, context: &mut MessageContext) -> Mediation {
        let handler = self.handler(context);
        context.enter(self.mediators.clone(), handler)?;
        for (index, step) in self.mediators.steps().iter().enumerate() {
            context.at_step(index);
            if step.mediator.mediate(context)? == crate::mediator::Flow::Stop {
                context.leave();
                return Ok(crate::mediator::Flow::Stop);
            }
        }
        context.leave();
        Ok(crate::mediator::Flow::Continue)
    }

    /// Runs it.
    ///
    /// # Errors
    /// The fault of a mediator.
    pub fn run_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            let handler = self.handler(context);
            context.enter(self.mediators.clone(), handler)?;
            let flow = self.mediators.run_from(0, context).await?;
            context.leave();
            Ok(flow)
        })
    }
}

/// A sequence, or the name of one.
#[derive(Debug, Clone)]
pub enum SequenceRef {
    /// A name, fixed at deployment and looked up in the message's own configuration.
    Named(Name),
    /// The sequence itself.
    Inline(Arc<Sequence>),
    /// An expression that gives the name.
    Dynamic(Arc<ValueExpression>),
}

impl SequenceRef {
    /// The sequence that an attribute names (text or `{expression}`).
    ///
    /// # Errors
    /// When the expression does not compile.
    pub fn parse(element: Element<'_>, attribute: &str) -> Result<Option<Self>, DeployError> {
        let Some(value) = element.value(attribute)? else { return Ok(None) };
        Ok(Some(match value.literal() {
            Some(name) => Self::Named(Name::new(name)),
            None => Self::Dynamic(Arc::new(value)),
        }))
    }

    /// The sequence that attribute `attribute` names, else the inline one in the child element `child`; the attribute
    /// wins.
    ///
    /// # Errors
    /// What is wrong with either.
    pub fn attribute_or_child(
        element: Element<'_>,
        attribute: &str,
        child: &str,
        definitions: &Definitions<'_>,
    ) -> Result<Option<Self>, DeployError> {
        if let Some(name) = element.non_empty(attribute) {
            return Ok(Some(Self::Named(Name::new(name))));
        }
        let Some(child) = element.child(child) else { return Ok(None) };
        Ok(Some(Self::Inline(Arc::new(Sequence::inline(child, definitions)?))))
    }

    /// The sequence.
    ///
    /// # Errors
    /// A fault with MI's message when there is none of that name.
    pub fn resolve(&self, context: &MessageContext) -> Result<Arc<Sequence>, Fault> {
        match self {
            Self::Inline(sequence) => Ok(sequence.clone()),
            Self::Named(name) => context.configuration.sequence(name).ok_or_else(|| missing(name.as_str())),
            Self::Dynamic(expression) => {
                let name = expression.evaluate(context)?.unwrap_or_default().into_owned();
                context.configuration.find_sequence(&name).ok_or_else(|| missing(&name))
            }
        }
    }

    /// What running it may do. A named sequence can be any: it may read the body and wait.
    pub fn nature(&self) -> Nature {
        match self {
            Self::Inline(sequence) => sequence.mediators.nature(),
            Self::Named(_) => Nature { content_aware: false, reads_body: true, waits: true },
            Self::Dynamic(key) => Nature { content_aware: key.is_content_aware(), reads_body: true, waits: true },
        }
    }

    /// The mediators in it, when it is inline.
    pub fn inline_mediators(&self) -> Option<&MediatorList> {
        match self {
            Self::Inline(sequence) => Some(&sequence.mediators),
            Self::Named(_) | Self::Dynamic(_) => None,
        }
    }

    /// The name in it, when it is fixed.
    pub fn reference(&self) -> Option<Reference> {
        match self {
            Self::Named(name) => Some(Reference { kind: ReferenceKind::Sequence, name: name.as_str().to_owned() }),
            Self::Inline(_) | Self::Dynamic(_) => None,
        }
    }

    /// Runs the sequence, at once if nothing in it can wait.
    ///
    /// # Errors
    /// When it cannot be found, and the faults of its mediators.
    pub async fn run(&self, context: &mut MessageContext) -> Mediation {
        let sequence = self.resolve(context)?;
        if sequence.mediators.runs_at_once(context) {
            return sequence.run(context);
        }
        sequence.run_async(context).await
    }
}

fn missing(name: &str) -> Fault {
    Fault::new(format!("Sequence named Value {{name ='null', keyValue ='{name}'}} cannot be found"))
}
