//! Scripts in local entries and the registry.

use std::sync::Arc;

use arc_swap::ArcSwap;
use mi_expression::ValueExpression;
use mi_payload::value::Value;
use mi_script::{Entry, Language, ScriptError};

use super::{Argument, Target};
use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::scripting::{self, Outcome, PRELUDE, Pace};

/// How many compiled scripts a mediator keeps, for keys that are expressions.
const KEPT: usize = 16;

/// A script by key.
pub(super) struct External {
    keys: Vec<ValueExpression>,
    function: String,
    language: Language,
    target: Option<Target>,
    arguments: Vec<Argument>,
    compiled: ArcSwap<Vec<Arc<Compiled>>>,
}

/// What was compiled, and of what.
struct Compiled {
    sources: Vec<Text>,
    script: Arc<mi_script::Script>,
    pace: Pace,
}

/// A key with the version of what it stood for.
#[derive(Debug, Clone, PartialEq)]
struct Text {
    key: String,
    version: Version,
}

#[derive(Debug, Clone, PartialEq)]
enum Version {
    Missing,
    Entry(Arc<str>),
    Resource(u64),
}

impl External {
    pub(super) fn parse(
        element: Element<'_>,
        key: ValueExpression,
        language: Language,
        word: &str,
    ) -> Result<Self, DeployError> {
        let mut keys = vec![key];
        for include in element.children_named("include") {
            keys.push(include.required_value("key")?);
        }
        // The other engines of MI know nothing of targets.
        let has_target = matches!(word, "js" | "graalJs");
        let target = Target::parse(element)?.filter(|_| has_target);
        let arguments = match (&target, element.child("inputs")) {
            (Some(_), Some(inputs)) => {
                inputs.children_named("argument").map(Argument::parse).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        let function = element.attribute("function").unwrap_or("mediate").to_owned();
        Ok(Self { keys, function, language, target, arguments, compiled: ArcSwap::default() })
    }

    /// Runs it. `None` when its value went to a target.
    pub(super) async fn run(&self, context: &mut MessageContext, language: &str) -> Result<Option<Outcome>, Fault> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            keys.push(key.evaluate(context)?.unwrap_or_default().into_owned());
        }
        let key = keys.first().cloned().unwrap_or_default();
        let message = |what: &str| {
            let function = &self.function;
            format!(
                "The script engine returned {what} executing the external {language} script : {key} function {function}"
            )
        };
        let failed = |error: ScriptError| match error {
            ScriptError::NoFunction(_) => Fault::new(message("a NoSuchMethodException")),
            error => Fault::new(message("an error")).detail(error.to_string()),
        };
        let input = match &self.target {
            Some(_) => Some(Argument::encode(&self.arguments, context)?),
            None => None,
        };
        let compiled = self.compiled(context, keys).map_err(failed)?;
        let outcome = scripting::run(context, &compiled.script, &compiled.pace, input).await.map_err(failed)?;
        if outcome.missing_function {
            return Err(failed(ScriptError::NoFunction(self.function.clone())));
        }
        match &self.target {
            None => Ok(Some(outcome)),
            Some(target) => {
                target
                    .take(context, outcome.output)
                    .map_err(|reason| Fault::new(message("an Exception")).detail(reason))?;
                Ok(None)
            }
        }
    }

    fn compiled(&self, context: &MessageContext, keys: Vec<String>) -> Result<Arc<Compiled>, ScriptError> {
        let sources: Vec<Text> = keys
            .into_iter()
            .map(|key| {
                let version = version(context, &key);
                Text { key, version }
            })
            .collect();
        let all = self.compiled.load();
        if let Some(known) = all.iter().find(|known| known.sources == sources) {
            return Ok(known.clone());
        }
        let texts: Vec<String> = sources.iter().map(|source| text(context, source)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let name = sources.first().map_or("", |source| &source.key);
        let entry = Entry::Function(self.function.clone());
        let script = Arc::new(mi_script::Script::compile(name, self.language, &texts, entry, PRELUDE)?);
        let new = Arc::new(Compiled { sources, script, pace: Pace::default() });
        let same_keys = |known: &Compiled| {
            known.sources.iter().map(|source| &source.key).eq(new.sources.iter().map(|source| &source.key))
        };
        self.compiled.rcu(|all| {
            let mut all: Vec<_> = all.iter().filter(|known| !same_keys(known)).cloned().collect();
            if all.len() >= KEPT {
                all.remove(0);
            }
            all.push(new.clone());
            all
        });
        Ok(new)
    }
}

fn version(context: &MessageContext, key: &str) -> Version {
    if let Some(entry) = context.configuration.local_entries.find(key) {
        return match &entry.value {
            Value::String(text) => Version::Entry(text.clone()),
            Value::Xml(fragment) => Version::Entry(fragment.document().direct_text(fragment.node()).into()),
            _ => Version::Missing,
        };
    }
    let resource = context.configuration.environment.resources.read(key);
    resource.map_or(Version::Missing, |resource| Version::Resource(resource.version))
}

/// The script: of XML the text of its root.
fn text(context: &MessageContext, source: &Text) -> String {
    match &source.version {
        Version::Missing => String::new(),
        Version::Entry(text) => text.to_string(),
        Version::Resource(_) => match context.configuration.entry(&source.key) {
            Some(Value::Xml(fragment)) => fragment.document().direct_text(fragment.node()).into_owned(),
            Some(other) => other.string_value().into_owned(),
            None => String::new(),
        },
    }
}
