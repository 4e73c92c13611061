//! What can be known about an expression before it is evaluated: its type, whether it asks for position or size, and
//! whether a path can be walked as a stream.

use super::ast::{Axis, Expr, NodeTest, Operator, Path, Predicate, Predicates, Start, Step};
use super::functions::Function;

/// What a location path yields at some step, seen as a stream.
#[derive(Copy, Clone)]
struct Shape {
    ordered: bool,
    unique: bool,
    /// No node is an ancestor of another one.
    peers: bool,
    /// There is at most one node.
    single: bool,
}

pub(super) fn path(start: Start, steps: Vec<Step>) -> Path {
    let steps = fuse(steps);
    let mut shape = match &start {
        Start::Context | Start::Root => Shape { ordered: true, unique: true, peers: true, single: true },
        // A filter's nodes are put in order first; they may lie in each other.
        Start::Filter(..) => Shape { ordered: true, unique: true, peers: false, single: false },
    };
    let mut segments = vec![Vec::new()];
    for step in steps {
        if !shape.unique {
            segments.push(Vec::new());
            shape = Shape { ordered: true, unique: true, ..shape };
        }
        shape = after(shape, step.axis);
        if let Some(segment) = segments.last_mut() {
            segment.push(step);
        }
    }
    Path { start, segments, ordered: shape.ordered && shape.unique, unique: shape.unique }
}

fn after(before: Shape, axis: Axis) -> Shape {
    let Shape { ordered, unique, peers, single } = before;
    match axis {
        Axis::SelfNode => before,
        Axis::Attribute | Axis::Namespace => Shape { ordered, unique, peers: true, single: false },
        Axis::Child => Shape { ordered: ordered && peers, unique, peers, single: false },
        Axis::Descendant | Axis::DescendantOrSelf | Axis::DescendantNth(_) => {
            Shape { ordered: ordered && peers, unique: unique && peers, peers: false, single: false }
        }
        Axis::Parent => Shape { ordered: single, unique: single, peers: single, single },
        Axis::FollowingSibling => Shape { ordered: single, unique: single, peers: single, single: false },
        Axis::Following => Shape { ordered: single, unique: single, peers: false, single: false },
        // Nearest first: unique from a single node, but never in document order.
        Axis::PrecedingSibling => Shape { ordered: false, unique: single, peers: single, single: false },
        Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding => {
            Shape { ordered: false, unique: single, peers: false, single: false }
        }
    }
}

/// Turns `descendant-or-self::node()/child::x` into one step where that means the same.
fn fuse(steps: Vec<Step>) -> Vec<Step> {
    let mut fused: Vec<Step> = Vec::with_capacity(steps.len());
    for mut step in steps {
        let after_any = fused.last().is_some_and(|last| {
            last.axis == Axis::DescendantOrSelf && last.test == NodeTest::Node && last.predicates.list.is_empty()
        });
        let axis = if after_any && step.axis == Axis::Child { fused_axis(&step.predicates) } else { None };
        if let Some(axis) = axis {
            if let Axis::DescendantNth(_) = axis {
                step.predicates.list.remove(0);
            }
            step.axis = axis;
            fused.pop();
        }
        fused.push(step);
    }
    fused
}

/// Whether the predicate says the same wherever its node stands among others.
pub(super) fn position_free(predicate: &Predicate) -> bool {
    match predicate {
        Predicate::Boolean(expr) => !asks(expr, Function::Position) && !asks(expr, Function::Last),
        Predicate::Position(_) | Predicate::Dynamic(_) => false,
    }
}

fn fused_axis(predicates: &Predicates) -> Option<Axis> {
    match predicates.list.split_first() {
        None => Some(Axis::Descendant),
        Some((Predicate::Position(n), rest)) if rest.iter().all(position_free) => {
            let whole = *n >= 1.0 && *n <= f64::from(u32::MAX) && n.fract() == 0.0;
            // The cast is exact after the check.
            whole.then_some(Axis::DescendantNth(*n as u32))
        }
        Some(_) => predicates.list.iter().all(position_free).then_some(Axis::Descendant),
    }
}

pub(super) fn predicate(expr: Expr) -> Predicate {
    match expr {
        Expr::Number(n) => Predicate::Position(n),
        expr if is_number(&expr) || may_be_anything(&expr) => Predicate::Dynamic(expr),
        expr => Predicate::Boolean(expr),
    }
}

pub(super) fn predicates(list: Vec<Predicate>) -> Predicates {
    let need_size = list.iter().any(|predicate| match predicate {
        Predicate::Position(_) => false,
        Predicate::Boolean(expr) | Predicate::Dynamic(expr) => asks(expr, Function::Last),
    });
    Predicates { list, need_size }
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Number(_) | Expr::Negate(_) => true,
        Expr::Chain(_, rest) => rest.last().is_some_and(|(operator, _)| is_arithmetic(*operator)),
        Expr::Call(function, _) => function.gives_number(),
        _ => false,
    }
}

fn is_arithmetic(operator: Operator) -> bool {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    matches!(operator, Add | Subtract | Multiply | Divide | Modulo)
}

fn may_be_anything(expr: &Expr) -> bool {
    matches!(expr, Expr::Variable { .. } | Expr::Extension { .. })
}

/// Whether the expression calls `position()` or `last()` of the context that it stands in itself.
fn asks(expr: &Expr, function: Function) -> bool {
    let any = |list: &[Expr]| list.iter().any(|expr| asks(expr, function));
    match expr {
        Expr::Number(_) | Expr::Literal(_) | Expr::Variable { .. } | Expr::WrongArguments(_) => false,
        Expr::Call(called, arguments) => *called == function || any(arguments),
        Expr::Extension { arguments, .. } => any(arguments),
        Expr::Or(list) | Expr::And(list) | Expr::Union(list) => any(list),
        Expr::Chain(first, rest) => asks(first, function) || rest.iter().any(|(_, expr)| asks(expr, function)),
        Expr::Negate(inner) => asks(inner, function),
        // Predicates of a path have a context of their own; only what a filter starts from shares this one.
        Expr::Path(path) => match &path.start {
            Start::Filter(expr, _) => asks(expr, function),
            Start::Context | Start::Root => false,
        },
    }
}
