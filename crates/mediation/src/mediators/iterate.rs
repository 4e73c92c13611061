//! `iterate`: a message for each item of the payload (spec: EIP mediators part 3).

mod items;

use std::sync::Arc;

use mi_expression::{Expression, ExpressionKind};

use super::MediatorType;
use super::split::{TARGET, Target, leave_parent};
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, ChildSyntax, Occurs, Syntax, attribute, defaulted, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::{BoxFuture, Mediation, Mediator, MediatorList, Nature, Reference};

/// Syntax of `iterate`.
pub const SYNTAX: Syntax = Syntax {
    element: "iterate",
    summary: "Splits the payload and sends a message for each item to the target.",
    attributes: &[
        required("expression", AttributeKind::Expression, "The items."),
        attribute("id", AttributeKind::Text, "Names the split, for the aggregate that joins the messages."),
        defaulted("continueParent", AttributeKind::Boolean, "false", "Go on with the message itself too."),
        defaulted("preservePayload", AttributeKind::Boolean, "false", "Keep what is around the items."),
        attribute("attachPath", AttributeKind::Expression, "Where in the kept payload the item goes."),
        defaulted("sequential", AttributeKind::Boolean, "false", "One item after another instead of all at once."),
    ],
    children: &[ChildSyntax { occurs: Occurs::Once, ..TARGET }],
    example: "<iterate expression=\"json-eval($.orders)\">\n    <target>\n        <sequence><call><endpoint key=\"OrderEp\"/></call></sequence>\n    </target>\n</iterate>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, definitions| Ok(Box::new(Iterate::parse(element, definitions)?)) };

struct Iterate {
    id: Option<Arc<str>>,
    expression: Expression,
    around: Around,
    continue_parent: bool,
    sequential: bool,
    target: Arc<Target>,
}

/// What is around an item in its message.
enum Around {
    Nothing,
    /// The payload, with the item at this place; without one, where the language's default says.
    Payload(Option<Expression>),
}

impl Iterate {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let missing = "XPATH expression is required for an IterateMediator under the \"expression\" attribute";
        element.required("expression", missing)?;
        let invalid = "Unable to build the IterateMediator. Invalid XPATH ";
        let expression = element.expression("expression", invalid)?.ok_or_else(|| element.error(missing))?;
        let attach = element.expression("attachPath", invalid)?;
        let preserve = element.attribute("preservePayload").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if !preserve && attach.is_some() {
            let message = "Wrong configuration for the iterate mediator :: if the iterator should not preserve payload, \
                           then attachPath can not be present";
            return Err(element.attribute_error("attachPath", message));
        }
        let is_json = |expression: &Expression| expression.kind() == ExpressionKind::JsonPath;
        if attach.as_ref().is_some_and(|attach| is_json(attach) != is_json(&expression)) {
            let message = "Wrong configuraton for the iterate mediator :: both expression and attachPath should be \
                           either jsonpath or xpath";
            return Err(element.attribute_error("attachPath", message));
        }
        let target = element
            .child("target")
            .ok_or_else(|| element.error("Target for an iterate mediator is required :: missing target"))?;
        Ok(Self {
            id: element.non_empty("id").map(Into::into),
            expression,
            around: if preserve { Around::Payload(attach) } else { Around::Nothing },
            continue_parent: element.attribute("continueParent").is_some_and(|text| text.eq_ignore_ascii_case("true")),
            sequential: element.is_true("sequential"),
            target: Arc::new(Target::parse(target, definitions)?),
        })
    }

    async fn run(&self, context: &mut MessageContext) -> Mediation {
        context.build().await?;
        let payloads = items::split(context, &self.expression, &self.around)?;
        let split = context.split(self.id.as_ref(), payloads.len());
        for (index, payload) in payloads.into_iter().enumerate() {
            let mut copy = context.copy_around(payload);
            split.mark(&mut copy, index);
            if self.sequential {
                // A fault has been handled by the copy's own handlers: the others run all the same.
                self.target.run_here(copy).await;
            } else {
                self.target.spawn(copy);
            }
        }
        Ok(leave_parent(context, self.continue_parent))
    }
}

impl Mediator for Iterate {
    fn name(&self) -> &'static str {
        "iterate"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.target.mediators().into_iter().collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.target.reference().into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::context::Reply;
    use crate::testing;

    /// The body with which the first item that has `wanted` as its place answers.
    async fn item(attributes: &str, content_type: &str, body: &'static [u8], wanted: &str) -> Result<String, String> {
        let mut context = testing::context_with(content_type, body);
        context.reply = Reply::Single(None);
        let flow = format!(
            "<iterate {attributes}><target><sequence><filter source=\"get-property('messageSequence')\" regex='{wanted}'>\
             <then><respond/></then></filter></sequence></target></iterate>"
        );
        testing::run(&flow, &mut context).await.map_err(|fault| fault.message().to_owned())?;
        Ok(testing::answer(context).await.2)
    }

    #[tokio::test]
    async fn json_items() {
        let body = br#"{"id":7,"l":[1,"x",{"k":[2]}],"o":{"a":1}}"#;
        for (attributes, wanted, expected) in [
            ("expression='json-eval($.l)'", "0/3", "1"),
            ("expression='json-eval($.l)'", "1/3", "\"x\""),
            ("expression='json-eval($.l[*].k)' sequential='true'", "0/1", "[2]"),
            (
                "expression='json-eval($.l)' preservePayload='true' attachPath='json-eval($.o)'",
                "2/3",
                r#"{"id":7,"l":[],"o":{"k":[2]}}"#,
            ),
            ("expression='json-eval($.l)' preservePayload='true'", "2/3", r#"{"k":[2]}"#),
        ] {
            assert_eq!(
                item(attributes, "application/json", body, wanted).await.as_deref(),
                Ok(expected),
                "{attributes}"
            );
        }
        let fault = "JSON element expressed by the path json-eval($.o) is not a valid JSON array that can be iterated";
        assert_eq!(item("expression='json-eval($.o)'", "application/json", body, "x").await, Err(fault.to_owned()));
        assert!(item("expression='json-eval($.zz)'", "application/json", body, "x").await.is_err());
    }

    #[tokio::test]
    async fn xml_items() {
        let body = b"<r><h/><i>1</i><i>2</i></r>";
        for (attributes, expected) in [
            ("expression='//i'", "<i>2</i>"),
            ("expression='//i' preservePayload='true' attachPath='//h'", "<r><h><i>2</i></h></r>"),
        ] {
            assert_eq!(item(attributes, "application/xml", body, "1/2").await.as_deref(), Ok(expected), "{attributes}");
        }
        let attributes = "expression='//i' preservePayload='true' attachPath='//zz'";
        let fault = "Error in attaching the splitted elements :: Unable to get the attach path specified by the expression //zz";
        assert_eq!(item(attributes, "application/xml", body, "x").await, Err(fault.to_owned()));
    }

    #[tokio::test]
    async fn items_after_a_failing_one_still_run() {
        let sequences =
            [("f", "<property name='seen' scope='operation' expression=\"get-property('messageSequence')\"/>")];
        let mut context = testing::with_body(testing::context_of_sequences(&sequences), "application/json", b"[1,2,3]");
        let flow = "<iterate expression='json-eval($)' sequential='true' continueParent='true'><target><sequence onError='f'>\
            <filter xpath=\"get-property('messageSequence') = '1/3'\"><then><sequence key='none'/></then></filter>\
            <property name='last' scope='operation' expression=\"get-property('messageSequence')\"/>\
            </sequence></target></iterate>";
        testing::run(flow, &mut context).await.expect("no fault");
        let operation = context.operation().lock();
        assert_eq!(operation.text("seen").as_deref(), Some("1/3"));
        assert_eq!(operation.text("last").as_deref(), Some("2/3"));
    }

    #[tokio::test]
    async fn expressions_may_be_parameters_of_a_template() {
        let template = "<template name='t'><parameter name='e'/><parameter name='a'/><sequence>\
            <iterate expression='$func:e' preservePayload='true' attachPath='$func:a'><target><sequence>\
            <filter source=\"get-property('messageSequence')\" regex='1/2'><then><respond/></then></filter>\
            </sequence></target></iterate></sequence></template>";
        let context = testing::context_of_artifacts(&[template]);
        let mut context = testing::with_body(context, "application/xml", b"<r><i>1</i><i>2</i></r>");
        context.reply = Reply::Single(None);
        let call = "<call-template target='t'><with-param name='e' value='{{//i}}'/>\
            <with-param name='a' value='{{//r}}'/></call-template>";
        testing::run(call, &mut context).await.expect("no fault");
        assert_eq!(testing::answer(context).await.2, "<r><i>2</i></r>");
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (attributes, message) in [
            ("", "XPATH expression is required for an IterateMediator under the \"expression\" attribute"),
            ("expression='//['", "Unable to build the IterateMediator. Invalid XPATH //["),
            ("expression='//a'", "Target for an iterate mediator is required :: missing target"),
        ] {
            let error = testing::parse(&format!("<iterate {attributes}/>")).expect_err(attributes);
            assert_eq!(error.message(), message);
        }
        let both = "<iterate expression='//a' preservePayload='true' attachPath='json-eval($)'><target/></iterate>";
        assert!(testing::parse(both).is_err());
        assert!(testing::parse("<iterate expression='//a' attachPath='//b'><target/></iterate>").is_err());
    }
}
