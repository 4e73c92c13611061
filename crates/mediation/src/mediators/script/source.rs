//! Scripts in local entries and the registry.

use std::sync::Arc;

use mi_expression::ValueExpression;
use mi_payload::value::Value;
use mi_script::{Entry, Language, ScriptError};

use super::{Argument, Target};
use crate::context::MessageContext;
use crate::definition::{DeployError, Element};
use crate::fault::Fault;
use crate::kept::Kept;
use crate::scripting::{self, Outcome, Pace, prelude};

/// A script by key.
pub(super) struct External {
    keys: Vec<ValueExpression>,
    function: String,
    language: Language,
    prelude: &'static str,
    target: Option<Target>,
    arguments: Vec<Argument>,
    compiled: Kept<Compiled>,
}

struct Compiled {
    script: Arc<mi_script::Script>,
    pace: Pace,
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
        Ok(Self { keys, function, language, prelude: prelude(word), target, arguments, compiled: Kept::default() })
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
        let origin = context.origin.clone();
        let failed = |error: ScriptError| {
            let what = match error {
                ScriptError::NoFunction(_) => "a NoSuchMethodException",
                _ => "an error",
            };
            super::failed(&origin.log_prefix, message(what), &error.to_string())
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
                let exception = |reason: String| super::failed(&origin.log_prefix, message("an Exception"), &reason);
                target.take(context, outcome.output).map_err(exception)?;
                Ok(None)
            }
        }
    }

    fn compiled(&self, context: &MessageContext, keys: Vec<String>) -> Result<Arc<Compiled>, ScriptError> {
        let name = keys.first().cloned().unwrap_or_default();
        self.compiled.get(context, keys, |values| {
            let texts: Vec<String> = values.iter().map(|value| text(value.as_ref())).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let entry = Entry::Function(self.function.clone());
            let script = mi_script::Script::compile(&name, self.language, &texts, entry, self.prelude)?;
            Ok(Compiled { script: Arc::new(script), pace: Pace::default() })
        })
    }
}

/// A script as it is kept: of XML the text of its root.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::Xml(fragment)) => fragment.document().direct_text(fragment.node()).into_owned(),
        Some(other) => other.string_value().into_owned(),
        None => String::new(),
    }
}
