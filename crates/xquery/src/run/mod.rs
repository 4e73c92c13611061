//! Running a compiled query.

mod arithmetic;
mod compare;
mod construct;
mod evaluate;
mod flwor;
pub(crate) mod functions;
mod types;

use std::cell::Cell;
use std::sync::Arc;

use mi_xml::trees::{Grower, Trees};
use mi_xml::xpath::NodeRef;
use mi_xml::{Document, NodeKind, TreeBuilder};

use crate::ast::{Module, Name};
use crate::{Atomic, External, Limits, Outcome, RunError};

/// An item of a sequence.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    Node(NodeRef<'a>),
    Atomic(Atomic),
}

/// A sequence.
pub(crate) type Items<'a> = Vec<Item<'a>>;

pub(crate) type Evaluated<'a> = Result<Items<'a>, RunError>;

/// The context item with its position.
#[derive(Clone, Debug)]
pub(crate) struct Focus<'a> {
    pub(crate) item: Option<Item<'a>>,
    pub(crate) position: usize,
    pub(crate) size: usize,
}

/// Variables in scope, innermost last.
pub(crate) type Scope<'a> = Vec<(&'a Name, Items<'a>)>;

pub(crate) struct Machine<'a> {
    module: &'a Module,
    trees: Grower<'a>,
    limits: &'a Limits,
    steps: Cell<u64>,
    depth: Cell<u32>,
    depth_limit: u32,
    /// Global variables.
    globals: Scope<'a>,
}

const TOO_DEEP: &str = "functions call each other too deep";

/// How deep a run may go on the stack of its caller; deeper ones get a thread of their own.
const SHALLOW: u32 = 60;

/// The stack of such a thread, a multiple of what the deepest run needs. Memory that is not used is not taken.
const BYTES_PER_LEVEL: usize = 32 * 1024;

pub(crate) fn run(
    module: &Module,
    variables: &[(String, External)],
    limits: &Limits,
) -> Result<Vec<Outcome>, RunError> {
    match run_within(module, variables, limits, SHALLOW.min(limits.depth)) {
        Err(RunError(message)) if message == TOO_DEEP && limits.depth > SHALLOW => {}
        outcome => return outcome,
    }
    std::thread::scope(|scope| {
        let stack = (limits.depth as usize).saturating_mul(BYTES_PER_LEVEL).max(2 << 20);
        let thread = std::thread::Builder::new().name("xquery".to_owned()).stack_size(stack);
        let spawned = thread.spawn_scoped(scope, || run_within(module, variables, limits, limits.depth));
        match spawned.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(RunError("the query panicked".to_owned())),
            Err(error) => Err(RunError(format!("no thread for a deep query: {error}"))),
        }
    })
}

fn run_within(
    module: &Module,
    variables: &[(String, External)],
    limits: &Limits,
    depth_limit: u32,
) -> Result<Vec<Outcome>, RunError> {
    let trees = Trees::default();
    let mut machine = Machine {
        module,
        trees: trees.grower(),
        limits,
        steps: Cell::new(0),
        depth: Cell::new(0),
        depth_limit,
        globals: Vec::new(),
    };
    let nowhere = Focus { item: None, position: 0, size: 0 };
    for declared in &module.variables {
        let value = match &declared.value {
            Some(expr) => machine.eval(expr, &nowhere, &mut Vec::new())?,
            None => machine.external(&declared.name, variables)?,
        };
        let value = match &declared.kind {
            Some(kind) => types::convert(value, kind, &format!("the variable ${}", declared.name.local))?,
            None => value,
        };
        machine.globals.push((&declared.name, value));
    }
    let items = machine.eval(&module.body, &nowhere, &mut Vec::new())?;
    Ok(items.into_iter().map(outcome).collect())
}

impl<'a> Machine<'a> {
    fn external(&self, name: &Name, variables: &[(String, External)]) -> Evaluated<'a> {
        let given = variables.iter().find(|(known, _)| *known == name.local && name.namespace.is_empty());
        match given.map(|(_, value)| value) {
            Some(External::Document(document)) => {
                let document = self.trees.keep(Arc::clone(document));
                Ok(vec![Item::Node(NodeRef::new(document, document.root()))])
            }
            Some(External::Atomic(value)) => Ok(vec![Item::Atomic(value.clone())]),
            Some(External::Empty) => Ok(Vec::new()),
            None => Err(RunError(format!("the external variable ${} has no value", name.local))),
        }
    }

    /// Keeps a tree that was made; its document node.
    fn keep(&self, tree: Document) -> NodeRef<'a> {
        let tree = self.trees.keep(Arc::new(tree));
        NodeRef::new(tree, tree.root())
    }
}

fn outcome(item: Item<'_>) -> Outcome {
    match item {
        Item::Atomic(value) => Outcome::Atomic(value),
        Item::Node(node) => match node.kind() {
            Some(NodeKind::Element | NodeKind::Document) => {
                let mut builder = TreeBuilder::new();
                builder.copy(node);
                Outcome::Tree(builder.finish())
            }
            _ => Outcome::Text(node.string_value().into_owned()),
        },
    }
}

/// The value of an item, without its structure.
pub(crate) fn atomized(item: &Item<'_>) -> Atomic {
    match item {
        Item::Atomic(value) => value.clone(),
        Item::Node(node) => Atomic::Untyped(node.string_value().into_owned()),
    }
}

/// The value of a sequence of at most one item.
pub(crate) fn single(items: &[Item<'_>], what: &str) -> Result<Option<Atomic>, RunError> {
    match items {
        [] => Ok(None),
        [only] => Ok(Some(atomized(only))),
        several => Err(RunError(format!("{what} needs one item, but there are {}", several.len()))),
    }
}

/// The effective boolean value.
pub(crate) fn truth(items: &[Item<'_>]) -> Result<bool, RunError> {
    match items {
        [] => Ok(false),
        [Item::Node(_), ..] => Ok(true),
        [Item::Atomic(value)] => Ok(value.truth()),
        _ => Err(RunError("a sequence of several values is neither true nor false".to_owned())),
    }
}
