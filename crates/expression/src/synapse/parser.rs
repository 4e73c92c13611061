//! The grammar (spec, 4.2): recursive descent, one method a level.

use super::ast::{Function, Node, Operator, ParameterKind, Tail, VariableName, XPathCall};
use super::lexer::{Lexed, Token, lex};
use crate::message::Scope;
use crate::namespaces::Namespaces;
use crate::xpath::SynapseXPath;

/// How deep parentheses, arguments, indices and right-hand sides may be nested; evaluation recurses as deep.
const MAX_DEPTH: usize = 100;

/// Words that are no names, not even behind a dot.
pub(super) const RESERVED: [&str; 12] =
    ["in", "nin", "subsetof", "anyof", "noneof", "size", "empty", "and", "or", "true", "false", "null"];

#[derive(Debug)]
pub(super) struct SyntaxError {
    /// In characters, from 1.
    pub(super) column: usize,
    pub(super) message: String,
}

pub(super) type Parsed<T> = Result<T, SyntaxError>;

pub(super) fn parse(text: &str, namespaces: &Namespaces) -> Parsed<Node> {
    let tokens = lex(text);
    let end = text.chars().count() + 1;
    let mut parser = Parser { tokens: &tokens, at: 0, end, depth: 0, namespaces };
    let node = parser.expression()?;
    if parser.at < tokens.len() {
        return Err(parser.error("Parse error: leftover input after parsing expression"));
    }
    Ok(node)
}

pub(super) struct Parser<'p, 't> {
    pub(super) tokens: &'p [Lexed<'t>],
    pub(super) at: usize,
    end: usize,
    depth: usize,
    namespaces: &'p Namespaces,
}

impl<'t> Parser<'_, 't> {
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error("Syntax error in expression: it is nested too deeply"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    pub(super) fn expression(&mut self) -> Parsed<Node> {
        self.deeper(|parser| {
            let condition = parser.chain(
                &[
                    ("<", Operator::Less),
                    ("<=", Operator::LessOrEqual),
                    (">", Operator::Greater),
                    (">=", Operator::GreaterOrEqual),
                    ("==", Operator::Equal),
                    ("!=", Operator::NotEqual),
                ],
                Self::logical,
            )?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let chosen = parser.expression()?;
            parser.expect(":")?;
            let otherwise = parser.expression()?;
            Ok(Node::Ternary(Box::new([condition, chosen, otherwise])))
        })
    }

    /// `and` and `or` have one precedence, above comparisons, and group to the right.
    fn logical(&mut self) -> Parsed<Node> {
        let left = self.additive()?;
        let operator = match self.peek() {
            Some(Token::Symbol("&&") | Token::Word("and")) => Operator::And,
            Some(Token::Symbol("||") | Token::Word("or")) => Operator::Or,
            _ => return Ok(left),
        };
        self.at += 1;
        let right = self.deeper(Self::logical)?;
        Ok(Node::Chain(Box::new(left), vec![(operator, right)]))
    }

    fn additive(&mut self) -> Parsed<Node> {
        self.chain(&[("+", Operator::Add), ("-", Operator::Subtract)], |parser| {
            parser
                .chain(&[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)], Self::factor)
        })
    }

    fn chain(&mut self, operators: &[(&str, Operator)], operand: impl Fn(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        let first = operand(self)?;
        let mut rest = Vec::new();
        while let Some(Token::Symbol(symbol)) = self.peek()
            && let Some((_, operator)) = operators.iter().find(|(text, _)| *text == symbol)
        {
            self.at += 1;
            rest.push((*operator, operand(self)?));
        }
        Ok(if rest.is_empty() { first } else { Node::Chain(Box::new(first), rest) })
    }

    fn factor(&mut self) -> Parsed<Node> {
        let Some(token) = self.peek() else { return Err(self.syntax("an operand is missing")) };
        match token {
            Token::Number(text) => {
                self.at += 1;
                Ok(number(text))
            }
            Token::Text(text) => {
                self.at += 1;
                Ok(Node::Text(text.to_owned()))
            }
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Symbol("[") => {
                self.at += 1;
                let mut items = Vec::new();
                if !self.take("]") {
                    items.push(self.expression()?);
                    while self.take(",") {
                        items.push(self.expression()?);
                    }
                    self.expect("]")?;
                }
                Ok(Node::Array(items))
            }
            Token::Word("true") => self.literal(Node::Boolean(true)),
            Token::Word("false") => self.literal(Node::Boolean(false)),
            Token::Word("null") => self.literal(Node::Null),
            _ => match self.reference()? {
                Some(node) => Ok(node),
                None => Err(self.syntax("an operand is missing")),
            },
        }
    }

    fn literal(&mut self, node: Node) -> Parsed<Node> {
        self.at += 1;
        Ok(node)
    }

    /// What reads the message or calls a function; `None` if nothing of that begins here.
    pub(super) fn reference(&mut self) -> Parsed<Option<Node>> {
        let word = match self.peek() {
            Some(Token::Symbol("$")) => "payload",
            Some(Token::Word(word)) => word,
            _ => return Ok(None),
        };
        let begin = self.at;
        self.at += 1;
        let node = match word {
            "payload" => Node::Payload(self.path()?),
            "vars" => {
                let name = self.variable_name()?;
                Node::Variable(name, self.path()?)
            }
            "headers" => Node::Header(self.key()?),
            "configs" => Node::Config(self.key()?),
            "params" => {
                self.expect(".")?;
                let kind = match self.peek() {
                    Some(Token::Word("queryParams")) => ParameterKind::Query,
                    Some(Token::Word("pathParams")) => ParameterKind::Path,
                    Some(Token::Word("functionParams")) => ParameterKind::Function,
                    _ => return Err(self.syntax("queryParams, pathParams or functionParams is expected")),
                };
                self.at += 1;
                Node::Parameter(kind, self.key()?)
            }
            "props" | "properties" => {
                self.expect(".")?;
                let scope = match self.peek() {
                    Some(Token::Word("synapse")) => Scope::Default,
                    Some(Token::Word("axis2")) => Scope::Axis2,
                    _ => return Err(self.syntax("synapse or axis2 is expected")),
                };
                self.at += 1;
                Node::Property(scope, self.key()?)
            }
            name => match Function::by_name(name) {
                Some(function) if self.at_symbol("(") => self.call(function)?,
                _ => {
                    self.at = begin;
                    return Ok(None);
                }
            },
        };
        Ok(Some(node))
    }

    fn call(&mut self, function: Function) -> Parsed<Node> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.take(")") {
            arguments.push(self.expression()?);
            while self.take(",") {
                arguments.push(self.expression()?);
            }
            self.expect(")")?;
        }
        let tail = if self.at_symbol(".") && self.word_at(1) == Some("property") && self.symbol_at(2, "(") {
            self.at += 3;
            let name = self.expression()?;
            self.expect(")")?;
            Tail::Property(Box::new(name))
        } else {
            let path = self.path()?;
            if path.steps.is_empty() { Tail::Nothing } else { Tail::Path(path) }
        };
        if function == Function::XPath
            && arguments.len() <= 2
            && let Some(Node::Text(text)) = arguments.first()
        {
            let text = super::value::unquoted(text);
            let xpath = SynapseXPath::compile(text, self.namespaces)
                .map_err(|error| self.syntax(format!("{}: {text}", error.message)))?;
            let variable = arguments.into_iter().nth(1);
            return Ok(Node::XPath(Box::new(XPathCall { xpath, variable })));
        }
        Ok(Node::Call(function, arguments, tail))
    }

    fn variable_name(&mut self) -> Parsed<VariableName> {
        let dotted = self.take(".");
        if self.at_symbol("[") {
            let quoted = self.bracketed_text()?;
            if !dotted && quoted.starts_with('\'') {
                return Ok(VariableName::SingleQuoted);
            }
            return Ok(VariableName::Plain(super::value::unquoted(quoted).to_owned()));
        }
        match self.peek() {
            Some(Token::Text(text)) if dotted => {
                self.at += 1;
                Ok(VariableName::Plain(super::value::unquoted(text).to_owned()))
            }
            _ if dotted => Ok(VariableName::Plain(self.name()?.to_owned())),
            _ => Err(self.syntax("the name of a variable is expected")),
        }
    }

    /// Exactly one step: `.name`, `["name"]` or `.["name"]`.
    fn key(&mut self) -> Parsed<String> {
        let dotted = self.take(".");
        if self.at_symbol("[") {
            return Ok(super::value::unquoted(self.bracketed_text()?).to_owned());
        }
        if !dotted {
            return Err(self.syntax("a dot and a name, or a name in brackets, is expected"));
        }
        Ok(self.name()?.to_owned())
    }

    fn bracketed_text(&mut self) -> Parsed<&'t str> {
        self.expect("[")?;
        let Some(Token::Text(text)) = self.peek() else { return Err(self.syntax("a name in quotes is expected")) };
        self.at += 1;
        self.expect("]")?;
        Ok(text)
    }

    pub(super) fn name(&mut self) -> Parsed<&'t str> {
        match self.peek() {
            Some(Token::Word(word)) if !RESERVED.contains(&word) => {
                self.at += 1;
                Ok(word)
            }
            Some(Token::Word(word)) => Err(self.syntax(format!("{word} is reserved; write [\"{word}\"]"))),
            _ => Err(self.syntax("a name is expected")),
        }
    }

    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).map(|lexed| lexed.token)
    }

    pub(super) fn at_symbol(&self, symbol: &str) -> bool {
        self.symbol_at(0, symbol)
    }

    fn symbol_at(&self, offset: usize, symbol: &str) -> bool {
        let token = self.tokens.get(self.at + offset).map(|lexed| lexed.token);
        matches!(token, Some(Token::Symbol(found)) if found == symbol)
    }

    fn word_at(&self, offset: usize) -> Option<&'t str> {
        match self.tokens.get(self.at + offset)?.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let found = self.at_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.syntax(format!("{symbol} is expected"))) }
    }

    /// A syntax error at the token before.
    pub(super) fn back(&mut self, message: &str) -> SyntaxError {
        self.at -= 1;
        self.syntax(message)
    }

    pub(super) fn syntax(&self, message: impl AsRef<str>) -> SyntaxError {
        self.error(format!("Syntax error in expression: {}", message.as_ref()))
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        let column = self.tokens.get(self.at).map_or(self.end, |lexed| lexed.column);
        SyntaxError { column, message: message.into() }
    }
}

fn number(text: &str) -> Node {
    if let Ok(integer) = text.parse() {
        return Node::Integer(integer);
    }
    match text.parse() {
        Ok(long) => Node::Long(long),
        Err(_) => Node::Double(text.parse().unwrap_or(f64::NAN)),
    }
}
