//! XPath 2.0 (and 3.1) where the configuration asks for it (spec, 3.7).
//!
//! The engine is xee. It has a tree of its own, so the payload is written and parsed again for each evaluation, and
//! what the variables of the expression hold becomes strings, numbers and such trees too. Its programs cannot leave the
//! thread that they were compiled in: what is shared is the text, each thread compiles it when it first needs it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use mi_xml::xpath::{Environment as _, NodeRef, Value};
use xee_xpath::context::{StaticContextBuilder, Variables};
use xee_xpath::query::SequenceQuery;
use xee_xpath::{Atomic, Documents, Item, Queries, Query as _, Sequence};
use xot::xmlname::OwnedName;

use super::functions;
use super::variables::MessageEnvironment;
use crate::namespaces::Namespaces;

/// A longer expression, or one nested deeper, is not compiled: the engine's parser takes exponential time over brackets.
const MAX_LENGTH: usize = 16 << 10;
const MAX_NESTING: usize = 24;
/// A thread that holds more programs than this lets go of all; those in use are compiled again.
const MAX_PROGRAMS: usize = 512;

/// The namespaces of the prefixes that Synapse's variables have.
const SCOPES: [&str; 8] = ["ctx", "axis2", "trp", "operation", "var", "func", "url", "sys"];
/// The prefix of the variables that stand for calls of `get-property`.
const CALL: &str = "synapse-call";

/// An expression that is checked; see the module's documentation.
#[derive(Debug)]
pub(super) struct Second {
    key: u64,
    source: Source,
    namespaces: Namespaces,
}

/// The text with `get-property(…)` replaced by variables, and the variables in it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Source {
    text: String,
    variables: Vec<(String, String)>,
    calls: Vec<Vec<String>>,
}

/// What it gives.
pub(super) struct Outcome {
    /// The string value of the first item; `""` without one.
    pub text: String,
    /// The effective boolean value.
    pub truth: bool,
}

thread_local! {
    static PROGRAMS: RefCell<HashMap<u64, Rc<SequenceQuery>>> = RefCell::default();
}

impl Second {
    /// Checks that the expression compiles.
    pub(super) fn compile(text: &str, namespaces: &Namespaces) -> Result<Self, String> {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        if text.len() > MAX_LENGTH || nesting(text) > MAX_NESTING {
            return Err("it is too long, or its brackets are nested too deeply".to_owned());
        }
        let source = Source::read(text)?;
        let second = Self { key: KEYS.fetch_add(1, Ordering::Relaxed), source, namespaces: namespaces.clone() };
        second.program()?;
        Ok(second)
    }

    pub(super) fn evaluate(&self, env: &MessageEnvironment<'_, '_>) -> Result<Outcome, String> {
        // The engine has places that panic; whatever state it was in is dropped with its documents.
        catch_unwind(AssertUnwindSafe(|| self.run(env))).unwrap_or_else(|_| Err("the engine gave up".to_owned()))
    }

    fn program(&self) -> Result<Rc<SequenceQuery>, String> {
        if let Some(known) = PROGRAMS.with_borrow(|programs| programs.get(&self.key).cloned()) {
            return Ok(known);
        }
        let compiled = catch_unwind(AssertUnwindSafe(|| {
            let mut context = StaticContextBuilder::default();
            let own = self.namespaces.pairs().iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str()));
            context.namespaces(SCOPES.iter().chain([&CALL]).map(|&scope| (scope, scope)).chain(own));
            let calls = (0..self.source.calls.len()).map(|index| name(CALL, &format!("c{index}")));
            let variables = self.source.variables.iter().map(|(prefix, local)| name(prefix, local));
            context.variable_names(variables.chain(calls));
            Queries::default().sequence_with_context(&self.source.text, context.build())
        }));
        let program = match compiled {
            Ok(Ok(program)) => Rc::new(program),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => return Err("the engine gave up".to_owned()),
        };
        PROGRAMS.with_borrow_mut(|programs| {
            if programs.len() >= MAX_PROGRAMS {
                programs.clear();
            }
            programs.insert(self.key, program.clone());
        });
        Ok(program)
    }

    fn run(&self, env: &MessageEnvironment<'_, '_>) -> Result<Outcome, String> {
        let program = self.program()?;
        let mut documents = Documents::new();
        let document = env.envelope.document;
        let payload = document.child_elements(env.envelope.body).next();
        let payload = payload.map_or_else(|| "<empty/>".to_owned(), |node| document.to_xml(node));
        let context = element(&mut documents, &payload)?;
        let mut variables = Variables::default();
        for (prefix, local) in &self.source.variables {
            let value = env.variable(prefix, local).map_err(|error| error.to_string())?;
            variables.insert(name(prefix, local), sequence(&mut documents, value.unwrap_or(Value::Null))?);
        }
        for (index, arguments) in self.source.calls.iter().enumerate() {
            let arguments = arguments.iter().map(|text| Value::from(text.clone())).collect();
            let value = functions::call(env, "get-property", arguments).map_err(|error| error.to_string())?;
            let value = sequence(&mut documents, value.unwrap_or(Value::Null))?;
            variables.insert(name(CALL, &format!("c{index}")), value);
        }
        let result = program.execute_build_context(&mut documents, |builder| {
            builder.context_item(context).variables(variables);
        });
        let result = result.map_err(|error| error.to_string())?;
        let text = match result.iter().next() {
            Some(first) => first.string_value(documents.xot()).map_err(|error| error.to_string())?,
            None => String::new(),
        };
        let truth = result.effective_boolean_value().unwrap_or(!text.is_empty());
        Ok(Outcome { text, truth })
    }
}

fn name(prefix: &str, local: &str) -> OwnedName {
    OwnedName::new(local.to_owned(), prefix.to_owned(), String::new())
}

/// The document element of a document of its own.
fn element(documents: &mut Documents, xml: &str) -> Result<Item, String> {
    let handle = documents.add_string_without_uri(xml).map_err(|error| format!("{error:?}"))?;
    let node = documents.document_node(handle).and_then(|root| documents.xot().document_element(root).ok());
    node.map(Item::Node).ok_or_else(|| "there is no document element".to_owned())
}

fn sequence(documents: &mut Documents, value: Value<'_>) -> Result<Sequence, String> {
    Ok(match value {
        Value::Null => Sequence::default(),
        Value::Boolean(value) => Item::from(Atomic::from(value)).into(),
        Value::Number(number) => Item::from(Atomic::from(number)).into(),
        Value::String(text) => Item::from(Atomic::from(&*text)).into(),
        Value::Foreign { text, numeric: true } => match text.parse::<f64>() {
            Ok(number) => Item::from(Atomic::from(number)).into(),
            Err(_) => Item::from(Atomic::from(&*text)).into(),
        },
        Value::Foreign { text, .. } => Item::from(Atomic::from(&*text)).into(),
        Value::NodeSet(nodes) => {
            let items: Result<Vec<Item>, String> = nodes.iter().map(|node| item(documents, node)).collect();
            items?.into_iter().collect()
        }
    })
}

fn item(documents: &mut Documents, node: NodeRef<'_>) -> Result<Item, String> {
    match node.is_element() {
        true => element(documents, &node.document.to_xml(node.node)),
        false => Ok(Atomic::from(&*node.string_value()).into()),
    }
}

/// How deep brackets stand in one another.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

impl Source {
    /// Takes variables and calls out of an expression; what stands between quotes is left alone.
    fn read(text: &str) -> Result<Self, String> {
        let mut source = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if matches!(first, '"' | '\'') {
                let end = rest.get(1..).and_then(|inner| inner.find(first)).ok_or("a quote is not closed")?;
                rest = source.copy(rest, end + 2);
            } else if let Some(name) = rest.strip_prefix('$') {
                let length = name.find(|character| !is_name(character) && character != ':').unwrap_or(name.len());
                let (prefix, local) =
                    name.get(..length).and_then(|name| name.split_once(':')).unwrap_or(("", &name[..length]));
                let variable = (prefix.to_owned(), local.to_owned());
                if !source.variables.contains(&variable) {
                    source.variables.push(variable);
                }
                rest = source.copy(rest, length + 1);
            } else if is_name(first) {
                let length = rest.find(|character| !is_name(character) && character != ':').unwrap_or(rest.len());
                let (name, after) = rest.split_at(length);
                if name.rsplit(':').next() != Some("get-property") {
                    rest = source.copy(rest, length);
                    continue;
                }
                let (arguments, after) = arguments(after)?;
                source.text.push_str(&format!("${CALL}:c{}", source.calls.len()));
                source.calls.push(arguments);
                rest = after;
            } else {
                rest = source.copy(rest, first.len_utf8());
            }
        }
        Ok(source)
    }

    /// Copies a part of the text and gives what follows it.
    fn copy<'t>(&mut self, rest: &'t str, length: usize) -> &'t str {
        let (part, after) = rest.split_at(length);
        self.text.push_str(part);
        after
    }
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
}

/// The arguments of `get-property`, which must be texts: the engine knows no functions but its own.
fn arguments(text: &str) -> Result<(Vec<String>, &str), String> {
    let literal = || "get-property takes texts between quotes only in an XPath 2.0 expression".to_owned();
    let mut rest = text.trim_start().strip_prefix('(').ok_or_else(literal)?;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(literal)?;
        let (argument, after) = rest.get(1..).and_then(|inner| inner.split_once(quote)).ok_or_else(literal)?;
        found.push(argument.to_owned());
        rest = after.trim_start();
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((found, after));
        }
        rest = rest.strip_prefix(',').ok_or_else(literal)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_calls_are_taken_out_and_quotes_left_alone() {
        let source = Source::read("concat($ctx:a.b, synapse:get-property('axis2', 'x'), '$no get-property(', $body/a)");
        let source = source.expect("readable");
        assert_eq!(source.text, "concat($ctx:a.b, $synapse-call:c0, '$no get-property(', $body/a)");
        let variables = [("ctx".to_owned(), "a.b".to_owned()), (String::new(), "body".to_owned())];
        assert_eq!(source.variables, variables);
        assert_eq!(source.calls, [["axis2", "x"]]);
        assert!(Source::read("get-property(//a)").is_err() && Source::read("'open").is_err());
        assert_eq!(Source::read("$").expect("the engine refuses it").variables.len(), 1);
    }

    #[test]
    fn what_the_engine_takes_too_long_over_is_refused() {
        let deep = format!("{}1{}", "(".repeat(MAX_NESTING + 1), ")".repeat(MAX_NESTING + 1));
        assert!(Second::compile(&deep, &Namespaces::none()).is_err());
        assert!(Second::compile(&" ".repeat(MAX_LENGTH + 1), &Namespaces::none()).is_err());
        assert!(Second::compile("upper-case('a')", &Namespaces::none()).is_ok());
        assert!(Second::compile("upper-case(", &Namespaces::none()).is_err());
    }
}
