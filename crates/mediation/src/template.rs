//! Sequence templates (spec: core mediators 5.22 and 5.23).

use std::sync::Arc;

use mi_payload::value::Value;

use crate::context::{MessageContext, Properties};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};
use crate::mediator::MediatorList;
use crate::mediators::connector;
use crate::names::Name;
use crate::sequence::Sequence;

/// A parameter that a template declares.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: Arc<str>,
    /// The caller must pass it.
    pub mandatory: bool,
    /// Its value when the caller does not pass it, unless it is mandatory.
    pub default: Option<Arc<str>>,
}

/// A sequence with parameters.
#[derive(Debug)]
pub struct SequenceTemplate {
    /// Its name.
    pub name: Name,
    /// The parameters, which are all that is visible inside.
    pub parameters: Vec<Parameter>,
    /// What runs.
    pub sequence: Sequence,
}

impl SequenceTemplate {
    /// Reads `<template name="…"><parameter …/><sequence>…`.
    ///
    /// # Errors
    /// What is wrong with it or a mediator in it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let (name, parameters) = head(element)?;
        let body = element.child("sequence").ok_or_else(|| element.error("A template needs a <sequence> element"))?;
        let mut sequence = Sequence::inline(body, definitions)?;
        sequence.on_error = element.non_empty("onError").map(Name::new);
        Ok(Self { name: Name::new(name), parameters, sequence })
    }

    /// The template of a connector library whose mediators cannot be read: its calls fault with the reason, and the
    /// library's other operations run.
    ///
    /// # Errors
    /// When it has no name, or a parameter has none.
    pub fn faulting(element: Element<'_>, reason: &DeployError) -> Result<Self, DeployError> {
        let (name, parameters) = head(element)?;
        let step = connector::fails(format!("The connector operation {name} cannot be run: {reason}"), element.line());
        Ok(Self { name: Name::new(name), parameters, sequence: Sequence::of(MediatorList::new(vec![step])) })
    }

    /// What its body will see of the parameters that a caller passed.
    ///
    /// # Errors
    /// Code 500101 when a mandatory one is missing.
    pub fn bind(&self, mut passed: Properties) -> Result<Properties, Fault> {
        let mut bound = Properties::default();
        for parameter in &self.parameters {
            if let Some(value) = passed.remove(&*parameter.name) {
                bound.set(parameter.name.clone(), value);
            } else if parameter.mandatory {
                return Err(Fault::with_code(
                    codes::TEMPLATE_PARAMETER,
                    format!(
                        "Neither a value nor default value is provided for mandatory parameter: {} in seq-template {}",
                        parameter.name, self.name
                    ),
                ));
            } else if let Some(default) = &parameter.default {
                bound.set(parameter.name.clone(), Value::String(default.clone()));
            }
        }
        Ok(bound)
    }
}

/// The name and the parameters of a template.
fn head(element: Element<'_>) -> Result<(&str, Vec<Parameter>), DeployError> {
    let name = element.required("name", "A EIP template should be a named mediator .")?;
    let mut parameters = Vec::new();
    for child in element.children_named("parameter") {
        parameters.push(Parameter {
            name: child.required("name", "A parameter of a template needs a name")?.into(),
            mandatory: child.is_true("isMandatory"),
            default: child.attribute("defaultValue").map(Into::into),
        });
    }
    Ok((name, parameters))
}

impl MessageContext {
    /// A parameter of the innermost template call.
    pub fn template_parameter(&self, name: &str) -> Option<&Value> {
        self.templates.last()?.parameters.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(mandatory: bool, default: Option<&str>) -> SequenceTemplate {
        SequenceTemplate {
            name: Name::new("t"),
            parameters: vec![Parameter { name: "p".into(), mandatory, default: default.map(Into::into) }],
            sequence: Sequence::of(MediatorList::default()),
        }
    }

    #[test]
    fn a_mandatory_parameter_ignores_its_default() {
        let fault = template(true, Some("d")).bind(Properties::default()).expect_err("missing");
        assert_eq!(fault.code(), Some(500_101));
        assert!(fault.message().ends_with("mandatory parameter: p in seq-template t"));
    }

    #[test]
    fn only_declared_parameters_are_visible_and_defaults_fill_in() {
        let mut passed = Properties::default();
        passed.set("q", Value::from("x"));
        let bound = template(false, Some("d")).bind(passed).expect("bound");
        assert_eq!(bound.text("p").as_deref(), Some("d"));
        assert!(bound.get("q").is_none());
    }

    #[test]
    fn an_empty_value_counts_as_passed() {
        let mut passed = Properties::default();
        passed.set("p", Value::from(""));
        let bound = template(true, Some("d")).bind(passed).expect("bound");
        assert_eq!(bound.text("p").as_deref(), Some(""));
    }
}
