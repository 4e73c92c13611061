//! Running a compiled stylesheet.

mod counting;
mod environment;
mod exslt;
mod frame;
pub(crate) mod functions;
mod instructions;
mod keys;
mod sink;
mod sort;
mod space;
mod templates;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use mi_xml::trees::{Grower, Trees};
use mi_xml::xpath::{Focus, NodeRef, Value};
use mi_xml::{Document, NodeId, ParseError, ParseOptions};

use crate::error::Failure;
use crate::output::{self, Method};
use crate::sheet::{Content, Sheet};
use crate::{Limits, Resolver, TransformError, TransformErrorKind};
use environment::Scope;
use frame::Frame;
use keys::KeyTable;
use sink::{Sink, Taken};

/// How deep a run may go on the stack of its caller; deeper ones get a thread of their own.
const SHALLOW: u32 = 100;

/// The stack of such a thread, a multiple of what the deepest run needs. Memory that is not used is not taken.
const BYTES_PER_LEVEL: usize = 24 * 1024;

/// What `xsl:message` said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Its text.
    pub text: String,
}

/// What a run made.
#[derive(Debug)]
pub struct Transformed {
    sheet: Arc<Sheet>,
    content: Made,
    messages: Vec<Message>,
}

#[expect(clippy::large_enum_variant, reason = "one of them lives at a time, and boxing costs an allocation")]
#[derive(Debug)]
enum Made {
    Tree(Document, Vec<NodeId>),
    Text(String),
}

impl Transformed {
    /// What `xsl:message` said on the way.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The output method: the stylesheet's, or what the result suggests.
    pub fn method(&self) -> Method {
        match &self.content {
            Made::Tree(document, _) => self.sheet.output.method_for(document),
            Made::Text(_) => Method::Text,
        }
    }

    /// The result as the text that `xsl:output` asks for.
    pub fn to_text(&self) -> String {
        match &self.content {
            Made::Tree(document, raw) => output::write(document, raw, &self.sheet.output),
            Made::Text(text) => text.clone(),
        }
    }

    /// The result as a tree. Text that was to be written without escaping is read as what it stands for.
    ///
    /// # Errors
    /// The result, written with that text, is not well-formed.
    pub fn into_tree(self) -> Result<Document, ParseError> {
        let needs_reading = match &self.content {
            Made::Tree(_, raw) => !raw.is_empty(),
            Made::Text(_) => true,
        };
        if needs_reading {
            let text = match &self.content {
                Made::Tree(document, raw) => output::write_as_xml(document, raw, &self.sheet.output),
                Made::Text(text) => text.clone(),
            };
            return Document::parse(text.as_bytes(), &ParseOptions::default());
        }
        match self.content {
            Made::Tree(document, _) => Ok(document),
            Made::Text(_) => Ok(Document::new()),
        }
    }
}

pub(crate) fn transform(
    sheet: &Arc<Sheet>,
    document: &Document,
    source: NodeId,
    parameters: &[(String, String)],
    resolver: &(dyn Resolver + Sync),
    limits: &Limits,
) -> Result<Transformed, TransformError> {
    let job = Job { sheet, document, source, parameters, resolver, limits };
    match job.run(SHALLOW.min(limits.depth)) {
        Err(error) if error.kind == TransformErrorKind::Limit && limits.depth > SHALLOW && is_depth(&error) => {
            job.run_deep()
        }
        outcome => outcome.map_err(|error| *error),
    }
}

const TOO_DEEP: &str = "templates call each other too deep";

fn is_depth(error: &TransformError) -> bool {
    error.message == TOO_DEEP
}

/// All that a run needs, to run it again if it has to.
struct Job<'j> {
    sheet: &'j Arc<Sheet>,
    document: &'j Document,
    source: NodeId,
    parameters: &'j [(String, String)],
    resolver: &'j (dyn Resolver + Sync),
    limits: &'j Limits,
}

impl Job<'_> {
    /// Runs on a thread whose stack is as deep as the limit demands.
    fn run_deep(&self) -> Result<Transformed, TransformError> {
        let depth = self.limits.depth;
        std::thread::scope(|scope| {
            let stack = (depth as usize).saturating_mul(BYTES_PER_LEVEL).max(2 << 20);
            let thread = std::thread::Builder::new().name("xslt".to_owned()).stack_size(stack);
            let spawned = thread.spawn_scoped(scope, || self.run(depth).map_err(|error| *error));
            match spawned.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(*TransformError::failed("the transformation panicked")),
                Err(error) => Err(*TransformError::limit(format!("no thread for a deep transformation: {error}"))),
            }
        })
    }

    fn run(&self, depth: u32) -> Result<Transformed, Failure> {
        let trees = Trees::default();
        let grower = trees.grower();
        let (document, source) = match space::prepare(&self.sheet.spaces, self.document, self.source) {
            Some(stripped) => (grower.keep(Arc::new(stripped)), self.source),
            None => (self.document, self.source),
        };
        let top = document.ancestors(source).last().unwrap_or(source);
        let machine = Machine {
            sheet: self.sheet,
            limits: self.limits,
            depth_limit: depth,
            steps: Cell::new(0),
            depth: Cell::new(0),
            bytes: Cell::new(0),
            trees: grower,
            globals: RefCell::new(Vec::new()),
            keys: RefCell::default(),
            documents: RefCell::default(),
            seen: RefCell::default(),
            messages: RefCell::default(),
            parameters: self.parameters,
            resolver: self.resolver,
            root: NodeRef::new(document, top),
        };
        machine.globals.borrow_mut().resize_with(self.sheet.globals.len(), || Slot::Unset);
        let output = &self.sheet.output;
        let mut sink = if output.method == Some(Method::Text) { Sink::all_text() } else { Sink::result(output) };
        let start = Focus::alone(NodeRef::new(document, source));
        machine.apply(start, 0, &frame::Params::new(), &mut Frame::default(), &mut sink)?;
        let content = match sink.take() {
            Taken::Tree(document, raw) => Made::Tree(document, raw),
            Taken::Text(text) => Made::Text(text),
        };
        let messages = machine.messages.take();
        Ok(Transformed { sheet: Arc::clone(self.sheet), content, messages })
    }
}

/// A global variable on its way.
enum Slot<'a> {
    Unset,
    Running,
    Known(Value<'a>),
}

/// A run.
pub(crate) struct Machine<'a> {
    sheet: &'a Sheet,
    limits: &'a Limits,
    depth_limit: u32,
    steps: Cell<u64>,
    depth: Cell<u32>,
    /// What fragments that are done take.
    bytes: Cell<usize>,
    trees: Grower<'a>,
    globals: RefCell<Vec<Slot<'a>>>,
    keys: RefCell<Vec<Rc<KeyTable<'a>>>>,
    /// What `document()` has loaded, by location.
    documents: RefCell<Vec<(String, &'a Document)>>,
    /// Documents that `generate-id()` was asked about.
    seen: RefCell<Vec<&'a Document>>,
    messages: RefCell<Vec<Message>>,
    parameters: &'a [(String, String)],
    resolver: &'a dyn Resolver,
    /// The topmost node of the source.
    root: NodeRef<'a>,
}

impl<'a> Machine<'a> {
    fn scope<'m>(&'m self, frame: &'m Frame<'a>, focus: Focus<'a>) -> Scope<'m, 'a> {
        Scope { machine: self, frame, current: focus.node }
    }

    /// Counts a step.
    fn step(&self) -> Result<(), Failure> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.limits.steps {
            return Err(TransformError::limit(format!("more than {} instructions ran", self.limits.steps)));
        }
        Ok(())
    }

    /// Goes a level deeper; the caller comes back with [`Self::shallower`].
    fn deeper(&self) -> Result<(), Failure> {
        let depth = self.depth.get() + 1;
        self.depth.set(depth);
        if depth > self.depth_limit { Err(TransformError::limit(TOO_DEEP)) } else { Ok(()) }
    }

    fn shallower(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Checks the size of what is being made.
    fn check_size(&self, sink: &Sink<'_>) -> Result<(), Failure> {
        if self.bytes.get().saturating_add(sink.size()) > self.limits.bytes {
            return Err(TransformError::limit(format!("the result is larger than {} bytes", self.limits.bytes)));
        }
        Ok(())
    }

    /// The value of a global variable or parameter; `None` if there is no such variable.
    fn global(&self, namespace: &str, local: &str) -> Result<Option<Value<'a>>, Failure> {
        let found = self.sheet.globals.iter().position(|global| global.name.is(namespace, local));
        let Some((index, global)) = found.and_then(|index| Some((index, self.sheet.globals.get(index)?))) else {
            return Ok(None);
        };
        match self.globals.borrow_mut().get_mut(index) {
            Some(Slot::Known(value)) => return Ok(Some(value.clone())),
            Some(Slot::Running) => {
                let mut error = TransformError::failed(format!("the variable ${local} depends on itself"));
                error.at = Some(global.place.clone());
                return Err(error);
            }
            Some(slot) => *slot = Slot::Running,
            None => return Ok(None),
        }
        let given = if global.is_param { self.parameter(namespace, local) } else { None };
        let value = match given {
            Some(value) => value,
            None => {
                self.content(&global.content, Focus::alone(self.root), &mut Frame::default()).map_err(|mut error| {
                    error.at.get_or_insert_with(|| global.place.clone());
                    error
                })?
            }
        };
        if let Some(slot) = self.globals.borrow_mut().get_mut(index) {
            *slot = Slot::Known(value.clone());
        }
        Ok(Some(value))
    }

    fn parameter(&self, namespace: &str, local: &str) -> Option<Value<'a>> {
        let is_it = |name: &str| match name.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((uri, name)) => uri == namespace && name == local,
            None => namespace.is_empty() && name == local,
        };
        self.parameters.iter().find(|(name, _)| is_it(name)).map(|(_, value)| Value::from(value.as_str()))
    }

    /// The value of a variable's content.
    fn content(&self, content: &'a Content, focus: Focus<'a>, frame: &mut Frame<'a>) -> Result<Value<'a>, Failure> {
        match content {
            Content::Empty => Ok(Value::from("")),
            Content::Select(select) => Ok(select.evaluate_in(focus, &self.scope(frame, focus))?),
            Content::Tree(body) => {
                let mut sink = Sink::fragment(self.sheet.fragments_are_nodes);
                self.run(body, focus, frame, &mut sink)?;
                self.bytes.set(self.bytes.get().saturating_add(sink.size()));
                Ok(match sink.take() {
                    Taken::Text(text) => Value::Foreign { text: text.into(), numeric: false },
                    Taken::Tree(tree, _) => self.keep(tree),
                })
            }
        }
    }

    /// The document node of a tree that was made, as a value.
    fn keep(&self, tree: Document) -> Value<'a> {
        let tree = self.trees.keep(Arc::new(tree));
        Value::from(NodeRef::new(tree, tree.root()))
    }
}
