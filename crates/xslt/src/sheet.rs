//! The compiled form of a stylesheet.

use std::collections::HashMap;
use std::sync::Arc;

use mi_xml::Document;
use mi_xml::xpath::{Alternative, Pattern, Subject, XPath};

use crate::decimal::DecimalFormat;
use crate::error::Place;
use crate::output::OutputSettings;

/// An expanded name.
#[derive(Clone, Debug, Default, Eq, PartialEq, Hash)]
pub(crate) struct Name {
    pub(crate) namespace: Box<str>,
    pub(crate) local: Box<str>,
}

impl Name {
    pub(crate) fn new(namespace: &str, local: &str) -> Self {
        Self { namespace: namespace.into(), local: local.into() }
    }

    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        &*self.local == local && &*self.namespace == namespace
    }
}

/// Everything that a run needs; immutable and shared between runs.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) templates: Vec<Template>,
    pub(crate) modes: Vec<Mode>,
    pub(crate) globals: Vec<Global>,
    pub(crate) keys: Vec<Key>,
    pub(crate) decimal_formats: Vec<(Name, DecimalFormat)>,
    pub(crate) attribute_sets: Vec<AttributeSet>,
    /// `xsl:strip-space` and `xsl:preserve-space`, the one that wins first.
    pub(crate) spaces: Vec<Space>,
    pub(crate) output: OutputSettings,
    /// The modules, for `document('')`; the stylesheet itself first.
    pub(crate) modules: Vec<Arc<Document>>,
    /// Whether an expression calls `document()`.
    pub(crate) reads_documents: bool,
    /// Whether a fragment is a node-set even if it holds only text: the stylesheet is of a later version than 1.0.
    pub(crate) fragments_are_nodes: bool,
}

#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) body: Body,
    /// Its import precedence, and the lowest one of what its module imports.
    pub(crate) precedence: u32,
    pub(crate) lowest: u32,
}

/// The rules of one mode, the one that wins first.
#[derive(Debug, Default)]
pub(crate) struct Mode {
    pub(crate) rules: Vec<Rule>,
    /// Rules for elements of a local name.
    by_name: HashMap<Box<str>, Vec<usize>>,
    /// Rules that every node has to be tried with.
    others: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    /// Which of the pattern's paths this rule is.
    pub(crate) alternative: usize,
    pub(crate) template: usize,
    pub(crate) precedence: u32,
    pub(crate) priority: f64,
    /// Its place in the stylesheet; of equal rules the last one wins.
    pub(crate) order: usize,
}

impl Rule {
    pub(crate) fn path(&self) -> Option<&Alternative> {
        self.pattern.alternatives().get(self.alternative)
    }
}

impl Mode {
    pub(crate) fn new(mut rules: Vec<Rule>) -> Self {
        rules.sort_by(|a, b| {
            let by_rank = b.precedence.cmp(&a.precedence).then(b.priority.total_cmp(&a.priority));
            by_rank.then(b.order.cmp(&a.order))
        });
        let (mut by_name, mut others) = (HashMap::<Box<str>, Vec<usize>>::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            match rule.path().map(Alternative::subject) {
                Some(Subject::Element(_, local)) => by_name.entry(local.into()).or_default().push(index),
                _ => others.push(index),
            }
        }
        Self { rules, by_name, others }
    }

    /// The rules that may match an element of the local name (`None`: a node that is no element), best first.
    pub(crate) fn candidates(&self, local: Option<&str>) -> impl Iterator<Item = &Rule> {
        let named: &[usize] = local.and_then(|local| self.by_name.get(local)).map_or(&[], Vec::as_slice);
        let (mut named, mut others) = (named.iter().copied().peekable(), self.others.iter().copied().peekable());
        std::iter::from_fn(move || {
            let index = match (named.peek(), others.peek()) {
                (Some(a), Some(b)) if a < b => named.next(),
                (Some(_), None) => named.next(),
                _ => others.next(),
            };
            self.rules.get(index?)
        })
    }
}

/// A global variable or parameter.
#[derive(Debug)]
pub(crate) struct Global {
    pub(crate) name: Name,
    pub(crate) is_param: bool,
    pub(crate) content: Content,
    pub(crate) place: Place,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: Name,
    pub(crate) pattern: Pattern,
    pub(crate) using: XPath,
}

#[derive(Debug)]
pub(crate) struct AttributeSet {
    pub(crate) name: Name,
    /// Sets that it uses, by index, and its own attributes, for each definition from the one of lowest precedence on.
    pub(crate) parts: Vec<(Vec<usize>, Body)>,
}

/// Whether white space alone in an element is dropped from the source.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) test: SpaceTest,
    pub(crate) strip: bool,
    pub(crate) precedence: u32,
    pub(crate) priority: f64,
}

#[derive(Debug)]
pub(crate) enum SpaceTest {
    Any,
    Namespace(Box<str>),
    Name(Name),
}

/// Instructions that run one after the other.
#[derive(Debug, Default)]
pub(crate) struct Body {
    pub(crate) instructions: Vec<Instruction>,
}

#[derive(Debug)]
pub(crate) struct Instruction {
    pub(crate) operation: Operation,
    pub(crate) place: Place,
}

#[derive(Debug)]
pub(crate) enum Operation {
    Text {
        text: Box<str>,
        raw: bool,
    },
    ValueOf {
        select: XPath,
        raw: bool,
    },
    CopyOf(XPath),
    Element(Box<LiteralElement>),
    NamedElement {
        name: ComputedName,
        sets: Vec<usize>,
        body: Body,
    },
    Attribute {
        name: ComputedName,
        body: Body,
    },
    Comment(Body),
    ProcessingInstruction {
        name: Avt,
        body: Body,
    },
    Copy {
        sets: Vec<usize>,
        body: Body,
    },
    ApplyTemplates {
        select: Option<XPath>,
        mode: usize,
        sorts: Vec<Sort>,
        params: Vec<WithParam>,
    },
    ApplyImports,
    CallTemplate {
        template: usize,
        params: Vec<WithParam>,
        tail: bool,
    },
    ForEach {
        select: XPath,
        sorts: Vec<Sort>,
        body: Body,
    },
    If {
        test: XPath,
        body: Body,
    },
    Choose {
        branches: Vec<(XPath, Body)>,
        otherwise: Option<Body>,
    },
    Variable {
        name: Name,
        content: Content,
    },
    Param {
        name: Name,
        content: Content,
    },
    Number(Box<Number>),
    Message {
        body: Body,
        terminate: bool,
    },
    /// An instruction of a later XSLT or of an extension: what to do instead, if the stylesheet says so.
    Unknown {
        name: Box<str>,
        fallback: Option<Body>,
    },
}

#[derive(Debug)]
pub(crate) struct LiteralElement {
    pub(crate) prefix: Box<str>,
    pub(crate) name: Name,
    /// Declarations that the element brings besides its own.
    pub(crate) namespaces: Vec<(Box<str>, Box<str>)>,
    pub(crate) sets: Vec<usize>,
    pub(crate) attributes: Vec<LiteralAttribute>,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) struct LiteralAttribute {
    pub(crate) prefix: Box<str>,
    pub(crate) name: Name,
    pub(crate) value: Avt,
}

/// The name of `xsl:element` or `xsl:attribute`.
#[derive(Debug)]
pub(crate) struct ComputedName {
    pub(crate) name: Avt,
    pub(crate) namespace: Option<Avt>,
    /// What prefixes mean at the instruction.
    pub(crate) scope: Vec<(Box<str>, Box<str>)>,
}

/// An attribute value template.
#[derive(Debug)]
pub(crate) enum Avt {
    Constant(Box<str>),
    Parts(Vec<AvtPart>),
}

#[derive(Debug)]
pub(crate) enum AvtPart {
    Text(Box<str>),
    Value(XPath),
}

/// What a variable or parameter holds.
#[derive(Debug)]
pub(crate) enum Content {
    Select(XPath),
    Tree(Body),
    Empty,
}

#[derive(Debug)]
pub(crate) struct WithParam {
    pub(crate) name: Name,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) struct Sort {
    pub(crate) select: XPath,
    pub(crate) data_type: Option<Avt>,
    pub(crate) order: Option<Avt>,
    pub(crate) case_order: Option<Avt>,
}

#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) level: Level,
    pub(crate) count: Option<Pattern>,
    pub(crate) from: Option<Pattern>,
    pub(crate) value: Option<XPath>,
    pub(crate) format: Avt,
    pub(crate) grouping_separator: Option<Avt>,
    pub(crate) grouping_size: Option<Avt>,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Level {
    Single,
    Multiple,
    Any,
}
