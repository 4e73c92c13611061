//! Operators (spec, 4.5). An error is the reason of a soft error.

use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use mi_payload::java;

use super::ast::Operator;
use super::value::Val;

pub(super) fn apply<'m>(operator: Operator, left: Val<'m>, right: Val<'m>) -> Result<Val<'m>, String> {
    match operator {
        Operator::Equal => Ok(Val::Boolean(equal(&left, &right))),
        Operator::NotEqual => Ok(Val::Boolean(!equal(&left, &right))),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            compare(operator, &left, &right).map(Val::Boolean)
        }
        Operator::And | Operator::Or => match (left.as_boolean(), right.as_boolean()) {
            (Some(left), Some(right)) => {
                Ok(Val::Boolean(if operator == Operator::And { left && right } else { left || right }))
            }
            _ => Err(format!("{} needs two booleans: {}", symbol(operator), shown(&left, &right))),
        },
        Operator::Add => match (left.as_string(), right.as_string()) {
            (Some(left), Some(right)) => Ok(Val::Text(format!("{left}{right}").into())),
            _ => arithmetic(operator, &left, &right),
        },
        Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, &left, &right)
        }
    }
}

/// By the string forms; null equals only null.
fn equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left.is_null(), right.is_null()) {
        (false, false) => left.text() == right.text(),
        (left, right) => left && right,
    }
}

/// Each side has to count as Integer or Double; a Long does not.
fn compare(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Result<bool, String> {
    let (Some(l), Some(r)) = (left.as_plain_number(), right.as_plain_number()) else {
        return Err(format!("{} needs two numbers: {}", symbol(operator), shown(left, right)));
    };
    let (l, r) = (l.as_f64(), r.as_f64());
    Ok(match operator {
        Operator::Less => l < r,
        Operator::LessOrEqual => l <= r,
        Operator::Greater => l > r,
        _ => l >= r,
    })
}

fn arithmetic<'m>(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Result<Val<'m>, String> {
    let number = |value: &Val<'_>| {
        let long = value.as_long().or_else(|| value.as_integer().map(i64::from));
        value.as_double().or_else(|| long.map(|long| long as f64)).map(|double| (double, long))
    };
    let (Some((l, l_long)), Some((r, r_long))) = (number(left), number(right)) else {
        return Err(format!("{} needs two numbers: {}", symbol(operator), shown(left, right)));
    };
    if matches!(operator, Operator::Divide | Operator::Remainder) && r == 0.0 {
        return Err(
            if operator == Operator::Divide { "Cannot divide by zero" } else { "Cannot modulo by zero" }.to_owned()
        );
    }
    if left.as_double().is_some() || right.as_double().is_some() {
        return decimal(operator, l, r).map(Val::Double);
    }
    if let (Some(l), Some(r)) = (left.as_integer(), right.as_integer()) {
        return Ok(integers(operator, l, r));
    }
    let (Some(l_long), Some(r_long)) = (l_long, r_long) else {
        return Err(format!("{} needs two numbers: {}", symbol(operator), shown(left, right)));
    };
    Ok(match operator {
        Operator::Add => Val::Long(l_long.wrapping_add(r_long)),
        Operator::Subtract => Val::Long(l_long.wrapping_sub(r_long)),
        Operator::Multiply => Val::Long(l_long.wrapping_mul(r_long)),
        Operator::Remainder => Val::Long(l_long.wrapping_rem(r_long)),
        // Any Long makes it a division of doubles.
        _ => Val::Double(l / r),
    })
}

/// Sums and products that overflow become Long; differences wrap; divisions that are not exact become Double.
fn integers<'m>(operator: Operator, left: i32, right: i32) -> Val<'m> {
    let promoted = |exact: Option<i32>, long: i64| exact.map_or(Val::Long(long), Val::Integer);
    match operator {
        Operator::Add => promoted(left.checked_add(right), i64::from(left) + i64::from(right)),
        Operator::Multiply => promoted(left.checked_mul(right), i64::from(left) * i64::from(right)),
        Operator::Subtract => Val::Integer(left.wrapping_sub(right)),
        Operator::Remainder => Val::Integer(left.wrapping_rem(right)),
        _ => match (left.checked_rem(right), left.checked_div(right)) {
            (Some(0), Some(quotient)) => Val::Integer(quotient),
            _ => Val::Double(f64::from(left) / f64::from(right)),
        },
    }
}

/// On the decimal texts of the doubles; a quotient has the scale of its left operand, halves rounded up.
fn decimal(operator: Operator, left: f64, right: f64) -> Result<f64, String> {
    let exact = |number: f64| {
        BigDecimal::from_str(&java::double_to_string(number)).map_err(|_| format!("{number} is not a finite number"))
    };
    let (l, r) = (exact(left)?, exact(right)?);
    let result = match operator {
        Operator::Add => l + r,
        Operator::Subtract => l - r,
        Operator::Multiply => l * r,
        Operator::Divide => {
            let (_, scale) = l.as_bigint_and_exponent();
            (l / r).with_scale_round(scale, RoundingMode::HalfUp)
        }
        _ => l % r,
    };
    Ok(result.to_f64().unwrap_or(f64::NAN))
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::And => "and",
        Operator::Or => "or",
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
    }
}

fn shown(left: &Val<'_>, right: &Val<'_>) -> String {
    format!("{} and {}", left.text(), right.text())
}
