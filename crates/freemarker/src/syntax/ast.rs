//! The tree of a template.

use std::sync::Arc;

use super::names::Builtin;
use crate::error::Position;
use crate::number::Number;

/// An expression and where it begins.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub kind: ExprKind,
}

/// Kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    Number(Number),
    String(Arc<str>),
    /// A string literal with interpolations inside.
    Interpolated(Vec<StringPart>),
    Boolean(bool),
    Variable(Arc<str>),
    Special(Special),
    Dot(Box<Expr>, Arc<str>),
    Index(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Expr>),
    /// `a!b`; without the right side it is something that is empty in every way.
    Default(Box<Expr>, Option<Box<Expr>>),
    Exists(Box<Expr>),
    Builtin(Box<Expr>, &'static Builtin, Option<Vec<Expr>>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Range(RangeKind, Box<Expr>, Option<Box<Expr>>),
    List(Vec<Expr>),
    Hash(Vec<(Expr, Expr)>),
    Group(Box<Expr>),
    /// `x -> expression`, only as an argument of the built-ins that take one.
    Lambda(Vec<Arc<str>>, Box<Expr>),
}

/// A piece of a string literal.
#[derive(Debug, Clone)]
pub enum StringPart {
    Text(String),
    Value(Expr),
}

/// Operators between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Or,
    And,
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
    Remainder,
}

/// How a range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeKind {
    /// `a..b`.
    Inclusive,
    /// `a..<b`.
    Exclusive,
    /// `a..*n`.
    Length,
    /// `a..`.
    Unbounded,
}

/// Special variables: `.now` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    Now,
    DataModel,
    Globals,
    Locals,
    Namespace,
    Vars,
    Lang,
    Locale,
    TemplateName,
    Version,
    Error,
    OutputFormat,
    AutoEsc,
}

/// A list of elements.
pub type Block = Vec<Element>;

/// A directive, an interpolation or text.
#[derive(Debug, Clone)]
pub struct Element {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub kind: ElementKind,
}

/// A listing: `#list xs as x`, or with `#items` inside.
#[derive(Debug, Clone)]
pub struct Listing {
    pub source: Expr,
    pub names: Option<LoopNames>,
    pub body: Block,
    pub otherwise: Option<Block>,
}

/// The loop variables of a listing: an item, or a key and a value.
#[derive(Debug, Clone)]
pub struct LoopNames {
    pub first: Arc<str>,
    pub second: Option<Arc<str>>,
}

/// Where an assignment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// `#assign`.
    Namespace,
    /// `#local`.
    Local,
    /// `#global`.
    Global,
}

/// How a value is assigned.
#[derive(Debug, Clone)]
pub enum Assigned {
    /// `x = e`.
    Value(Expr),
    /// `x += e` and so on.
    Changed(Operator, Expr),
}

/// A call of a macro.
#[derive(Debug, Clone)]
pub struct MacroCall {
    pub callee: Expr,
    pub named: Vec<(Arc<str>, Expr)>,
    pub positional: Vec<Expr>,
    pub loop_names: Vec<Arc<str>>,
    pub body: Option<Block>,
}

/// Kinds of elements.
#[derive(Debug, Clone)]
pub enum ElementKind {
    Text(String),
    /// An interpolation: the value, the `#escape`s around it from the inside out, and whether its output format escapes.
    Output(Expr, Vec<Arc<(Arc<str>, Expr)>>, Escaping),
    /// `#{…}`: a number with at least and at most so many digits after the point.
    NumberOutput(Expr, usize, usize),
    If(Vec<(Option<Expr>, Block)>),
    List(Box<Listing>),
    Items(LoopNames, Block),
    Sep(Block),
    Switch(Expr, Vec<(Option<Expr>, Block)>),
    Assign(Target, Vec<(Arc<str>, Assigned)>),
    Capture(Target, Arc<str>, Block, Escaping),
    /// The definition of a macro or function: its place in [`super::Parsed::macros`].
    Define(usize),
    Call(Box<MacroCall>),
    Nested(Vec<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Compress(Block),
    Attempt(Block, Block),
    Setting(Setting, Expr),
    Stop(Option<Expr>),
}

/// The output format where something is written, and whether it escapes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Escaping {
    pub format: OutputFormat,
    pub automatic: bool,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    #[default]
    Undefined,
    Html,
    Xhtml,
    Xml,
    Rtf,
    PlainText,
    Css,
    JavaScript,
    Json,
}

/// What `#setting` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    NumberFormat,
    BooleanFormat,
    DateFormat,
    TimeFormat,
    DateTimeFormat,
    Locale,
    TimeZone,
    UrlCharset,
    OutputEncoding,
}

/// A macro or function.
#[derive(Debug, Clone)]
pub struct Macro {
    pub at: Position,
    pub name: Arc<str>,
    pub is_function: bool,
    pub parameters: Vec<(Arc<str>, Option<Expr>)>,
    /// The parameter that takes what is left.
    pub rest: Option<Arc<str>>,
    pub body: Block,
}
