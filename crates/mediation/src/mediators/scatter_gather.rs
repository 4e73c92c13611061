//! `scatter-gather`: copies of the message run through several sequences, and what comes of them is gathered (spec: EIP
//! mediators part 8).

mod gather;

use std::sync::Arc;
use std::time::Duration;

use mi_expression::{Expression, ValueExpression};

use super::MediatorType;
use crate::context::MessageContext;
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted, required};
use crate::definition::{Definitions, DeployError, Element};
use crate::mediator::{BoxFuture, Mediation, Mediator, MediatorList, Nature};
use crate::sequence::Sequence;

/// Syntax of `scatter-gather`.
pub const SYNTAX: Syntax = Syntax {
    element: "scatter-gather",
    summary: "Runs several sequences on copies of the message and gathers a value from each into the body or a variable.",
    attributes: &[
        defaulted("parallel-execution", AttributeKind::Boolean, "true", "All sequences at once."),
        required("target", AttributeKind::Words(&["body", "variable"]), "Where the result goes."),
        attribute("target-variable", AttributeKind::Text, "Name of the variable."),
        required("result-content-type", AttributeKind::Words(&["JSON", "XML"]), "What the result is."),
        attribute("result-enclosing-element", AttributeKind::Text, "Root element of an XML result."),
    ],
    children: &[
        child(
            "aggregation",
            Occurs::Once,
            &[
                required("expression", AttributeKind::Expression, "The value that is taken from each copy."),
                attribute("condition", AttributeKind::Expression, "Only copies for which it is `true` are gathered."),
                attribute("timeout", AttributeKind::Integer, "Milliseconds after the first copy when gathering ends."),
                attribute("min-messages", AttributeKind::Value, "Gathering ends when there are this many."),
                attribute("max-messages", AttributeKind::Value, "No more than this many are gathered."),
            ],
            Content::Nothing,
            "How the copies are gathered.",
        ),
        child("sequence", Occurs::AtLeastOnce, &[], Content::Mediators, "Runs on a copy."),
    ],
    example: "<scatter-gather target=\"variable\" target-variable=\"quotes\" result-content-type=\"JSON\">\n    <aggregation expression=\"${payload.price}\" timeout=\"2000\"/>\n    <sequence><call><endpoint key=\"A\"/></call></sequence>\n    <sequence><call><endpoint key=\"B\"/></call></sequence>\n</scatter-gather>",
};

pub(super) const TYPE: MediatorType = MediatorType {
    syntax: &SYNTAX,
    parse: |element, definitions| Ok(Box::new(ScatterGather::parse(element, definitions)?)),
};

struct ScatterGather {
    parallel: bool,
    target: Target,
    format: ResultFormat,
    aggregation: Aggregation,
    branches: Vec<Arc<Sequence>>,
}

enum Target {
    Body,
    Variable(Arc<str>),
}

enum ResultFormat {
    Json,
    /// XML with this root element.
    Xml(String),
}

struct Aggregation {
    expression: Expression,
    condition: Option<Expression>,
    timeout: Option<Duration>,
    min: Option<ValueExpression>,
    max: Option<ValueExpression>,
}

impl ScatterGather {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let content_type = "The 'result-content-type' attribute is required for the configuration of a Scatter Gather \
                            mediator";
        let format = match element.required("result-content-type", content_type)? {
            "JSON" => ResultFormat::Json,
            "XML" => {
                let message = "The 'result-enclosing-element' attribute is required for the configuration of a Scatter \
                               Gather mediator when the 'result-content-type' is 'XML'";
                ResultFormat::Xml(element.required("result-enclosing-element", message)?.trim().to_owned())
            }
            _ => {
                let message = "The 'result-content-type' attribute should be either 'JSON' or 'XML'";
                return Err(element.attribute_error("result-content-type", message));
            }
        };
        let message = "The 'target' attribute is required for the configuration of a Scatter Gather mediator";
        let target = element.required("target", message)?;
        let target = if target.eq_ignore_ascii_case("body") {
            Target::Body
        } else if target.eq_ignore_ascii_case("variable") {
            let message = "The 'target-variable' attribute is required for the configuration of a Scatter Gather mediator \
                           when the 'target' is 'variable'";
            Target::Variable(element.required("target-variable", message)?.into())
        } else {
            return Err(
                element.attribute_error("target", "The 'target' attribute should be either 'body' or 'variable'")
            );
        };
        let aggregation = element.child("aggregation").ok_or_else(|| {
            element.error("The 'aggregation' element is required for the configuration of a Scatter Gather mediator")
        })?;
        let branches =
            element.children_named("sequence").map(|branch| Sequence::inline(branch, definitions).map(Arc::new));
        let branches = branches.collect::<Result<Vec<_>, _>>()?;
        if branches.is_empty() {
            let message = "A 'sequence' element is required for the configuration of a Scatter Gather mediator";
            return Err(element.error(message));
        }
        Ok(Self {
            parallel: element.attribute("parallel-execution") != Some("false"),
            target,
            format,
            aggregation: Aggregation::parse(aggregation)?,
            branches,
        })
    }
}

impl Aggregation {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let message = "The 'expression' attribute is required for the configuration of a Scatter Gather mediator";
        let text = element.required("expression", message)?;
        let expression = element.compile(text, "expression", "Unable to load the aggregating expression ")?;
        let timeout =
            element.integer("timeout")?.and_then(|millis| u64::try_from(millis).ok()).filter(|&millis| millis > 0);
        Ok(Self {
            expression,
            condition: element.expression("condition", "Unable to load the condition ")?,
            timeout: timeout.map(Duration::from_millis),
            min: element.value("min-messages")?,
            max: element.value("max-messages")?,
        })
    }
}

impl Mediator for ScatterGather {
    fn name(&self) -> &'static str {
        "scatter-gather"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(self.run(context))
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.branches.iter().map(|branch| &branch.mediators).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::context::MessageContext;
    use crate::mediator::Flow;
    use crate::testing;

    async fn gathered(attributes: &str, aggregation: &str, branches: &str) -> Result<(MessageContext, Flow), String> {
        let mut context = testing::context_with("application/json", br#"{"a":1}"#);
        let flow = format!("<scatter-gather {attributes}><aggregation {aggregation}/>{branches}</scatter-gather>");
        let flow = testing::run(&flow, &mut context).await.map_err(|fault| fault.message().to_owned())?;
        Ok((context, flow))
    }

    fn branch(value: &str) -> String {
        format!(
            "<sequence><payloadFactory media-type='json'><format>{{\"p\":{value}}}</format></payloadFactory>\
             <call><endpoint><address uri='http://echo/'/></endpoint></call><property name='last' value='{value}'/></sequence>"
        )
    }

    #[tokio::test]
    async fn into_a_variable() {
        let attributes = "parallel-execution='false' target='variable' target-variable='v' result-content-type='JSON'";
        let branches = format!("{}{}", branch("1"), branch("2"));
        let (context, flow) = gathered(attributes, "expression='${payload.p}'", &branches).await.expect("no fault");
        assert_eq!(flow, Flow::Continue);
        assert_eq!(context.variables.text("v").as_deref(), Some("[1,2]"));
        assert_eq!(testing::body(&context), r#"{"a":1}"#);
        assert!(context.properties.get("last").is_none());
    }

    #[tokio::test]
    async fn into_the_body_of_the_last_copy() {
        let attributes = "parallel-execution='false' target='body' result-content-type='JSON'";
        let branches = format!("{}{}", branch("1"), branch("2"));
        let (context, _) = gathered(attributes, "expression='${payload.p}'", &branches).await.expect("no fault");
        assert_eq!(testing::body(&context), "[1,2]");
        assert_eq!(context.properties.text("last").as_deref(), Some("2"));
        let attributes = "target='body' result-content-type='XML' result-enclosing-element='all'";
        let branch = "<sequence><payloadFactory><format><x xmlns=''>1</x></format></payloadFactory></sequence>";
        let (context, _) = gathered(attributes, "expression='$body/*[1]'", branch).await.expect("no fault");
        assert_eq!(testing::body(&context).replace(" xmlns=\"\"", ""), "<all><x>1</x></all>");
    }

    #[tokio::test]
    async fn conditions_counts_and_copies_that_fail() {
        let attributes = "parallel-execution='false' target='variable' target-variable='v' result-content-type='JSON'";
        let branches = format!("<sequence><sequence key='none'/></sequence>{}{}", branch("1"), branch("2"));
        let value = |run: Result<(MessageContext, Flow), String>| {
            let (context, flow) = run.expect("no fault");
            (flow, context.variables.text("v").map(std::borrow::Cow::into_owned))
        };
        let expression = "expression='${payload.p}'";
        assert_eq!(value(gathered(attributes, expression, &branches).await), (Flow::Stop, None));
        let min = format!("{expression} min-messages='1'");
        assert_eq!(value(gathered(attributes, &min, &branches).await), (Flow::Continue, Some("[1]".to_owned())));
        let timed = format!("{expression} timeout='1000'");
        assert_eq!(value(gathered(attributes, &timed, &branches).await), (Flow::Continue, Some("[1,2]".to_owned())));
        let condition = format!("{expression} timeout='1000' condition='${{payload.p == 2}}'");
        assert_eq!(value(gathered(attributes, &condition, &branches).await), (Flow::Continue, Some("[2]".to_owned())));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for scatter in [
            "<scatter-gather/>",
            "<scatter-gather target='body' result-content-type='json'/>",
            "<scatter-gather target='body' result-content-type='JSON'><sequence/></scatter-gather>",
            "<scatter-gather target='body' result-content-type='JSON'><aggregation expression='${payload}'/></scatter-gather>",
            "<scatter-gather target='variable' result-content-type='JSON'/>",
            "<scatter-gather target='body' result-content-type='XML'/>",
        ] {
            assert!(testing::parse(scatter).is_err(), "{scatter}");
        }
    }
}
