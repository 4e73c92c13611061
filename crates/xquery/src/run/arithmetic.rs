//! Numbers: integers stay integers, decimals decimals, and what is untyped becomes a double.

use bigdecimal::{BigDecimal, RoundingMode, Zero};

use crate::ast::Operator;
use crate::{Atomic, RunError};

/// How many digits behind the point a division gives, as Saxon does at least.
const DIVISION_SCALE: i64 = 18;

pub(crate) fn calculate(operator: Operator, left: &Atomic, right: &Atomic) -> Result<Atomic, RunError> {
    let (left, right) = (number(left)?, number(right)?);
    match (&left, &right) {
        (Atomic::Integer(left), Atomic::Integer(right)) => integers(operator, *left, *right),
        (Atomic::Integer(_) | Atomic::Decimal(_), Atomic::Integer(_) | Atomic::Decimal(_)) => {
            match (left.to_decimal(), right.to_decimal()) {
                (Some(left), Some(right)) => decimals(operator, &left, &right),
                _ => Err(RunError("a number is needed".to_owned())),
            }
        }
        (Atomic::Double(_), _) | (_, Atomic::Double(_)) => {
            let value = doubles(operator, left.to_double(), right.to_double());
            if operator == Operator::IntegerDivide { whole(value) } else { Ok(Atomic::Double(value)) }
        }
        _ => {
            let value = doubles(operator, left.to_double(), right.to_double());
            // Narrowing to the type of the operands.
            if operator == Operator::IntegerDivide { whole(value) } else { Ok(Atomic::Float(value as f32)) }
        }
    }
}

fn number(value: &Atomic) -> Result<Atomic, RunError> {
    match value {
        Atomic::Untyped(_) => value.cast(crate::ast::AtomicType::Double),
        value if value.is_number() => Ok(value.clone()),
        other => Err(RunError(format!("arithmetic needs numbers, not {}", other.type_name()))),
    }
}

fn by_zero() -> RunError {
    RunError("division by zero".to_owned())
}

fn integers(operator: Operator, left: i64, right: i64) -> Result<Atomic, RunError> {
    let value = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => return decimals(operator, &BigDecimal::from(left), &BigDecimal::from(right)),
        Operator::IntegerDivide | Operator::Modulo if right == 0 => return Err(by_zero()),
        Operator::IntegerDivide => left.checked_div(right),
        Operator::Modulo => left.checked_rem(right),
    };
    value.map(Atomic::Integer).ok_or_else(|| RunError("the integer is too large".to_owned()))
}

fn decimals(operator: Operator, left: &BigDecimal, right: &BigDecimal) -> Result<Atomic, RunError> {
    if matches!(operator, Operator::Divide | Operator::IntegerDivide | Operator::Modulo) && right.is_zero() {
        return Err(by_zero());
    }
    Ok(Atomic::Decimal(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => (left / right).with_scale_round(DIVISION_SCALE, RoundingMode::HalfEven).normalized(),
        Operator::IntegerDivide => {
            let quotient = Atomic::Decimal((left / right).with_scale(0));
            return quotient.cast(crate::ast::AtomicType::Integer { least: i64::MIN, greatest: i64::MAX });
        }
        Operator::Modulo => left % right,
    }))
}

fn doubles(operator: Operator, left: f64, right: f64) -> f64 {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::IntegerDivide => (left / right).trunc(),
        Operator::Modulo => left % right,
    }
}

fn whole(value: f64) -> Result<Atomic, RunError> {
    if !value.is_finite() {
        return Err(by_zero());
    }
    Atomic::Double(value).cast(crate::ast::AtomicType::Integer { least: i64::MIN, greatest: i64::MAX })
}
