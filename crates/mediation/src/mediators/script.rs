//! `script`: JavaScript on the message (spec: EIP mediators 14).

mod source;
mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use mi_script::{Entry, Language, ScriptError, Value};

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};
use crate::scripting::{self, Pace, prelude};
use source::External;
use target::{Argument, Target};

const TARGETS: &[&str] = &["body", "variable", "none"];

/// Syntax of `script`.
pub const SYNTAX: Syntax = Syntax {
    element: "script",
    summary: "Runs JavaScript with the message as `mc`. A script whose value is `false` stops the flow.",
    attributes: &[
        required(
            "language",
            AttributeKind::Words(&["js", "graalJs", "nashornJs", "rhinoJs"]),
            "The language; `rhinoJs` has XML literals (E4X).",
        ),
        attribute("key", AttributeKind::Value, "Local entry or registry path of the script; without it, the text."),
        defaulted("function", AttributeKind::Text, "mediate", "With `key`: the function, which gets `mc`."),
        attribute("target", AttributeKind::Words(TARGETS), "With `key`: what takes the value of the function."),
        attribute("target-variable", AttributeKind::Text, "The variable, for the target `variable`."),
    ],
    children: &[
        child(
            "include",
            Occurs::Any,
            &[required("key", AttributeKind::Value, "Its local entry or registry path.")],
            Content::Nothing,
            "With `key`: a further script, evaluated after the main one.",
        ),
        child(
            "inputs",
            Occurs::Optional,
            &[],
            Content::Children(&[child(
                "argument",
                Occurs::Any,
                &[
                    required("name", AttributeKind::Text, "Its name, for readers."),
                    attribute("type", AttributeKind::Words(super::variable::TYPES), "Its type."),
                    attribute("value", AttributeKind::Text, "Its value; wins over `expression`."),
                    attribute("expression", AttributeKind::Expression, "Gives its value."),
                ],
                Content::Nothing,
                "An argument.",
            )]),
            "With `target`: what the function gets after `mc`, in this order.",
        ),
    ],
    example: "<script language=\"js\"><![CDATA[\n    var order = mc.getPayloadJSON();\n    \
              mc.setPayloadJSON({ id: order.id, total: order.price * order.quantity });\n]]></script>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Script::parse(element, definitions)?)) };

struct Script {
    language: Arc<str>,
    source: Source,
}

enum Source {
    Inline { script: Arc<mi_script::Script>, pace: Pace },
    External(External),
}

impl Script {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let word = element.required("language", "The 'language' attribute is required for a script mediator")?;
        let (word, language) = language(element, word, definitions)?;
        if element.attribute("key").is_none() && element.attribute("function").is_some() {
            let message = "Cannot use 'function' attribute without 'key' attribute for a script mediator";
            return Err(element.attribute_error("function", message));
        }
        if let Some(include) = element.children_named("include").find(|include| include.attribute("key").is_none()) {
            return Err(include.error("Cannot use 'include' element without 'key' attribute for a script mediator"));
        }
        let source = match element.value("key")? {
            Some(key) => Source::External(External::parse(element, key, language, &word)?),
            None => {
                let name = format!("{}:{}", element.file(), element.line());
                let compiled =
                    mi_script::Script::compile(&name, language, &[&element.text()], Entry::Whole, prelude(&word));
                let script = compiled.map_err(|error| syntax_error(element, language, &error))?;
                Source::Inline { script: Arc::new(script), pace: Pace::default() }
            }
        };
        Ok(Self { language: word.into(), source })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        let outcome = match &self.source {
            Source::Inline { script, pace } => {
                let prefix = context.origin.clone();
                let fault = |error: ScriptError| {
                    let language = &self.language;
                    let message = format!(
                        "The script engine returned an error executing the inlined {language} script function mediate"
                    );
                    failed(&prefix.log_prefix, message, &error.to_string())
                };
                scripting::run(context, script, pace, None).await.map_err(fault)?
            }
            Source::External(external) => match external.run(context, &self.language).await? {
                Some(outcome) => outcome,
                None => return Ok(Flow::Continue),
            },
        };
        Ok(if outcome.value == Value::Boolean(false) { Flow::Stop } else { Flow::Continue })
    }
}

/// The fault of a script. The log says why: fault sequences seldom show `ERROR_DETAIL`.
fn failed(prefix: &str, message: String, reason: &str) -> Fault {
    tracing::error!(target: "org.apache.synapse.mediators.bsf.ScriptMediator", "{prefix}{message}: {reason}");
    Fault::new(message).detail(reason)
}

fn language(
    element: Element<'_>,
    word: &str,
    definitions: &Definitions<'_>,
) -> Result<(String, Language), DeployError> {
    let default = definitions.settings.properties.get("synapse.script.mediator.default.engine");
    let word = if word == "js" && default.is_some_and(|engine| engine == "rhinoJs") { "rhinoJs" } else { word };
    let language = match word {
        "js" | "graalJs" | "nashornJs" => Language::JavaScript,
        "rhinoJs" => Language::E4x,
        other => {
            let error = element.attribute_error("language", format!("No script engine found for language: {other}"));
            return Err(error.hint(match other {
                "groovy" | "rb" | "ruby" | "py" | "python" => {
                    "scripts are JavaScript here; write it in js, or with the mediators"
                }
                _ => "it is one of js, graalJs, nashornJs, rhinoJs",
            }));
        }
    };
    Ok((word.to_owned(), language))
}

fn syntax_error(element: Element<'_>, language: Language, error: &ScriptError) -> DeployError {
    let hint = match error {
        ScriptError::Syntax { line, .. } if language == Language::JavaScript => {
            let source = element.text();
            let index = usize::try_from(*line).unwrap_or(usize::MAX).saturating_sub(1);
            let is_xml = source.lines().nth(index).is_some_and(|text| text.contains("</") || text.contains("..*"));
            if is_xml { format!("{error}; XML in scripts needs language=\"rhinoJs\"") } else { error.to_string() }
        }
        _ => error.to_string(),
    };
    element.error("Exception initializing inline script").hint(hint)
}

impl Mediator for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }
}
