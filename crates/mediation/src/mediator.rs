//! The contract of a mediator, and lists of them.
//!
//! A mediator that touches neither network nor disk implements [`Mediator::mediate`] and is run without allocating or
//! switching tasks. One that waits implements [`Mediator::mediate_async`] and says so in its [`Nature`]. What holds other
//! mediators (filter, sequence, …) implements both: the synchronous form is taken when nothing inside can wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::context::MessageContext;
use crate::fault::Fault;

/// A future that mediation awaits.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether the flow goes on after a mediator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next mediator runs (MI's *true*).
    Continue,
    /// Nothing after it runs, in no enclosing sequence (MI's *false*).
    Stop,
}

/// What a mediator answers.
pub type Mediation = Result<Flow, Fault>;

/// What must be known of a mediator before it runs; all of it is known at deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nature {
    /// It looks into the body, so the body must be built before it runs.
    pub content_aware: bool,
    /// It or a mediator inside it may look into the body.
    pub reads_body: bool,
    /// It or a mediator inside it may wait for something.
    pub waits: bool,
}

impl Nature {
    /// Neither looks into the body nor waits.
    pub const PLAIN: Self = Self { content_aware: false, reads_body: false, waits: false };
    /// Looks into the body, does not wait.
    pub const CONTENT_AWARE: Self = Self { content_aware: true, reads_body: true, waits: false };
    /// Waits, without looking into the body.
    pub const WAITS: Self = Self { content_aware: false, reads_body: false, waits: true };

    /// [`Nature::CONTENT_AWARE`] when `content_aware`, else [`Nature::PLAIN`].
    pub const fn aware(content_aware: bool) -> Self {
        if content_aware { Self::CONTENT_AWARE } else { Self::PLAIN }
    }

    /// Of a mediator that holds `inner`: what that may do, it may do.
    #[must_use]
    pub const fn around(self, inner: Self) -> Self {
        Self {
            content_aware: self.content_aware,
            reads_body: self.reads_body || inner.reads_body,
            waits: self.waits || inner.waits,
        }
    }
}

/// One step of a flow.
pub trait Mediator: Send + Sync + 'static {
    /// The element name, as in the mediator catalogue.
    fn name(&self) -> &'static str;

    /// What must be known before it runs.
    fn nature(&self) -> Nature;

    /// Runs it. Only called when it does not wait, and with the body built if it asked for that. A mediator has this or
    /// [`Mediator::mediate_async`].
    ///
    /// # Errors
    /// A fault, which goes to the innermost fault handler.
    fn mediate(&self, _context: &mut MessageContext) -> Mediation {
        Err(Fault::new(format!("{} has to be able to wait", self.name())))
    }

    /// Runs it when it may wait.
    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(std::future::ready(self.mediate(context)))
    }

    /// Compiles what it needs of a configuration that is about to run (stylesheets, schemas), so that no message waits
    /// for it. Called for each configuration; what has not changed since the last one is not compiled again.
    ///
    /// # Errors
    /// What does not compile. The mediator says so again, as a fault, to each message.
    fn prepare(&self, _configuration: &crate::configuration::Configuration) -> Result<(), String> {
        Ok(())
    }

    /// Whether nothing that stands after it ever runs, for lint.
    fn ends_flow(&self) -> bool {
        false
    }

    /// Lists of mediators inside it, for whoever walks over a flow (lint, management).
    fn children(&self) -> Vec<&MediatorList> {
        Vec::new()
    }

    /// Artifacts that it refers to by a name fixed at deployment, for lint.
    fn references(&self) -> Vec<Reference> {
        Vec::new()
    }
}

/// A reference from a mediator to an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What it refers to.
    pub kind: ReferenceKind,
    /// Its name.
    pub name: String,
}

/// Kinds of artifacts that mediators refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A named sequence.
    Sequence,
    /// A named endpoint.
    Endpoint,
    /// A sequence template.
    Template,
    /// A local entry or registry resource.
    Entry,
    /// A message store.
    MessageStore,
    /// A data service.
    DataService,
}

/// A mediator in its place.
pub struct Step {
    /// The mediator.
    pub mediator: Box<dyn Mediator>,
    /// Its nature, asked once.
    pub nature: Nature,
    /// Where its element begins, for messages about it.
    pub line: u32,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.mediator.name(), self.line)
    }
}

/// Mediators that run in order while each says [`Flow::Continue`]. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct MediatorList {
    steps: Arc<[Step]>,
    nature: Nature,
}

impl MediatorList {
    /// A list of `steps`.
    pub fn new(steps: Vec<Step>) -> Self {
        let nature = steps.iter().fold(Nature::PLAIN, |all, step| all.around(step.nature));
        Self { steps: steps.into(), nature }
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// What its mediators may do, taken together; a list itself is never content aware.
    pub fn nature(&self) -> Nature {
        self.nature
    }

    /// Whether it can run to its end without waiting, given the state of the message.
    pub fn runs_at_once(&self, context: &MessageContext) -> bool {
        !(self.nature.waits || self.nature.reads_body && context.payload.is_unread())
    }

    /// Runs it from its first step. Only for lists that [run at once](Self::runs_at_once).
    ///
    /// # Errors
    /// The fault of a step; the frames of the flow stay on the context for the fault handler.
    pub fn run(&self, context: &mut MessageContext) -> Mediation {
        context.enter(self.clone(), None)?;
        for (index, step) in self.steps.iter().enumerate() {
            context.at_step(index);
            if step.mediator.mediate(context)? == Flow::Stop {
                context.leave();
                return Ok(Flow::Stop);
            }
        }
        context.leave();
        Ok(Flow::Continue)
    }

    /// Runs it from its first step.
    ///
    /// # Errors
    /// As [`MediatorList::run`].
    pub fn run_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            context.enter(self.clone(), None)?;
            let flow = self.run_from(0, context).await?;
            context.leave();
            Ok(flow)
        })
    }

    /// Runs the steps from `first` on, inside a frame that the caller has entered.
    pub(crate) async fn run_from(&self, first: usize, context: &mut MessageContext) -> Mediation {
        for (index, step) in self.steps.iter().enumerate().skip(first) {
            context.at_step(index);
            if step.nature.content_aware && context.payload.is_unread() {
                context.build().await?;
            }
            let at_once = !(step.nature.waits || step.nature.reads_body && context.payload.is_unread());
            let flow =
                if at_once { step.mediator.mediate(context)? } else { step.mediator.mediate_async(context).await? };
            if flow == Flow::Stop {
                return Ok(Flow::Stop);
            }
        }
        Ok(Flow::Continue)
    }
}
