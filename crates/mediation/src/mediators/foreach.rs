//! `foreach`: mediators run on each item of the payload or of a collection (spec: EIP mediators parts 4 and 5).
//!
//! There are two generations: with `expression` the items take the place of the payload one after another ([`in_place`]);
//! with `collection` each item is a message of its own, and the results are joined ([`joined`]).

mod in_place;
mod joined;
mod results;

use super::MediatorType;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::Mediator;

/// Syntax of `foreach`.
pub const SYNTAX: Syntax = Syntax {
    element: "foreach",
    summary: "Runs mediators on each item of `collection` and joins the results; or, with `expression`, on each item of \
              the payload in its place.",
    attributes: &[
        attribute("collection", AttributeKind::Expression, "`${…}` that gives an array or XML elements."),
        defaulted("parallel-execution", AttributeKind::Boolean, "true", "All items at once."),
        attribute("counter-variable", AttributeKind::Text, "Variable with the index; only one item after another."),
        defaulted("continue-without-aggregation", AttributeKind::Boolean, "false", "Do not wait for the results."),
        defaulted("update-original", AttributeKind::Boolean, "true", "Put the results where the items came from."),
        attribute("target-variable", AttributeKind::Text, "Variable for the results otherwise."),
        attribute("result-content-type", AttributeKind::Words(&["JSON", "XML"]), "What the variable holds."),
        attribute("result-enclosing-element", AttributeKind::Text, "Root element of an XML result."),
        attribute("expression", AttributeKind::Expression, "The items, in the first generation."),
        attribute("id", AttributeKind::Text, "Prefix of the properties, in the first generation."),
        attribute("sequence", AttributeKind::Key("sequence"), "A named sequence, in the first generation."),
        defaulted("continueLoopOnFailure", AttributeKind::Boolean, "false", "Leave items out whose mediators fault."),
    ],
    children: &[child("sequence", Occurs::Optional, &[], Content::Mediators, "Runs on each item.")],
    example: "<foreach collection=\"${payload.items}\">\n    <sequence><call><endpoint key=\"PriceEp\"/></call></sequence>\n</foreach>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse };

const LOGGER: &str = "org.apache.synapse.mediators.builtin.ForEachMediator";

fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Box<dyn Mediator>, DeployError> {
    match element.non_empty("collection") {
        Some(collection) => Ok(Box::new(joined::ForEach::parse(element, collection, definitions)?)),
        None => Ok(Box::new(in_place::ForEach::parse(element, definitions)?)),
    }
}

#[cfg(test)]
mod tests;
