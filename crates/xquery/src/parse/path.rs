//! Paths, steps, and what stands by itself: literals, variables, calls.

use mi_xml::chars::is_name_start;
use mi_xml::xpath::{AxisStep, StepTest};

use super::types::atomic_named;
use super::{FN, Parsed, Parser, XS};
use crate::Atomic;
use crate::ast::{Expr, SequenceType};
use crate::atomic::decimal;
use crate::run::functions;

const AXES: [&str; 12] = [
    "ancestor",
    "ancestor-or-self",
    "attribute",
    "child",
    "descendant",
    "descendant-or-self",
    "following",
    "following-sibling",
    "parent",
    "preceding",
    "preceding-sibling",
    "self",
];

impl Parser<'_> {
    pub(super) fn path(&mut self) -> Parsed<Expr> {
        self.space()?;
        let mut left = if self.take("//")? {
            let from = Expr::Path(Box::new((Expr::Root, self.any_descendant()?)));
            Expr::Path(Box::new((from, self.step()?)))
        } else if self.take("/")? {
            if !self.at_step()? {
                return Ok(Expr::Root);
            }
            Expr::Path(Box::new((Expr::Root, self.step()?)))
        } else {
            self.step()?
        };
        let mut steps = 0;
        loop {
            if self.take("//")? {
                left = Expr::Path(Box::new((left, self.any_descendant()?)));
            } else if !self.take("/")? {
                return Ok(left);
            }
            steps += 1;
            if steps > super::MAX_DEPTH {
                return self.error("the path has too many steps");
            }
            left = Expr::Path(Box::new((left, self.step()?)));
        }
    }

    fn at_step(&mut self) -> Parsed<bool> {
        self.space()?;
        Ok(self.next_char().is_some_and(|c| is_name_start(c) || matches!(c, '@' | '.' | '*' | '$' | '(' | '"' | '\'')))
    }

    fn any_descendant(&self) -> Parsed<Expr> {
        self.axis_step("descendant-or-self", StepTest::Node, None)
    }

    fn axis_step(&self, axis: &str, test: StepTest<'_>, local: Option<String>) -> Parsed<Expr> {
        let reverse = matches!(axis, "ancestor" | "ancestor-or-self" | "preceding" | "preceding-sibling" | "parent");
        match AxisStep::new(axis, test) {
            Some(step) => Ok(Expr::Step { step, local, reverse, predicates: Vec::new() }),
            None => self.error(format!("there is no axis {axis}")),
        }
    }

    fn step(&mut self) -> Parsed<Expr> {
        self.space()?;
        let axis = if self.rest().starts_with("..") {
            self.at += 2;
            let parent = self.axis_step("parent", StepTest::Node, None)?;
            return self.with_predicates(parent);
        } else if self.take("@")? {
            Some("attribute")
        } else {
            let start = self.at;
            let word = self.ncname();
            let is_axis = word.is_some() && self.take("::")?;
            match AXES.iter().find(|axis| is_axis && Some(**axis) == word) {
                Some(axis) => Some(*axis),
                None if is_axis => {
                    return self.error_at(start, format!("there is no axis {}", word.unwrap_or_default()));
                }
                None => {
                    self.at = start;
                    None
                }
            }
        };
        if axis.is_none() && !self.is_name_test()? {
            let base = self.primary()?;
            return self.filtered(base);
        }
        let step = self.node_test(axis.unwrap_or("child"), axis.is_some())?;
        self.with_predicates(step)
    }

    /// Whether a node test stands here, and not a primary expression.
    fn is_name_test(&mut self) -> Parsed<bool> {
        self.space()?;
        if self.rest().starts_with('*') {
            return Ok(true);
        }
        if !self.rest().starts_with(is_name_start) {
            return Ok(false);
        }
        let start = self.at;
        let (_, local) = self.qname()?;
        let followed = if self.rest().starts_with(":*") { '*' } else { self.after_space()? };
        let constructor = matches!(local, "element" | "attribute" | "text" | "comment" | "document")
            && (followed == '{' || matches!(local, "element" | "attribute") && self.names_constructor()?);
        self.at = start;
        if constructor {
            return Ok(false);
        }
        let is_kind = matches!(
            local,
            "node" | "text" | "comment" | "processing-instruction" | "element" | "attribute" | "document-node"
        );
        Ok(followed != '(' || is_kind)
    }

    fn after_space(&mut self) -> Parsed<char> {
        let start = self.at;
        self.space()?;
        let next = self.next_char().unwrap_or(' ');
        self.at = start;
        Ok(next)
    }

    /// Whether a name and a brace follow: `element name {`.
    fn names_constructor(&mut self) -> Parsed<bool> {
        let start = self.at;
        self.space()?;
        let found = self.rest().starts_with(is_name_start) && {
            self.qname()?;
            self.looks_at("{")?
        };
        self.at = start;
        Ok(found)
    }

    fn node_test(&mut self, axis: &str, explicit: bool) -> Parsed<Expr> {
        self.space()?;
        for (kind, test) in [("node", StepTest::Node), ("text", StepTest::Text), ("comment", StepTest::Comment)] {
            if self.take_words(&[kind, "(", ")"])? {
                return self.axis_step(axis, test, None);
            }
        }
        if self.take_words(&["processing-instruction", "("])? {
            let target = self.string()?.or(self.ncname().map(str::to_owned));
            self.expect(")")?;
            return self.axis_step(axis, StepTest::Instruction(target.as_deref()), None);
        }
        for (kind, own) in [("element", ""), ("attribute", "attribute")] {
            if self.take_words(&[kind, "("])? {
                let axis = if explicit || own.is_empty() { axis } else { own };
                let step = if self.looks_at(")")? || self.take("*")? {
                    self.axis_step(axis, StepTest::AnyName, None)?
                } else {
                    self.name_test(axis)?
                };
                self.expect(")")?;
                return Ok(step);
            }
        }
        if self.sees(&["document-node", "("])? || self.sees(&["schema-element", "("])? {
            return self.error("this kind of node test is not a part of XQuery that runs here");
        }
        self.name_test(axis)
    }

    fn name_test(&mut self, axis: &str) -> Parsed<Expr> {
        self.space()?;
        let at = self.at;
        if self.take("*:")? {
            let Some(local) = self.ncname() else { return self.error("a name is expected") };
            return self.axis_step(axis, StepTest::AnyName, Some(local.to_owned()));
        }
        if self.take("*")? {
            return self.axis_step(axis, StepTest::AnyName, None);
        }
        let (prefix, local) = self.qname()?;
        if prefix.is_empty() && self.rest().starts_with(":*") {
            self.at += 2;
            let name = self.resolve(at, local, "any", "")?;
            return self.axis_step(axis, StepTest::Namespace(&name.namespace), None);
        }
        // Attributes without prefix are in no namespace.
        let default = if axis == "attribute" { String::new() } else { self.default_element() };
        let name = self.resolve(at, prefix, local, &default)?;
        self.axis_step(axis, StepTest::Name(&name.namespace, &name.local), None)
    }

    fn with_predicates(&mut self, step: Expr) -> Parsed<Expr> {
        let found = self.predicates()?;
        Ok(match step {
            Expr::Step { step, local, reverse, .. } => Expr::Step { step, local, reverse, predicates: found },
            other => other,
        })
    }

    fn filtered(&mut self, base: Expr) -> Parsed<Expr> {
        let predicates = self.predicates()?;
        Ok(if predicates.is_empty() { base } else { Expr::Filter { base: Box::new(base), predicates } })
    }

    fn predicates(&mut self) -> Parsed<Vec<Expr>> {
        let mut found = Vec::new();
        while self.take("[")? {
            found.push(self.expression()?);
            self.expect("]")?;
        }
        Ok(found)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        self.space()?;
        if let Some(text) = self.string()? {
            return Ok(Expr::Literal(Atomic::String(text)));
        }
        let at = self.at;
        match self.next_char() {
            Some('$') => {
                let name = self.variable_name()?;
                if !self.variables.iter().any(|known| known.is(&name)) {
                    return self.error_at(at, format!("the variable ${} is not declared", name.local));
                }
                Ok(Expr::Variable(name))
            }
            Some('(') => {
                self.at += 1;
                if self.take(")")? {
                    return Ok(Expr::Sequence(Vec::new()));
                }
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some('<') => self.constructor(),
            Some(c)
                if c.is_ascii_digit() || c == '.' && self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) =>
            {
                self.number()
            }
            Some('.') => {
                self.at += 1;
                Ok(Expr::ContextItem)
            }
            Some(c) if is_name_start(c) => match self.computed()? {
                Some(constructor) => Ok(constructor),
                None => self.call(),
            },
            _ => self.error(format!("an expression is expected{}", self.instead())),
        }
    }

    fn number(&mut self) -> Parsed<Expr> {
        let rest = self.rest();
        let mut end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let mut digits = rest.get(..end).unwrap_or("");
        // `1 to 3` has no point; `1..` is no number.
        if let Some(at) = digits.find("..") {
            end = at;
            digits = digits.get(..at).unwrap_or("");
        }
        let tail = rest.get(end..).unwrap_or("");
        if tail.starts_with(['e', 'E']) {
            let sign = usize::from(tail.get(1..).is_some_and(|tail| tail.starts_with(['+', '-'])));
            let power = tail.get(1 + sign..).unwrap_or("");
            let count = power.find(|c: char| !c.is_ascii_digit()).unwrap_or(power.len());
            end += 1 + sign + count;
            let text = rest.get(..end).unwrap_or("");
            self.at += end;
            return match text.parse() {
                Ok(value) => Ok(Expr::Literal(Atomic::Double(value))),
                Err(_) => self.error(format!("'{text}' is not a number")),
            };
        }
        self.at += end;
        if digits.contains('.') {
            return match decimal(digits) {
                Some(value) => Ok(Expr::Literal(Atomic::Decimal(value))),
                None => self.error(format!("'{digits}' is not a number")),
            };
        }
        match digits.parse() {
            Ok(value) => Ok(Expr::Literal(Atomic::Integer(value))),
            Err(_) => self.error(format!("'{digits}' is too large for an integer")),
        }
    }

    fn call(&mut self) -> Parsed<Expr> {
        let at = self.at;
        let (prefix, local) = self.qname()?;
        let default = self.default_function.clone();
        let name = self.resolve(at, prefix, local, &default)?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")")? {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression_single()?);
        }
        let count = arguments.len();
        if name.namespace == XS {
            return match (atomic_named(local), arguments.pop()) {
                (Some(kind), Some(value)) if count == 1 => {
                    Ok(Expr::Cast { value: Box::new(value), kind, optional: true })
                }
                _ => {
                    self.error_at(at, format!("xs:{local} is not a type here; there are strings, booleans and numbers"))
                }
            };
        }
        if name.namespace == FN {
            return match functions::accepts(local, count) {
                Some(true) => Ok(Expr::Call { function: local.to_owned(), arguments }),
                Some(false) => self.error_at(at, format!("{local} does not take {count} arguments")),
                None => self.error_at(at, format!("there is no function {local} here")),
            };
        }
        self.calls.push((name.clone(), count, at));
        Ok(Expr::CallDeclared { name, arguments })
    }
}

impl SequenceType {
    /// Whether so many items may be there.
    pub(crate) fn allows(&self, count: usize) -> bool {
        match count {
            0 => self.may_be_empty,
            1 => true,
            _ => self.may_be_many,
        }
    }
}
