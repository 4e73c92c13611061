//! The compiled form.

use std::fmt;

use mi_payload::java::JavaRegex;
use serde_json::Value;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// One or several properties; several give an object with those keys, or go on with each.
    Property(Vec<String>),
    Wildcard,
    /// One or several indices; negative ones count from the end.
    Index(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Filter(Box<Test>),
    /// `..`: the next step is tried on everything below.
    Scan,
    Function(Function),
}

#[derive(Clone, Debug)]
pub(super) enum Function {
    Min,
    Max,
    Avg,
    StdDev,
    Sum,
    Length,
    Keys,
    First,
    Last,
    Index(i64),
    Concat(Vec<Operand>),
    Append(Vec<Operand>),
}

/// A condition within a filter.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Or(Vec<Test>),
    And(Vec<Test>),
    Not(Box<Test>),
    Exists(Operand),
    Compare(Operand, Comparison, Operand),
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    SameTypeEqual,
    SameTypeNotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    AllOf,
    Contains,
    Size,
    Empty,
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Literal(Value),
    Regex(Box<JavaRegex>),
    /// `@…`: on the item at hand.
    Current(SubPath),
    /// `$…`: on the whole.
    Root(SubPath),
}

#[derive(Clone, Debug)]
pub(super) struct SubPath {
    pub(super) steps: Vec<Step>,
    pub(super) definite: bool,
}

pub(super) fn is_definite(steps: &[Step]) -> bool {
    let last = steps.len().saturating_sub(1);
    steps.iter().enumerate().all(|(at, step)| match step {
        Step::Property(names) => names.len() == 1 || at == last,
        Step::Index(indices) => indices.len() == 1,
        Step::Function(_) => true,
        Step::Wildcard | Step::Slice(..) | Step::Filter(_) | Step::Scan => false,
    }) || scans_into_function(steps)
}

/// `$..a.length()` is taken as the function of everything that the scan finds, which is one value.
pub(super) fn scans_into_function(steps: &[Step]) -> bool {
    matches!(steps.last(), Some(Step::Function(_))) && steps.iter().any(|step| matches!(step, Step::Scan))
}

/// A path as Jayway prints it in its messages.
pub(super) struct Shown<'a>(pub(super) &'a [Step]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in self.0 {
            match step {
                Step::Property(names) => {
                    f.write_str("[")?;
                    for (at, name) in names.iter().enumerate() {
                        write!(f, "{}'{name}'", if at > 0 { "," } else { "" })?;
                    }
                    f.write_str("]")?;
                }
                Step::Wildcard => f.write_str("[*]")?,
                Step::Index(indices) => {
                    let texts: Vec<String> = indices.iter().map(ToString::to_string).collect();
                    write!(f, "[{}]", texts.join(","))?;
                }
                Step::Slice(from, to) => {
                    let text = |bound: &Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
                    write!(f, "[{}:{}]", text(from), text(to))?;
                }
                Step::Filter(_) => f.write_str("[?]")?,
                Step::Scan => f.write_str("..")?,
                Step::Function(function) => write!(f, ".{}()", function.name())?,
            }
        }
        Ok(())
    }
}

impl Function {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Min => "min",
            Self::Max => "max",
            Self::Avg => "avg",
            Self::StdDev => "stddev",
            Self::Sum => "sum",
            Self::Length => "length",
            Self::Keys => "keys",
            Self::First => "first",
            Self::Last => "last",
            Self::Index(_) => "index",
            Self::Concat(_) => "concat",
            Self::Append(_) => "append",
        }
    }
}
