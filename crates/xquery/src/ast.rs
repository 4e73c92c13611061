//! The compiled form of a query.

use mi_xml::xpath::AxisStep;

/// An expanded name with the prefix that it was written with.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Name {
    pub(crate) prefix: String,
    pub(crate) namespace: String,
    pub(crate) local: String,
}

impl Name {
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.local == other.local && self.namespace == other.namespace
    }
}

/// A query.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) variables: Vec<VariableDeclaration>,
    pub(crate) functions: Vec<FunctionDeclaration>,
    pub(crate) body: Expr,
}

#[derive(Debug)]
pub(crate) struct VariableDeclaration {
    pub(crate) name: Name,
    pub(crate) kind: Option<SequenceType>,
    /// `None`: external.
    pub(crate) value: Option<Expr>,
}

#[derive(Debug)]
pub(crate) struct FunctionDeclaration {
    pub(crate) name: Name,
    pub(crate) parameters: Vec<(Name, Option<SequenceType>)>,
    pub(crate) result: Option<SequenceType>,
    pub(crate) body: Expr,
}

/// `as …`
#[derive(Clone, Debug)]
pub(crate) struct SequenceType {
    pub(crate) item: ItemType,
    pub(crate) may_be_empty: bool,
    pub(crate) may_be_many: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ItemType {
    /// `item()`, `node()` and all kinds of nodes.
    Any,
    /// `empty-sequence()`
    Nothing,
    Atomic(AtomicType),
}

/// The atomic types that are known. Integers of fewer bits are integers with a range.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AtomicType {
    AnyAtomic,
    Untyped,
    String,
    Boolean,
    Decimal,
    Integer { least: i64, greatest: i64 },
    Double,
    Float,
}

#[derive(Debug)]
pub(crate) enum Expr {
    Sequence(Vec<Expr>),
    Literal(crate::Atomic),
    Variable(Name),
    ContextItem,
    Flwor(Box<Flwor>),
    Quantified {
        every: bool,
        bindings: Vec<(Name, Expr)>,
        condition: Box<Expr>,
    },
    If(Box<(Expr, Expr, Expr)>),
    Or(Vec<Expr>),
    And(Vec<Expr>),
    /// `=` and its like: true for some pair.
    General(Comparison, Box<(Expr, Expr)>),
    /// `eq` and its like: of single values.
    Value(Comparison, Box<(Expr, Expr)>),
    Is(Box<(Expr, Expr)>),
    Range(Box<(Expr, Expr)>),
    Arithmetic(Operator, Box<(Expr, Expr)>),
    Concat(Vec<Expr>),
    Negate(Box<Expr>),
    Union(Box<(Expr, Expr)>),
    Intersect(Box<(Expr, Expr)>),
    Except(Box<(Expr, Expr)>),
    Cast {
        value: Box<Expr>,
        kind: AtomicType,
        optional: bool,
    },
    Castable {
        value: Box<Expr>,
        kind: AtomicType,
    },
    /// The root of the context's tree.
    Root,
    /// The right side for each item of the left side; nodes in document order.
    Path(Box<(Expr, Expr)>),
    /// `!`: as a path, but in order.
    Map(Box<(Expr, Expr)>),
    Step {
        step: AxisStep,
        local: Option<String>,
        reverse: bool,
        predicates: Vec<Expr>,
    },
    Filter {
        base: Box<Expr>,
        predicates: Vec<Expr>,
    },
    Call {
        function: String,
        arguments: Vec<Expr>,
    },
    CallDeclared {
        name: Name,
        arguments: Vec<Expr>,
    },
    Element(Box<ElementConstructor>),
    ComputedElement {
        name: Box<Expr>,
        fixed: Option<Name>,
        content: Box<Expr>,
    },
    ComputedAttribute {
        name: Box<Expr>,
        fixed: Option<Name>,
        content: Box<Expr>,
    },
    Text(Box<Expr>),
    Comment(Box<Expr>),
    Document(Box<Expr>),
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    IntegerDivide,
    Modulo,
}

#[derive(Debug)]
pub(crate) struct Flwor {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) result: Expr,
}

#[derive(Debug)]
pub(crate) enum Clause {
    For { name: Name, position: Option<Name>, within: Expr },
    Let { name: Name, kind: Option<SequenceType>, value: Expr },
    Where(Expr),
    Order(Vec<OrderKey>),
}

#[derive(Debug)]
pub(crate) struct OrderKey {
    pub(crate) by: Expr,
    pub(crate) descending: bool,
    /// Where nothing, and what is not a number, go.
    pub(crate) empty_greatest: bool,
}

#[derive(Debug)]
pub(crate) struct ElementConstructor {
    pub(crate) name: Name,
    /// Declarations on the element: prefix and namespace.
    pub(crate) namespaces: Vec<(String, String)>,
    pub(crate) attributes: Vec<(Name, Vec<Part>)>,
    pub(crate) content: Vec<Part>,
}

/// A piece of the content of a constructor.
#[derive(Debug)]
pub(crate) enum Part {
    Text(String),
    Enclosed(Expr),
    Comment(String),
    Instruction(String, String),
}
