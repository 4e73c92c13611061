//! `rewrite`: changes parts of the address, or of a URL in a property, by rules (spec: core mediators 5.27).

use std::sync::Arc;

use mi_expression::Expression;
use mi_payload::java::JavaRegex;
use mi_payload::value::Value;

use super::MediatorType;
use crate::context::{MessageContext, To};
use crate::definition::syntax::{AttributeKind, Content, Occurs, Syntax, attribute, child, defaulted};
use crate::definition::{DeployError, Element};
use crate::evaluator::Evaluator;
use crate::fault::Fault;
use crate::mediator::{Flow, Mediation, Mediator, Nature};
use crate::url_fragments::{Part, UrlFragments};

const LOG: &str = "org.apache.synapse.mediators.transform.url.URLRewriteMediator";

/// Syntax of `rewrite`.
pub const SYNTAX: Syntax = Syntax {
    element: "rewrite",
    summary: "Changes parts of the To address, or of a URL in a property, by rules that run in order.",
    attributes: &[
        attribute(
            "inProperty",
            AttributeKind::Text,
            "The property with the URL to begin with; without it, the To address.",
        ),
        attribute(
            "outProperty",
            AttributeKind::Text,
            "The property that takes the result; without it, the To address.",
        ),
    ],
    children: &[child(
        "rewriterule",
        Occurs::Any,
        &[],
        Content::Children(&[
            child(
                "condition",
                Occurs::Optional,
                &[],
                Content::Xml,
                "The rule is for URLs and messages of which this holds.",
            ),
            child(
                "action",
                Occurs::AtLeastOnce,
                &[
                    attribute("value", AttributeKind::Text, "The text."),
                    attribute(
                        "xpath",
                        AttributeKind::Expression,
                        "An expression that gives the text; wins over `value`.",
                    ),
                    defaulted(
                        "type",
                        AttributeKind::Words(&["set", "append", "prepend", "replace", "remove", "remove-query-param"]),
                        "set",
                        "What is done.",
                    ),
                    defaulted("fragment", AttributeKind::Words(Part::NAMES), "full", "To which part."),
                    attribute("regex", AttributeKind::Regex, "For `replace`: what the text takes the place of."),
                    defaulted(
                        "resolve",
                        AttributeKind::Boolean,
                        "false",
                        "Replaces `{name}` in the result by the property of that name.",
                    ),
                ],
                Content::Nothing,
                "A change.",
            ),
        ]),
        "A rule.",
    )],
    example: "<rewrite>\n    <rewriterule>\n        <condition><equal type=\"url\" source=\"host\" value=\"old\"/></condition>\n        \
              <action fragment=\"host\" value=\"new\"/>\n        \
              <action type=\"replace\" fragment=\"path\" regex=\"/v1/\" value=\"/v2/\"/>\n    </rewriterule>\n</rewrite>",
};

pub(super) const TYPE: MediatorType =
    MediatorType { syntax: &SYNTAX, parse: |element, _| Ok(Box::new(Rewrite::parse(element)?)) };

struct Rewrite {
    input: Option<String>,
    output: Option<Arc<str>>,
    rules: Vec<Rule>,
}

struct Rule {
    condition: Option<Evaluator>,
    actions: Vec<Action>,
}

struct Action {
    text: Text,
    change: Change,
    part: Part,
    resolve: bool,
}

enum Text {
    None,
    Static(String),
    Expression(Expression),
}

enum Change {
    Set,
    Append,
    Prepend,
    Replace(Box<JavaRegex>),
    Remove,
    RemoveQueryParameter,
}

impl Rewrite {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        Ok(Self {
            input: element.non_empty("inProperty").map(str::to_owned),
            output: element.non_empty("outProperty").map(Arc::from),
            rules: element.children_named("rewriterule").map(Rule::parse).collect::<Result<_, _>>()?,
        })
    }

    fn url(&self, context: &MessageContext) -> String {
        match &self.input {
            Some(name) => context.properties.text(name).unwrap_or_default().into_owned(),
            None => context.to_address().unwrap_or_default().to_owned(),
        }
    }
}

impl Rule {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let condition = match element.child("condition") {
            None => None,
            Some(condition) => match condition.children().next() {
                Some(child) => Some(Evaluator::parse(child)?),
                None => return Err(condition.error("Error while parsing the rule condition")),
            },
        };
        let actions: Vec<_> = element.children_named("action").map(Action::parse).collect::<Result<_, _>>()?;
        if actions.is_empty() {
            return Err(element.error("At least one action is required on a rewriterule element"));
        }
        Ok(Self { condition, actions })
    }
}

impl Action {
    fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let name = element.attribute("type").unwrap_or("set");
        let text = match element.expression("xpath", "Error while parsing the XPath expression: ")? {
            Some(expression) => Text::Expression(expression),
            None => element.attribute("value").map_or(Text::None, |value| Text::Static(value.to_owned())),
        };
        if matches!(text, Text::None) && name != "remove" {
            return Err(element.error("value or xpath attribute is required on the action element"));
        }
        let fragment = element.attribute("fragment").unwrap_or("full");
        let part = Part::by_name(fragment).ok_or_else(|| {
            let error = element.attribute_error("fragment", format!("Unknown URL fragment name: {fragment}"));
            error.hint(format!("it is one of {}", Part::NAMES.join(", ")))
        })?;
        let change = match name {
            "set" => Change::Set,
            "append" => Change::Append,
            "prepend" => Change::Prepend,
            "remove" => Change::Remove,
            "replace" => {
                let pattern = element.required("regex", "regex attribute is required for replace action")?;
                let regex = JavaRegex::new(pattern).map_err(|error| {
                    element.attribute_error("regex", "Invalid regular expression").hint(error.to_string())
                })?;
                Change::Replace(Box::new(regex))
            }
            "remove-query-param" if part == Part::Query => Change::RemoveQueryParameter,
            "remove-query-param" => {
                return Err(element.error("Action remove-query-param is only allowed for query fragment"));
            }
            other => {
                let error = element.attribute_error("type", format!("Unknown URL rewrite action type: {other}"));
                return Err(error.hint("it is one of set, append, prepend, replace, remove, remove-query-param"));
            }
        };
        Ok(Self { text, change, part, resolve: element.is_true("resolve") })
    }

    fn apply(&self, context: &MessageContext, url: &mut UrlFragments) -> Result<(), Fault> {
        let text = match &self.text {
            Text::None => None,
            Text::Static(text) => Some(text.clone()),
            Text::Expression(expression) => expression.evaluate_string(context)?.map(std::borrow::Cow::into_owned),
        };
        // These two are always replaced as a whole.
        let changed =
            if matches!(self.part, Part::Full | Part::Port) { text } else { self.changed(url.get(self.part), text) };
        let changed = if self.resolve { changed.and_then(|text| resolved(&text, context)) } else { changed };
        let malformed = changed.clone();
        if url.set(self.part, changed) {
            Ok(())
        } else {
            Err(Fault::new(format!("Malformed input URI: {}", malformed.unwrap_or_default())))
        }
    }

    fn changed(&self, current: Option<String>, text: Option<String>) -> Option<String> {
        let joint = if self.part == Part::Query { "&" } else { "" };
        match &self.change {
            Change::Set => text,
            Change::Remove => None,
            Change::Append => Some(join(current.as_deref(), &text.unwrap_or_default(), joint)),
            Change::Prepend => {
                let text = text.unwrap_or_default();
                Some(match current.as_deref() {
                    Some(current) if !current.is_empty() => join(Some(&text), current, joint),
                    _ => text,
                })
            }
            Change::Replace(regex) => current.map(|current| regex.replace_all(&current, &text.unwrap_or_default())),
            Change::RemoveQueryParameter => {
                current.and_then(|query| without_parameter(&query, &text.unwrap_or_default()))
            }
        }
    }
}

fn join(first: Option<&str>, second: &str, joint: &str) -> String {
    match first {
        Some(first) if !first.is_empty() => format!("{first}{joint}{second}"),
        _ => second.to_owned(),
    }
}

/// The query without the first parameter of this name; none when nothing is left.
fn without_parameter(query: &str, name: &str) -> Option<String> {
    let mut removed = false;
    let kept = query.split('&').filter(|pair| {
        let this = !removed && pair.split_once('=').is_some_and(|(key, _)| key == name);
        removed |= this;
        !this
    });
    let kept: Vec<&str> = kept.collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

/// The text with `{name}` replaced by properties; none when one is missing.
fn resolved(text: &str, context: &MessageContext) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        let Some(value) = context.properties.text(name) else {
            let prefix = context.log_prefix();
            tracing::error!(target: LOG, "{prefix}Path parameter '{name}' was not found in the provided URL postfix");
            return None;
        };
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

impl Mediator for Rewrite {
    fn name(&self) -> &'static str {
        "rewrite"
    }

    fn nature(&self) -> Nature {
        Nature::CONTENT_AWARE
    }

    fn mediate(&self, context: &mut MessageContext) -> Mediation {
        let input = self.url(context);
        let malformed = || Fault::new(format!("Malformed input URI: {input}"));
        let mut url = UrlFragments::parse(&input).ok_or_else(malformed)?;
        for rule in &self.rules {
            let holds = match &rule.condition {
                None => true,
                Some(condition) => condition.holds(context, &url).unwrap_or_else(|fault| {
                    let prefix = context.log_prefix();
                    tracing::warn!(target: LOG, "{prefix}Error while evaluating the condition of a rewrite rule: {fault}");
                    false
                }),
            };
            if holds {
                for action in &rule.actions {
                    action.apply(context, &mut url)?;
                }
            }
        }
        let output =
            url.build().ok_or_else(|| Fault::new("Error while constructing a URI from the fragments".to_owned()))?;
        match &self.output {
            Some(name) => context.properties.set(name.clone(), Value::from(output.as_str())),
            None => context.addressing.to = To::Address(output),
        }
        Ok(Flow::Continue)
    }
}

#[cfg(test)]
mod tests {
    use mi_payload::value::Value;

    use crate::testing;

    async fn rewritten(url: &str, rules: &str) -> Result<String, String> {
        let mut context = testing::context();
        context.properties.set("in", Value::from(url));
        context.properties.set("port", Value::from("9000"));
        let flow = format!("<rewrite inProperty='in' outProperty='out'>{rules}</rewrite>");
        testing::run(&flow, &mut context).await.map_err(|fault| fault.to_string())?;
        Ok(context.properties.text("out").unwrap_or_default().into_owned())
    }

    fn rule(actions: &str) -> String {
        format!("<rewriterule>{actions}</rewriterule>")
    }

    #[tokio::test]
    async fn changes_parts() {
        let url = "http://h:80/a/b?x=1&y=2#r";
        for (actions, expected) in [
            ("<action fragment='host' value='g'/>", "http://g:80/a/b?x=1&y=2#r"),
            ("<action fragment='port' xpath=\"get-property('port')\"/>", "http://h:9000/a/b?x=1&y=2#r"),
            ("<action fragment='path' type='prepend' value='/s'/>", "http://h:80/s/a/b?x=1&y=2#r"),
            ("<action fragment='path' type='replace' regex='/(.)/' value='/$1$1/'/>", "http://h:80/aa/b?x=1&y=2#r"),
            ("<action fragment='query' type='append' value='z=3'/>", "http://h:80/a/b?x=1&y=2&z=3#r"),
            ("<action fragment='query' type='prepend' value='z=3'/>", "http://h:80/a/b?z=3&x=1&y=2#r"),
            ("<action fragment='query' type='remove-query-param' value='x'/>", "http://h:80/a/b?y=2#r"),
            ("<action fragment='ref' type='remove'/>", "http://h:80/a/b?x=1&y=2"),
            ("<action value='http://other/c d'/>", "fault"),
            ("<action fragment='path' value='/{port}/c d' resolve='true'/>", "http://h:80/9000/c%20d?x=1&y=2#r"),
        ] {
            let result = rewritten(url, &rule(actions)).await;
            assert_eq!(result.as_deref().unwrap_or("fault"), expected, "{actions}");
        }
    }

    #[tokio::test]
    async fn conditions_choose_rules() {
        let test = async |condition: &str| {
            let rules = rule(&format!("<condition>{condition}</condition><action fragment='host' value='new'/>"));
            rewritten("http://old/a?k=v", &rules).await == Ok("http://new/a?k=v".to_owned())
        };
        assert!(test("<equal type='url' source='host' value='OLD'/>").await);
        assert!(test("<match type='url' source='path' regex='/.'/>").await);
        assert!(!test("<match type='url' source='path' regex='/'/>").await);
        assert!(test("<equal type='param' source='k' value='v'/>").await);
        assert!(test("<not><equal type='property' source='port' value='1'/></not>").await);
        let port = "<equal type='property' source='port' value='9000'/>";
        assert!(test(&format!("<or>{port}<equal source='x-none' value='1'/></or>")).await);
        assert!(!test(&format!("<and>{port}<equal source='x-none' value='1'/></and>")).await);
    }

    #[tokio::test]
    async fn a_malformed_address_is_a_fault() {
        assert_eq!(rewritten("a b", "").await, Err("Malformed input URI: a b".to_owned()));
    }

    #[test]
    fn refuses_what_is_not_well_made() {
        for (actions, expected) in [
            ("<action/>", "value or xpath attribute is required on the action element"),
            ("<action value='a' fragment='port2'/>", "Unknown URL fragment name: port2"),
            ("<action value='a' type='replace'/>", "regex attribute is required for replace action"),
            (
                "<action value='a' type='remove-query-param'/>",
                "Action remove-query-param is only allowed for query fragment",
            ),
            ("<action value='a' type='cut'/>", "Unknown URL rewrite action type: cut"),
            ("<condition/><action value='a'/>", "Error while parsing the rule condition"),
        ] {
            let error = testing::parse(&format!("<rewrite>{}</rewrite>", rule(actions))).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
