//! Walking the compiled form.

use std::borrow::Cow;

use serde_json::{Number, Value as Json};

use super::ast::{Function, Node};
use super::operators;
use super::value::Val;
use crate::fault::{BuildFault, ExpressionFault};
use crate::message::Message;

/// Why there is no value.
#[derive(Debug)]
pub(super) enum Fail {
    /// The whole expression yields `""` and the reason is logged; `exists` catches it.
    Soft(String),
    /// The message goes to its fault handler.
    Fault(Box<ExpressionFault>),
}

impl From<ExpressionFault> for Fail {
    fn from(fault: ExpressionFault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl From<BuildFault> for Fail {
    fn from(fault: BuildFault) -> Self {
        ExpressionFault::from(fault).into()
    }
}

pub(super) type Evaluated<'m> = Result<Val<'m>, Fail>;

#[derive(Copy, Clone)]
pub(super) struct Evaluator<'m, 'e> {
    pub(super) message: &'m dyn Message,
    /// The expression as written, for messages.
    text: &'e str,
}

impl<'m, 'e> Evaluator<'m, 'e> {
    pub(super) fn new(message: &'m dyn Message, text: &'e str) -> Self {
        Self { message, text }
    }

    /// The value of a node. `object` is whether it is the whole expression, used as an object.
    pub(super) fn value(&self, node: &Node, object: bool) -> Evaluated<'m> {
        Ok(match node {
            Node::Integer(number) => Val::Integer(*number),
            Node::Long(number) => Val::Long(*number),
            Node::Double(number) => Val::Double(*number),
            Node::Boolean(value) => Val::Boolean(*value),
            Node::Null => Val::Null,
            Node::Text(text) => Val::Text(Cow::Owned(text.clone())),
            Node::Array(items) => self.array(items)?,
            Node::Payload(path) => self.payload(path, object)?,
            Node::Variable(name, path) => self.variable(name, path)?,
            Node::Header(name) => self.header(name)?,
            Node::Config(name) => self.config(name)?,
            Node::Parameter(kind, name) => self.parameter(*kind, name)?,
            Node::Property(scope, name) => self.property(*scope, name)?,
            Node::Call(Function::Exists, arguments, _) => self.exists(arguments)?,
            Node::Call(function, arguments, tail) => self.call(*function, arguments, tail, object)?,
            Node::XPath(call) => self.xpath(&call.xpath, call.variable.as_ref(), object)?,
            Node::Chain(first, rest) => {
                let mut result = self.value(first, false)?;
                for (operator, operand) in rest {
                    let operand = self.value(operand, false)?;
                    result = operators::apply(*operator, result, operand).map_err(Fail::Soft)?;
                }
                result
            }
            Node::Ternary(parts) => {
                let [condition, chosen, otherwise] = &**parts;
                match self.value(condition, false)?.as_boolean() {
                    Some(true) => self.value(chosen, object)?,
                    Some(false) => self.value(otherwise, object)?,
                    None => return Err(Fail::Soft("Condition is not a boolean in the ternary operator".to_owned())),
                }
            }
        })
    }

    /// Integers and doubles stay numbers; everything else becomes a string.
    fn array(&self, items: &[Node]) -> Evaluated<'m> {
        let mut array = Vec::with_capacity(items.len());
        for item in items {
            let value = self.value(item, false)?;
            if value.is_null() {
                return Err(self.fault("an item of an array is null"));
            }
            array.push(if let Val::Json(Cow::Owned(Json::Number(number))) = value {
                Json::Number(number)
            } else if let Some(integer) = value.as_integer() {
                Json::from(integer)
            } else if let Some(number) = value.as_double().and_then(Number::from_f64) {
                Json::Number(number)
            } else {
                Json::String(value.into_text().into_owned())
            });
        }
        Ok(Val::Json(Cow::Owned(Json::Array(array))))
    }

    fn exists(&self, arguments: &[Node]) -> Evaluated<'m> {
        let [argument] = arguments else { return Err(wrong_count(Function::Exists, arguments.len())) };
        match self.value(argument, false) {
            Ok(value) => Ok(Val::Boolean(!value.is_null())),
            Err(Fail::Soft(_)) => Ok(Val::Boolean(false)),
            Err(fault) => Err(fault),
        }
    }

    /// A fault with this expression's text.
    pub(super) fn fault(&self, message: impl Into<String>) -> Fail {
        ExpressionFault::Runtime { expression: self.text.to_owned(), message: message.into() }.into()
    }
}

pub(super) fn wrong_count(function: Function, count: usize) -> Fail {
    let word = match count {
        0 => "no".to_owned(),
        count => count.to_string(),
    };
    Fail::Soft(format!("Invalid function: {} with {word} argument(s)", function.name()))
}
