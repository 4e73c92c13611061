//! From tokens to the compiled form: recursive descent, one method a level.

use super::XPathError;
use super::analysis;
use super::ast::{Axis, Expr, NodeTest, Operator, Predicates, Start, Step};
use super::functions::Function;
use super::lexer::{Lexed, Token, lex};

/// How deep parentheses, predicates and arguments may be nested; evaluation recurses as deep.
const MAX_DEPTH: usize = 100;

/// How many steps a path may have; each hands its nodes to the next one, which recurses too.
pub(super) const MAX_STEPS: usize = 200;

/// The namespace of XPath 2.0's functions.
const FUNCTIONS_NAMESPACE: &str = "http://www.w3.org/2005/xpath-functions";

/// Binds a prefix to a namespace.
pub(super) type Resolve<'r> = &'r dyn Fn(&str) -> Option<String>;

pub(super) fn parse(text: &str, resolve: Resolve<'_>, names: Names) -> Result<Expr, XPathError> {
    whole(text, resolve, names, |parser| parser.expression())
}

/// Reads all of `text` as what `rule` reads.
pub(super) fn whole<T>(
    text: &str,
    resolve: Resolve<'_>,
    names: Names,
    rule: impl FnOnce(&mut Parser<'_, '_>) -> Result<T, XPathError>,
) -> Result<T, XPathError> {
    let tokens = lex(text)?;
    let end = text.chars().count() + 1;
    let mut parser = Parser { tokens: &tokens, at: 0, end, depth: 0, resolve, names };
    let result = rule(&mut parser)?;
    if parser.at < tokens.len() {
        return Err(parser.error("the expression should end here"));
    }
    Ok(result)
}

/// What becomes of the prefixes of variables and of functions that are not XPath's own.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Names {
    /// They stay as written.
    AsWritten,
    /// The namespace takes the place of the prefix, and an unbound prefix is an error.
    Expanded,
}

pub(super) struct Parser<'p, 't> {
    tokens: &'p [Lexed<'t>],
    at: usize,
    /// The column after the last character.
    end: usize,
    depth: usize,
    resolve: Resolve<'p>,
    names: Names,
}

/// The operator levels from loosest to tightest, below `or` and `and`.
const LEVELS: [&[(&str, Operator)]; 4] = [
    &[("=", Operator::Equal), ("!=", Operator::NotEqual)],
    &[("<", Operator::Less), ("<=", Operator::LessOrEqual), (">", Operator::Greater), (">=", Operator::GreaterOrEqual)],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("div", Operator::Divide), ("mod", Operator::Modulo)],
];

impl<'t> Parser<'_, 't> {
    pub(super) fn expression(&mut self) -> Result<Expr, XPathError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error("the expression is nested too deeply"));
        }
        self.depth += 1;
        let expr = self.list("or", Expr::Or, |parser| parser.list("and", Expr::And, |parser| parser.chain(0)));
        self.depth -= 1;
        expr
    }

    /// Operands of one associative operator; a single one stands for itself.
    fn list(
        &mut self,
        symbol: &'static str,
        make: fn(Box<[Expr]>) -> Expr,
        operand: impl Fn(&mut Self) -> Result<Expr, XPathError>,
    ) -> Result<Expr, XPathError> {
        let first = operand(self)?;
        if !self.at_symbol(symbol) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take(symbol) {
            operands.push(operand(self)?);
        }
        Ok(make(operands.into()))
    }

    fn chain(&mut self, level: usize) -> Result<Expr, XPathError> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let first = self.chain(level + 1)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(operators) {
            rest.push((operator, self.chain(level + 1)?));
        }
        Ok(if rest.is_empty() { first } else { Expr::Chain(Box::new(first), rest.into()) })
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let Some(Token::Symbol(symbol)) = self.peek() else { return None };
        let found = operators.iter().find(|(text, _)| text == symbol).map(|(_, operator)| *operator)?;
        self.at += 1;
        Some(found)
    }

    fn unary(&mut self) -> Result<Expr, XPathError> {
        let mut signs = 0_usize;
        while self.take("-") {
            signs += 1;
        }
        let operand = self.list("|", Expr::Union, Self::path)?;
        Ok(match signs {
            0 => operand,
            odd if odd % 2 == 1 => Expr::Negate(Box::new(operand)),
            // An even number of signs still makes a number of it.
            _ => Expr::Negate(Box::new(Expr::Negate(Box::new(operand)))),
        })
    }

    fn path(&mut self) -> Result<Expr, XPathError> {
        let (start, mut steps) = if self.take("//") {
            (Start::Root, vec![any_descendant()])
        } else if self.take("/") {
            if !self.at_step() {
                return Ok(Expr::Path(Box::new(analysis::path(Start::Root, Vec::new()))));
            }
            (Start::Root, Vec::new())
        } else if self.at_primary() {
            let primary = self.primary()?;
            let predicates = self.predicates()?;
            let more = self.at_symbol("/") || self.at_symbol("//");
            if predicates.list.is_empty() && !more {
                return Ok(primary);
            }
            let start = Start::Filter(primary, predicates);
            if !more {
                return Ok(Expr::Path(Box::new(analysis::path(start, Vec::new()))));
            }
            let steps = if self.take("//") { vec![any_descendant()] } else { Vec::new() };
            self.take("/");
            (start, steps)
        } else {
            (Start::Context, Vec::new())
        };
        loop {
            if steps.len() >= MAX_STEPS {
                return Err(self.error("the path has too many steps"));
            }
            steps.push(self.step()?);
            if self.take("//") {
                steps.push(any_descendant());
            } else if !self.take("/") {
                return Ok(Expr::Path(Box::new(analysis::path(start, steps))));
            }
        }
    }

    pub(super) fn step(&mut self) -> Result<Step, XPathError> {
        for (symbol, axis) in [("..", Axis::Parent), (".", Axis::SelfNode)] {
            if self.take(symbol) {
                return Ok(Step { axis, test: NodeTest::Node, predicates: Predicates::default() });
            }
        }
        let axis = if self.take("@") {
            Axis::Attribute
        } else if let Some(&Token::Axis(name)) = self.peek() {
            let axis = axis_named(name).ok_or_else(|| self.error(format!("there is no axis {name}")))?;
            self.at += 1;
            axis
        } else {
            Axis::Child
        };
        let test = self.node_test()?;
        let predicates = self.predicates()?;
        Ok(Step { axis, test, predicates })
    }

    fn node_test(&mut self) -> Result<NodeTest, XPathError> {
        match self.peek() {
            Some(&Token::Name { prefix: "", local: "*" }) => {
                self.at += 1;
                Ok(NodeTest::AnyName)
            }
            Some(&Token::Name { prefix, local }) => {
                self.at += 1;
                Ok(self.name_test(prefix, local))
            }
            Some(&Token::Function { prefix: "", local }) if is_node_type(local) => {
                self.at += 1;
                self.expect("(")?;
                let test = match local {
                    "node" => NodeTest::Node,
                    "text" => NodeTest::Text,
                    "comment" => NodeTest::Comment,
                    _ => {
                        let target = match self.peek() {
                            Some(&Token::Literal(target)) => {
                                self.at += 1;
                                Some(target.into())
                            }
                            _ => None,
                        };
                        NodeTest::Instruction(target)
                    }
                };
                self.expect(")")?;
                Ok(test)
            }
            _ => Err(self.error("a step is expected")),
        }
    }

    fn name_test(&self, prefix: &str, local: &str) -> NodeTest {
        let namespace = if prefix.is_empty() { Some(String::new()) } else { (self.resolve)(prefix) };
        match namespace {
            None => NodeTest::UnknownPrefix(prefix.into()),
            Some(namespace) if local == "*" => NodeTest::Namespace(namespace.into()),
            Some(namespace) => NodeTest::Name { namespace: namespace.into(), local: local.into() },
        }
    }

    fn predicates(&mut self) -> Result<Predicates, XPathError> {
        let mut list = Vec::new();
        while self.take("[") {
            list.push(analysis::predicate(self.expression()?));
            self.expect("]")?;
        }
        Ok(analysis::predicates(list))
    }

    pub(super) fn primary(&mut self) -> Result<Expr, XPathError> {
        let token = self.peek().cloned();
        self.at += 1;
        match token {
            Some(Token::Number(number)) => Ok(Expr::Number(number)),
            Some(Token::Literal(text)) => Ok(Expr::Literal(text.into())),
            Some(Token::Variable { prefix, local }) => {
                Ok(Expr::Variable { prefix: self.owner(prefix)?, local: local.into() })
            }
            Some(Token::Symbol("(")) => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Some(Token::Function { prefix, local }) => self.call(prefix, local),
            _ => {
                self.at -= 1;
                Err(self.error("an expression is expected"))
            }
        }
    }

    fn call(&mut self, prefix: &'t str, local: &'t str) -> Result<Expr, XPathError> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.expression()?);
                if self.take(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        if self.is_core(prefix)
            && let Some(function) = Function::by_name(local)
        {
            return Ok(if function.accepts(arguments.len()) {
                Expr::Call(function, arguments.into())
            } else {
                Expr::WrongArguments(local.into())
            });
        }
        Ok(Expr::Extension { prefix: self.owner(prefix)?, local: local.into(), arguments: arguments.into() })
    }

    /// What stands for the prefix of a variable or an extension function.
    fn owner(&self, prefix: &str) -> Result<Box<str>, XPathError> {
        if prefix.is_empty() || self.names == Names::AsWritten {
            return Ok(prefix.into());
        }
        let bound = (self.resolve)(prefix);
        bound.map(Into::into).ok_or_else(|| self.error(format!("the prefix {prefix} is not bound to a namespace")))
    }

    /// Whether a function of this prefix may be one of XPath's own. Jaxen takes a prefix that nobody declared for none
    /// (Synapse's samples call `fn:concat` so); declared for the functions of XPath 2.0 the same is meant.
    fn is_core(&self, prefix: &str) -> bool {
        let undeclared = self.names == Names::AsWritten;
        prefix.is_empty() || (self.resolve)(prefix).map_or(undeclared, |uri| uri == FUNCTIONS_NAMESPACE)
    }

    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at).map(|lexed| &lexed.token)
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol)
    }

    pub(super) fn at_step(&self) -> bool {
        match self.peek() {
            Some(Token::Name { .. } | Token::Axis(_)) => true,
            Some(Token::Symbol(symbol)) => matches!(*symbol, "." | ".." | "@"),
            Some(Token::Function { prefix, local }) => prefix.is_empty() && is_node_type(local),
            _ => false,
        }
    }

    pub(super) fn at_primary(&self) -> bool {
        match self.peek() {
            Some(Token::Number(_) | Token::Literal(_) | Token::Variable { .. } | Token::Symbol("(")) => true,
            Some(Token::Function { prefix, local }) => !prefix.is_empty() || !is_node_type(local),
            _ => false,
        }
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), XPathError> {
        if self.take(symbol) { Ok(()) } else { Err(self.error(format!("{symbol} is expected"))) }
    }

    pub(super) fn error(&self, message: impl Into<String>) -> XPathError {
        let column = self.tokens.get(self.at).map_or(self.end, |lexed| lexed.column);
        XPathError { column, message: message.into() }
    }
}

/// What `//` stands for.
fn any_descendant() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: NodeTest::Node, predicates: Predicates::default() }
}

fn is_node_type(name: &str) -> bool {
    matches!(name, "node" | "text" | "comment" | "processing-instruction")
}

pub(super) fn axis_named(name: &str) -> Option<Axis> {
    Some(match name {
        "ancestor" => Axis::Ancestor,
        "ancestor-or-self" => Axis::AncestorOrSelf,
        "attribute" => Axis::Attribute,
        "child" => Axis::Child,
        "descendant" => Axis::Descendant,
        "descendant-or-self" => Axis::DescendantOrSelf,
        "following" => Axis::Following,
        "following-sibling" => Axis::FollowingSibling,
        "namespace" => Axis::Namespace,
        "parent" => Axis::Parent,
        "preceding" => Axis::Preceding,
        "preceding-sibling" => Axis::PrecedingSibling,
        "self" => Axis::SelfNode,
        _ => return None,
    })
}
