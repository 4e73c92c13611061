//! Expressions, from the loosest operator to the tightest.

use super::{Parsed, Parser};
use crate::Atomic;
use crate::ast::{Clause, Comparison, Expr, Flwor, Name, Operator, OrderKey};

/// Words that begin expressions which are not here.
const REFUSED: [(&[&str], &str); 8] = [
    (&["typeswitch", "("], "typeswitch"),
    (&["validate", "{"], "validate"),
    (&["ordered", "{"], "ordered"),
    (&["unordered", "{"], "unordered"),
    (&["try", "{"], "try"),
    (&["switch", "("], "switch"),
    (&["namespace", "{"], "namespace"),
    (&["for", "tumbling"], "windows"),
];

type Rule<'t> = fn(&mut Parser<'t>) -> Parsed<Expr>;

impl<'t> Parser<'t> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let first = self.expression_single()?;
        if !self.looks_at(",")? {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take(",")? {
            all.push(self.expression_single()?);
        }
        Ok(Expr::Sequence(all))
    }

    pub(super) fn expression_single(&mut self) -> Parsed<Expr> {
        self.nested(|parser| {
            for (words, name) in REFUSED {
                if parser.sees(words)? {
                    return parser.error(format!("{name} is not a part of XQuery that runs here"));
                }
            }
            if parser.sees(&["for", "$"])? || parser.sees(&["let", "$"])? {
                return parser.flwor();
            }
            for (word, every) in [("some", false), ("every", true)] {
                if parser.sees(&[word, "$"])? {
                    return parser.quantified(word, every);
                }
            }
            if parser.sees(&["if", "("])? {
                parser.take_words(&["if", "("])?;
                let condition = parser.expression()?;
                parser.expect(")")?;
                parser.keyword("then")?;
                let then = parser.expression_single()?;
                parser.keyword("else")?;
                return Ok(Expr::If(Box::new((condition, then, parser.expression_single()?))));
            }
            parser.or()
        })
    }

    fn keyword(&mut self, word: &str) -> Parsed<()> {
        if self.take_words(&[word])? { Ok(()) } else { self.error(format!("{word} is expected{}", self.instead())) }
    }

    fn flwor(&mut self) -> Parsed<Expr> {
        let outer = self.variables.len();
        let mut clauses = Vec::new();
        loop {
            if self.sees(&["for", "$"])? {
                self.take("for")?;
                loop {
                    let name = self.variable_name()?;
                    if self.take_words(&["as"])? {
                        self.sequence_type()?;
                    }
                    let position = if self.take_words(&["at"])? { Some(self.variable_name()?) } else { None };
                    self.keyword("in")?;
                    let within = self.expression_single()?;
                    self.variables.push(name.clone());
                    self.variables.extend(position.clone());
                    clauses.push(Clause::For { name, position, within });
                    if !self.take(",")? {
                        break;
                    }
                }
            } else if self.sees(&["let", "$"])? {
                self.take("let")?;
                loop {
                    let name = self.variable_name()?;
                    let kind = if self.take_words(&["as"])? { Some(self.sequence_type()?) } else { None };
                    self.expect(":=")?;
                    let value = self.expression_single()?;
                    self.variables.push(name.clone());
                    clauses.push(Clause::Let { name, kind, value });
                    if !self.take(",")? {
                        break;
                    }
                }
            } else if self.take_words(&["where"])? {
                clauses.push(Clause::Where(self.expression_single()?));
            } else if self.take_words(&["stable", "order", "by"])? || self.take_words(&["order", "by"])? {
                clauses.push(Clause::Order(self.order_keys()?));
            } else if self.sees(&["group", "by"])? || self.sees(&["count", "$"])? {
                return self.error("group by and count are not a part of XQuery that runs here");
            } else {
                break;
            }
        }
        self.keyword("return")?;
        let result = self.expression_single()?;
        self.variables.truncate(outer);
        Ok(Expr::Flwor(Box::new(Flwor { clauses, result })))
    }

    fn order_keys(&mut self) -> Parsed<Vec<OrderKey>> {
        let mut keys = Vec::new();
        loop {
            let by = self.expression_single()?;
            let descending = self.take_words(&["descending"])?;
            if !descending {
                self.take_words(&["ascending"])?;
            }
            let empty_greatest = self.take_words(&["empty", "greatest"])?;
            if !empty_greatest {
                self.take_words(&["empty", "least"])?;
            }
            if self.sees(&["collation"])? {
                return self.error("there are no collations");
            }
            keys.push(OrderKey { by, descending, empty_greatest });
            if !self.take(",")? {
                return Ok(keys);
            }
        }
    }

    fn quantified(&mut self, word: &str, every: bool) -> Parsed<Expr> {
        self.take(word)?;
        let outer = self.variables.len();
        let mut bindings: Vec<(Name, Expr)> = Vec::new();
        loop {
            let name = self.variable_name()?;
            self.keyword("in")?;
            let within = self.expression_single()?;
            self.variables.push(name.clone());
            bindings.push((name, within));
            if !self.take(",")? {
                break;
            }
        }
        self.keyword("satisfies")?;
        let condition = Box::new(self.expression_single()?);
        self.variables.truncate(outer);
        Ok(Expr::Quantified { every, bindings, condition })
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.words("or", Expr::Or, |parser| parser.words("and", Expr::And, Self::comparison))
    }

    fn words(&mut self, word: &str, make: fn(Vec<Expr>) -> Expr, operand: Rule<'t>) -> Parsed<Expr> {
        let first = operand(self)?;
        if !self.sees(&[word])? {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take_words(&[word])? {
            all.push(operand(self)?);
        }
        Ok(make(all))
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        const GENERAL: [(&str, Comparison); 6] = [
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("=", Comparison::Equal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ];
        const VALUE: [(&str, Comparison); 6] = [
            ("eq", Comparison::Equal),
            ("ne", Comparison::NotEqual),
            ("lt", Comparison::Less),
            ("le", Comparison::LessOrEqual),
            ("gt", Comparison::Greater),
            ("ge", Comparison::GreaterOrEqual),
        ];
        let left = self.concat()?;
        for (word, comparison) in VALUE {
            if self.take_words(&[word])? {
                return Ok(Expr::Value(comparison, Box::new((left, self.concat()?))));
            }
        }
        if self.take_words(&["is"])? {
            return Ok(Expr::Is(Box::new((left, self.concat()?))));
        }
        if self.looks_at("<<")? || self.looks_at(">>")? {
            return self.error("<< and >> are not a part of XQuery that runs here");
        }
        for (symbol, comparison) in GENERAL {
            if self.take(symbol)? {
                return Ok(Expr::General(comparison, Box::new((left, self.concat()?))));
            }
        }
        Ok(left)
    }

    fn concat(&mut self) -> Parsed<Expr> {
        let first = self.range()?;
        if !self.looks_at("||")? {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.take("||")? {
            all.push(self.range()?);
        }
        Ok(Expr::Concat(all))
    }

    fn range(&mut self) -> Parsed<Expr> {
        let left = self.additive()?;
        if self.take_words(&["to"])? {
            return Ok(Expr::Range(Box::new((left, self.additive()?))));
        }
        Ok(left)
    }

    fn additive(&mut self) -> Parsed<Expr> {
        let mut left = self.multiplicative()?;
        loop {
            let operator = match () {
                () if self.take("+")? => Operator::Add,
                () if self.take("-")? => Operator::Subtract,
                () => return Ok(left),
            };
            left = Expr::Arithmetic(operator, Box::new((left, self.multiplicative()?)));
        }
    }

    fn multiplicative(&mut self) -> Parsed<Expr> {
        let mut left = self.union()?;
        loop {
            let operator = match () {
                () if self.take("*")? => Operator::Multiply,
                () if self.take_words(&["div"])? => Operator::Divide,
                () if self.take_words(&["idiv"])? => Operator::IntegerDivide,
                () if self.take_words(&["mod"])? => Operator::Modulo,
                () => return Ok(left),
            };
            left = Expr::Arithmetic(operator, Box::new((left, self.union()?)));
        }
    }

    fn union(&mut self) -> Parsed<Expr> {
        let mut left = self.intersect()?;
        loop {
            self.space()?;
            let bar = self.rest().starts_with('|') && !self.rest().starts_with("||");
            if bar {
                self.at += 1;
            }
            if !bar && !self.take_words(&["union"])? {
                return Ok(left);
            }
            left = Expr::Union(Box::new((left, self.intersect()?)));
        }
    }

    fn intersect(&mut self) -> Parsed<Expr> {
        let mut left = self.cast()?;
        loop {
            if self.take_words(&["intersect"])? {
                left = Expr::Intersect(Box::new((left, self.cast()?)));
            } else if self.take_words(&["except"])? {
                left = Expr::Except(Box::new((left, self.cast()?)));
            } else {
                return Ok(left);
            }
        }
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let value = self.unary()?;
        if self.sees(&["instance", "of"])? || self.sees(&["treat", "as"])? {
            return self.error("instance of and treat as are not a part of XQuery that runs here");
        }
        if self.take_words(&["castable", "as"])? {
            let kind = self.atomic_type()?;
            self.take("?")?;
            return Ok(Expr::Castable { value: Box::new(value), kind });
        }
        if self.take_words(&["cast", "as"])? {
            let kind = self.atomic_type()?;
            let optional = self.take("?")?;
            return Ok(Expr::Cast { value: Box::new(value), kind, optional });
        }
        Ok(value)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let mut signs = Vec::new();
        loop {
            if self.take("-")? {
                signs.push(true);
            } else if self.take("+")? {
                signs.push(false);
            } else {
                break;
            }
        }
        let mut value = self.map()?;
        for negative in signs.into_iter().rev() {
            let zero = Expr::Literal(Atomic::Integer(0));
            value = if negative {
                Expr::Negate(Box::new(value))
            } else {
                Expr::Arithmetic(Operator::Add, Box::new((zero, value)))
            };
        }
        Ok(value)
    }

    fn map(&mut self) -> Parsed<Expr> {
        let mut left = self.path()?;
        loop {
            self.space()?;
            if !self.rest().starts_with('!') || self.rest().starts_with("!=") {
                return Ok(left);
            }
            self.at += 1;
            left = Expr::Map(Box::new((left, self.path()?)));
        }
    }
}
