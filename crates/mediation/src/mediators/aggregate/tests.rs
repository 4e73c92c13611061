use std::time::Duration;

use crate::context::{MessageContext, Reply};
use crate::mediator::Flow;
use crate::testing;

const ECHO: &str = "<call><endpoint><address uri='http://echo/'/></endpoint></call>";

fn asked(content_type: &str, body: &'static [u8]) -> MessageContext {
    let mut context = testing::context_with(content_type, body);
    context.reply = Reply::Single(None);
    context
}

/// Splits, calls for each item, joins and answers.
async fn joined(split: &str, aggregate: &str, content_type: &str, body: &'static [u8]) -> String {
    let mut context = asked(content_type, body);
    let flow = format!(
        "<iterate sequential='true' {split}><target><sequence>{ECHO}</sequence></target></iterate>\
         <aggregate>{aggregate}</aggregate>"
    );
    testing::run(&flow, &mut context).await.expect("no fault");
    testing::answer(context).await.2
}

#[tokio::test]
async fn joins_json() {
    let split = "expression='json-eval($)'";
    for (attributes, body, expected) in [
        ("expression='json-eval($.x)'", &br#"[{"x":[1]},{"x":[1,2]},{}]"#[..], "[1,[1,2],null]"),
        ("expression='json-eval($.x)'", br#"[{"x":"12"},{"x":"a b"}]"#, r#"[12,"a b"]"#),
        (
            "expression='json-eval($)' aggregateElementType='child'",
            br#"[{"a":1},{"a":2,"b":3}]"#,
            r#"{"a":[1,2],"b":3}"#,
        ),
        ("expression='json-eval($)'", br#"[{"a":1}]"#, r#"[{"a":1}]"#),
    ] {
        let aggregate = format!("<onComplete {attributes}><respond/></onComplete>");
        assert_eq!(joined(split, &aggregate, "application/json", body).await, expected, "{attributes}");
    }
}

#[tokio::test]
async fn joins_xml() {
    let body = b"<r><i><v>1</v></i><i><v>2</v></i></r>";
    for (complete, expected) in [
        ("expression='//v'", "<v>1</v><v>2</v>"),
        ("expression='//i'", "<i><v>1</v></i><i><v>2</v></i>"),
        ("enclosingElementProperty='e' expression='//v'", "<all><v>1</v><v>2</v></all>"),
    ] {
        let mut context = asked("application/xml", body);
        let flow = format!(
            "<property name='e' type='OM'><all xmlns=''/></property>\
             <iterate expression='//i' sequential='true'><target><sequence>{ECHO}</sequence></target></iterate>\
             <aggregate><onComplete {complete}><property name='out' scope='operation' expression='$body/node()'/></onComplete></aggregate>"
        );
        testing::run(&flow, &mut context).await.expect("no fault");
        let out = context.operation().lock().text("out").map(std::borrow::Cow::into_owned).unwrap_or_default();
        assert_eq!(out.replace(" xmlns=\"\"", ""), expected, "{complete}");
    }
}

#[tokio::test]
async fn a_message_that_was_never_split_passes() {
    let mut context = testing::context_with("application/json", b"{}");
    let flow = "<aggregate><onComplete expression='json-eval($)'><drop/></onComplete></aggregate>";
    assert_eq!(testing::run(flow, &mut context).await.expect("no fault"), Flow::Continue);
}

#[tokio::test]
async fn the_minimum_completes_and_later_messages_are_dropped() {
    let mut context = asked("application/json", b"[1,2,3,4,5]");
    let flow = format!(
        "<iterate id='a' sequential='true' expression='json-eval($)'><target><sequence>{ECHO}</sequence></target></iterate>\
         <aggregate id='a'><completeCondition><messageCount min='2' max='-1'/></completeCondition>\
         <onComplete expression='json-eval($)'><respond/></onComplete></aggregate>"
    );
    testing::run(&flow, &mut context).await.expect("no fault");
    assert_eq!(testing::answer(context).await.2, "[1,2]");
}

#[tokio::test]
async fn parallel_messages_are_joined_inside_the_target() {
    let mut context = asked("application/json", b"[1,1,1]");
    let flow = "<iterate expression='json-eval($)'><target><sequence>\
        <aggregate><onComplete expression='json-eval($)'><respond/></onComplete></aggregate>\
        </sequence></target></iterate>";
    testing::run(flow, &mut context).await.expect("no fault");
    assert_eq!(testing::answer(context).await.2, "[1,1,1]");
}

#[tokio::test]
async fn what_follows_sees_the_payload_but_not_the_properties_of_on_complete() {
    let mut context = asked("application/json", b"[1,2]");
    let flow = format!(
        "<iterate sequential='true' expression='json-eval($)'><target><sequence>{ECHO}</sequence></target></iterate>\
         <aggregate><onComplete expression='json-eval($)'><property name='inside' value='1'/></onComplete></aggregate>\
         <filter source=\"get-property('inside')\" regex='1'><then><drop/></then><else><respond/></else></filter>"
    );
    testing::run(&flow, &mut context).await.expect("no fault");
    assert_eq!(testing::answer(context).await.2, "[1,2]");
}

#[tokio::test]
async fn the_timeout_ends_a_group_with_what_is_there() {
    let mut context = asked("application/json", b"[1,2]");
    let flow = format!(
        "<iterate sequential='true' expression='json-eval($)'><target><sequence>{ECHO}\
         <filter source='json-eval($)' regex='2'><then><drop/></then></filter></sequence></target></iterate>\
         <aggregate><completeCondition timeout='1'/><onComplete expression='json-eval($)'><respond/></onComplete></aggregate>"
    );
    testing::run(&flow, &mut context).await.expect("no fault");
    let answer = tokio::time::timeout(Duration::from_secs(4), testing::answer(context)).await;
    assert_eq!(answer.expect("in time").2, "[1]");
}

#[tokio::test]
async fn a_group_that_nothing_can_complete_is_gone_with_its_messages() {
    let mut context = asked("application/json", b"[1,2]");
    let flow = format!(
        "<iterate sequential='true' expression='json-eval($)'><target><sequence>{ECHO}\
         <filter source='json-eval($)' regex='2'><then><drop/></then></filter></sequence></target></iterate>\
         <aggregate><onComplete expression='json-eval($)'><respond/></onComplete></aggregate>"
    );
    testing::run(&flow, &mut context).await.expect("no fault");
    let reply = std::mem::replace(&mut context.reply, Reply::Nobody);
    drop(context);
    // Nobody is left who could answer: the collected message has been dropped too.
    let waited = tokio::time::timeout(Duration::from_secs(5), reply.wait()).await;
    assert!(waited.expect("in time").is_none());
}

#[tokio::test]
async fn unsplit_messages_join_by_an_expression() {
    let list = testing::parse(
        "<aggregate><correlateOn expression='true()'/><completeCondition><messageCount min='2' max='2'/></completeCondition>\
         <onComplete expression='json-eval($)'><property name='n' scope='operation' expression='json-eval($[1])'/></onComplete></aggregate>",
    );
    let list = list.expect("well made");
    let mut first = testing::context_with("application/json", br#"{"k":1}"#);
    assert_eq!(list.run_async(&mut first).await.expect("no fault"), Flow::Stop);
    let mut second = testing::context_with("application/json", br#"{"k":2}"#);
    assert_eq!(list.run_async(&mut second).await.expect("no fault"), Flow::Continue);
    assert_eq!(testing::body(&second), r#"[{"k":1},{"k":2}]"#);
}

#[tokio::test]
async fn responses_are_joined_in_the_out_sequence() {
    let out = "<aggregate><onComplete expression='json-eval($)'><send/></onComplete></aggregate>";
    let mut context =
        testing::with_body(testing::context_of_sequences(&[("out", out)]), "application/json", b"[1,1,1]");
    context.reply = Reply::Single(None);
    context.out_sequence = Some(crate::sequence::SequenceRef::Named(crate::names::Name::new("out")));
    let flow = "<iterate expression='json-eval($)'><target><endpoint><address uri='http://echo/'/></endpoint></target></iterate>";
    testing::run(flow, &mut context).await.expect("no fault");
    assert_eq!(testing::answer(context).await.2, "[1,1,1]");
}

#[test]
fn refuses_what_is_not_well_made() {
    for (aggregate, message) in [
        ("<correlateOn/>", "Unable to load the corelate XPATH expression"),
        ("<correlateOn expression='//['/>", "Unable to load the corelate XPATH expression"),
        ("<onComplete expression='//['/>", "Unable to load the aggregating XPATH"),
        ("<completeCondition timeout='x'/>", "Invalid value 'x' for 'timeout': a number is expected"),
    ] {
        let error = testing::parse(&format!("<aggregate>{aggregate}</aggregate>")).expect_err(aggregate);
        assert_eq!(error.message(), message);
    }
}
