//! The compiled form. Chains of one operator level are lists, so that the depth of the tree is the depth of nesting.

use super::functions::Function;

/// An expression.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    Number(f64),
    Literal(Box<str>),
    Variable {
        prefix: Box<str>,
        local: Box<str>,
    },
    /// A function of XPath itself, with the right number of arguments.
    Call(Function, Box<[Expr]>),
    /// A function of the environment.
    Extension {
        prefix: Box<str>,
        local: Box<str>,
        arguments: Box<[Expr]>,
    },
    /// A function of XPath with the wrong number of arguments: an error when it is evaluated.
    WrongArguments(Box<str>),
    Or(Box<[Expr]>),
    And(Box<[Expr]>),
    /// Operators of one level, applied from left to right.
    Chain(Box<Expr>, Box<[(Operator, Expr)]>),
    Negate(Box<Expr>),
    Union(Box<[Expr]>),
    Path(Box<Path>),
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

/// A location path, or a filter expression with or without a path behind it.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    /// Runs of steps that can be evaluated as a stream. What comes out of all but the last has to be put in order and
    /// freed of repetitions before it goes on.
    pub(super) segments: Vec<Vec<Step>>,
    /// Whether the stream yields every node once and in document order.
    pub(super) ordered: bool,
    /// Whether the stream yields every node once.
    pub(super) unique: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Start {
    Context,
    Root,
    Filter(Expr, Predicates),
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) axis: Axis,
    pub(super) test: NodeTest,
    pub(super) predicates: Predicates,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
    /// `//name[n]`: the descendants that are the n-th of their kind below their parent.
    DescendantNth(u32),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum NodeTest {
    /// `*`
    AnyName,
    /// `prefix:*`
    Namespace(Box<str>),
    /// A name; the namespace is `""` without prefix.
    Name {
        namespace: Box<str>,
        local: Box<str>,
    },
    /// A name whose prefix was not bound: an error when it is evaluated.
    UnknownPrefix(Box<str>),
    /// `node()`
    Node,
    Text,
    Comment,
    /// `processing-instruction()`, with or without target.
    Instruction(Option<Box<str>>),
}

/// The predicates of a step or filter.
#[derive(Clone, Debug, Default)]
pub(super) struct Predicates {
    pub(super) list: Vec<Predicate>,
    /// Whether one of them asks for the size of the set, which then has to be known first.
    pub(super) need_size: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Predicate {
    /// A number: the position.
    Position(f64),
    /// An expression that is certainly not a number.
    Boolean(Expr),
    /// An expression that may turn out to be a number.
    Dynamic(Expr),
}
