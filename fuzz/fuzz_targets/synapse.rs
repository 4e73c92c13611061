//! The text of an attribute compiles to an expression of one of the three languages, or does not; either way without a
//! panic, and so does evaluation on a message that has nothing.

#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use mi_expression::{BuildFault, Envelope, Expression, Field, Held, InlineTemplate, Message, Namespaces, Scope, ValueExpression};
use serde_json::Value as Json;

struct Sample(Json);

impl Message for Sample {
    fn envelope(&self) -> Result<Option<Envelope<'_>>, BuildFault> {
        Ok(None)
    }
    fn json(&self) -> Result<Option<&Json>, BuildFault> {
        Ok(Some(&self.0))
    }
    fn json_text(&self) -> Result<Option<Cow<'_, str>>, BuildFault> {
        Ok(Some(Cow::Owned(self.0.to_string())))
    }
    fn has_json_payload(&self) -> bool {
        true
    }
    fn property(&self, scope: Scope, name: &str) -> Option<Held<'_>> {
        (scope == Scope::Default && name == "p").then_some(Held::from("{\"a\":1}"))
    }
    fn variable(&self, _name: &str) -> Option<&mi_payload::Value> {
        None
    }
    fn in_template(&self) -> bool {
        false
    }
    fn template_parameter(&self, _name: &str) -> Option<&mi_payload::Value> {
        None
    }
    fn field(&self, _field: Field) -> Option<Cow<'_, str>> {
        None
    }
    fn config(&self, _name: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("7"))
    }
    fn local_entry(&self, _name: &str) -> Option<Held<'_>> {
        None
    }
    fn registry_resource(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn registry_property(&self, _path: &str, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn secret(&self, _alias: &str) -> Option<Cow<'_, str>> {
        None
    }
}

fuzz_target!(|text: &str| {
    if text.len() > 200 {
        return;
    }
    let message = Sample(serde_json::json!({"a": 1, "l": [1, 2.5, "x", null], "o": {"k": "v"}}));
    let namespaces = Namespaces::none();
    for candidate in [text.to_owned(), format!("${{{text}}}"), format!("json-eval({text})")] {
        if let Ok(expression) = Expression::compile(&candidate, &namespaces) {
            let _ = expression.evaluate_string(&message);
            let _ = expression.evaluate_object(&message);
            let _ = expression.evaluate_nodes(&message);
        }
    }
    let _ = ValueExpression::compile(text, &namespaces);
    let _ = InlineTemplate::synapse(text).map(|template| template.evaluate(&message));
    let _ = InlineTemplate::braces(text, &namespaces).map(|template| template.evaluate(&message));
});
