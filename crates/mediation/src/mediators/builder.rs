//! `builder`: builds the body by its content type (spec: core mediators 5.25).

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, required};
use crate::definition::{DeployError, Element};
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, Nature};

/// Syntax of `builder`.
pub const SYNTAX: Syntax = Syntax {
    element: "builder",
    summary: "Builds the body by its content type. Java classes that it names have no effect; a body that cannot be \
              built goes on as nothing, with a warning.",
    attributes: &[
        attribute("class", AttributeKind::Text, "A Java class; it has no effect."),
        attribute("formatterClass", AttributeKind::Text, "A Java class; needed with `class`, without effect."),
    ],
    children: &[child(
        "messageBuilder",
        Occurs::Any,
        &[
            required("contentType", AttributeKind::Text, "A content type."),
            required("class", AttributeKind::Text, "A Java class; it has no effect."),
            attribute("formatterClass", AttributeKind::Text, "A Java class; it has no effect."),
        ],
        Content::Nothing,
        "Read without `class` only; it has no effect.",
    )],
    example: "<builder/>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Builder::parse(element)?)) };

const TARGET: &str = "org.apache.synapse.mediators.builtin.BuilderMediator";

struct Builder;

impl Builder {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        if element.attribute("class").is_some() {
            element.required("formatterClass", "formatterClass attribute is required")?;
            return Ok(Self);
        }
        for builder in element.children_named("messageBuilder") {
            builder.required("contentType", "contentType attribute is required")?;
            builder.required("class", "class attribute is required")?;
        }
        Ok(Self)
    }
}

impl Mediator for Builder {
    fn name(&self) -> &'static str {
        "builder"
    }

    // A body that cannot be built is no fault here, so the list must not build it.
    fn nature(&self) -> Nature {
        Nature::WAITS
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            let content_type = context.content_types.content_type.clone();
            if context.build().await.is_err() {
                let content_type = content_type.as_deref().unwrap_or_default();
                let prefix = context.log_prefix();
                tracing::warn!(target: TARGET, "{prefix}Error building message with content type :{content_type}");
                tracing::warn!(
                    target: TARGET,
                    "{prefix}Error occurred while trying to build the message, trying to send the message through"
                );
            }
            Ok(Flow::Continue)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing;

    #[tokio::test]
    async fn a_body_is_built() {
        for (content_type, body) in [("application/json", &b"{\"a\":1}"[..]), ("application/xml", b"<a>1</a>")] {
            let mut context = testing::context_with(content_type, body);
            testing::run("<builder/>", &mut context).await.expect("runs");
            assert!(!context.payload.is_unread());
            assert_eq!(testing::body(&context).as_bytes(), body);
        }
        let mut context = testing::context_with("application/xml", b"<a");
        testing::run("<builder class='a.B' formatterClass='a.C'/>", &mut context).await.expect("no fault");
        assert!(context.payload.is_empty());
    }

    #[test]
    fn what_is_not_well_made_is_refused() {
        for (builder, expected) in [
            ("<builder class='a.B'/>", "formatterClass attribute is required"),
            ("<builder><messageBuilder class='a.B'/></builder>", "contentType attribute is required"),
            ("<builder><messageBuilder contentType='a/b'/></builder>", "class attribute is required"),
        ] {
            assert!(testing::parse(builder).expect_err("refused").to_string().contains(expected), "{builder}");
        }
    }
}
