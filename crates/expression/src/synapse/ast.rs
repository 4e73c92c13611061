//! The compiled form.

use crate::jsonpath::JsonPath;
use crate::message::Scope;
use crate::xpath::SynapseXPath;

/// An expression. Chains of one level are lists, so that the depth of the tree is the depth of nesting.
#[derive(Debug)]
pub(super) enum Node {
    Integer(i32),
    Long(i64),
    Double(f64),
    Boolean(bool),
    Null,
    /// With its quotes, which stay in the value.
    Text(String),
    Array(Vec<Node>),
    Payload(Path),
    Variable(VariableName, Path),
    Header(String),
    Config(String),
    Parameter(ParameterKind, String),
    Property(Scope, String),
    Call(Function, Vec<Node>, Tail),
    /// `xpath('…')` whose first argument is a literal, hence compiled.
    XPath(Box<XPathCall>),
    /// Operators of one level, applied from left to right.
    Chain(Box<Node>, Vec<(Operator, Node)>),
    /// The condition, and what is chosen if it is true or false.
    Ternary(Box<[Node; 3]>),
}

#[derive(Debug)]
pub(super) struct XPathCall {
    pub(super) xpath: SynapseXPath,
    pub(super) variable: Option<Node>,
}

#[derive(Debug)]
pub(super) enum VariableName {
    Plain(String),
    /// `vars['x']`: Synapse parses it and then fails on it.
    SingleQuoted,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum ParameterKind {
    Query,
    Path,
    Function,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What follows a root or a call: the steps of a JSONPath.
#[derive(Debug, Default)]
pub(super) struct Path {
    pub(super) steps: Vec<Step>,
    /// The whole path, if no step depends on the message.
    pub(super) fixed: Option<JsonPath>,
    /// The path behind the first step, if neither depends on the message (for maps, whose entries the first step names).
    pub(super) fixed_rest: Option<JsonPath>,
}

/// One step as text, with parts that depend on the message.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) pieces: Vec<Piece>,
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    /// An index: a string becomes a name in quotes.
    Index(Node),
    /// A part of a filter: a string is put in double quotes.
    Operand(Node),
}

/// What follows a call.
#[derive(Debug)]
pub(super) enum Tail {
    Nothing,
    Path(Path),
    /// `.property(…)` of a registry resource.
    Property(Box<Node>),
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Function {
    Abs,
    Array,
    Base64Decode,
    Base64Encode,
    Boolean,
    Ceil,
    CharAt,
    Contains,
    EndsWith,
    Exists,
    Float,
    Floor,
    FormatDateTime,
    HashicorpVault,
    IndexOf,
    Integer,
    IsArray,
    IsNumber,
    IsObject,
    IsString,
    Length,
    Log,
    Not,
    Now,
    Object,
    Pow,
    Registry,
    Replace,
    Round,
    Split,
    Sqrt,
    StartsWith,
    String,
    SubString,
    ToLower,
    ToUpper,
    Trim,
    UrlDecode,
    UrlEncode,
    WsoVault,
    XPath,
}

impl Function {
    const ALL: [(&'static str, Self); 41] = [
        ("abs", Self::Abs),
        ("array", Self::Array),
        ("base64decode", Self::Base64Decode),
        ("base64encode", Self::Base64Encode),
        ("boolean", Self::Boolean),
        ("ceil", Self::Ceil),
        ("charAt", Self::CharAt),
        ("contains", Self::Contains),
        ("endsWith", Self::EndsWith),
        ("exists", Self::Exists),
        ("float", Self::Float),
        ("floor", Self::Floor),
        ("formatDateTime", Self::FormatDateTime),
        ("hashicorp-vault", Self::HashicorpVault),
        ("indexOf", Self::IndexOf),
        ("integer", Self::Integer),
        ("isArray", Self::IsArray),
        ("isNumber", Self::IsNumber),
        ("isObject", Self::IsObject),
        ("isString", Self::IsString),
        ("length", Self::Length),
        ("log", Self::Log),
        ("not", Self::Not),
        ("now", Self::Now),
        ("object", Self::Object),
        ("pow", Self::Pow),
        ("registry", Self::Registry),
        ("replace", Self::Replace),
        ("round", Self::Round),
        ("split", Self::Split),
        ("sqrt", Self::Sqrt),
        ("startsWith", Self::StartsWith),
        ("string", Self::String),
        ("subString", Self::SubString),
        ("toLower", Self::ToLower),
        ("toUpper", Self::ToUpper),
        ("trim", Self::Trim),
        ("urlDecode", Self::UrlDecode),
        ("urlEncode", Self::UrlEncode),
        ("wso2-vault", Self::WsoVault),
        ("xpath", Self::XPath),
    ];

    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }
}
