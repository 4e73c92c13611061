//! `propertyGroup`: several properties in one element (spec: core mediators 5.3).

use super::MediatorType;
use super::property::PropertyMediator;
use crate::context::MessageContext;
use crate::definition::syntax::{PROPERTY_CHILD, Syntax};
use crate::mediator::{Flow, Mediation, Mediator, Nature};

/// Syntax of `propertyGroup`.
pub const SYNTAX: Syntax = Syntax {
    element: "propertyGroup",
    summary: "Sets or removes several properties, in order. Its children are `property` mediators.",
    attributes: &[],
    children: &[PROPERTY_CHILD],
    example: "<propertyGroup>\n    <property name=\"a\" value=\"1\"/>\n    <property name=\"b\" expression=\"$ctx:a\"/>\n</propertyGroup>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| {
        let children = element.children_named("property").map(|child| PropertyMediator::parse(child, definitions));
        Ok(Box::new(PropertyGroup { properties: children.collect::<Result<_, _>>()? }))
    },
};

struct PropertyGroup {
    properties: Vec<PropertyMediator>,
}

impl Mediator for PropertyGroup {
    fn name(&self) -> &'static str {
        "propertyGroup"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        for property in &self.properties {
            property.apply(context)?;
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn properties_are_set_in_order() {
        let mut context = testing::context();
        let flow =
            "<propertyGroup><property name='a' value='1'/><property name='b' expression='$ctx:a'/></propertyGroup>";
        testing::run(flow, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("b").as_deref(), Some("1"));
    }
}
