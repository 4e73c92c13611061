use crate::context::MessageContext;
use crate::mediator::Flow;
use crate::testing;

async fn body(foreach: &str, content_type: &str, body: &'static [u8]) -> Result<String, String> {
    let mut context = testing::context_with(content_type, body);
    let run = testing::run(foreach, &mut context).await;
    run.map_err(|fault| fault.message().to_owned())?;
    Ok(testing::body(&context))
}

async fn context(foreach: &str, body: &'static [u8]) -> (MessageContext, Flow) {
    let mut context = testing::context_with("application/json", body);
    let flow = testing::run(foreach, &mut context).await.expect("no fault");
    (context, flow)
}

const WRAP: &str = "<payloadFactory media-type='json'><format>{\"v\":$1}</format><args>\
    <arg evaluator='json' expression='$'/></args></payloadFactory>";

#[tokio::test]
async fn json_items_in_place() {
    let input = br#"{"l":[1,2,3],"k":true}"#;
    let all = format!("<foreach expression='json-eval($.l)'><sequence>{WRAP}</sequence></foreach>");
    assert_eq!(
        body(&all, "application/json", input).await.as_deref(),
        Ok(r#"{"l":[{"v":1},{"v":2},{"v":3}],"k":true}"#)
    );
    let dropping = "<foreach expression='json-eval($.l)'><sequence><filter source='json-eval($)' regex='2'><then><drop/></then>\
        </filter></sequence></foreach>";
    assert_eq!(body(dropping, "application/json", input).await.as_deref(), Ok(r#"{"l":[1,2],"k":true}"#));
    let failing = "<foreach expression='json-eval($.l)' continueLoopOnFailure='true'><sequence>\
        <filter source='json-eval($)' regex='2'><then><sequence key='none'/></then></filter></sequence></foreach>";
    assert_eq!(body(failing, "application/json", input).await.as_deref(), Ok(r#"{"l":[1,3],"k":true}"#));
    let no_array = "<foreach expression='json-eval($.k)'><sequence/></foreach>";
    let fault = "JSON element expressed by the path json-eval($.k) is not a valid JSON array";
    assert_eq!(body(no_array, "application/json", input).await, Err(fault.to_owned()));
}

#[tokio::test]
async fn xml_items_in_place_come_behind_their_siblings() {
    let foreach = "<foreach id='f' expression='//i'><sequence><property name='last' expression=\"get-property('f_FOREACH_COUNTER')\"/>\
        <enrich><source type='inline'><x xmlns=''/></source><target action='child' type='body'/></enrich></sequence></foreach>";
    let mut context = testing::context_with("application/xml", b"<r><i>1</i><s>0</s><i>2</i></r>");
    testing::run(foreach, &mut context).await.expect("no fault");
    let expected = "<r><s>0</s><i>1<x /></i><i>2<x /></i></r>";
    assert_eq!(testing::body(&context).replace(" xmlns=\"\"", ""), expected);
    assert_eq!(context.properties.text("last").as_deref(), Some("1"));
    assert_eq!(context.properties.text("f_FOREACH_COUNTER").as_deref(), Some("2"));
}

#[tokio::test]
async fn a_collection_is_updated_in_the_order_of_its_items() {
    let input = br#"{"l":[1,2,3],"k":true}"#;
    let call = "<call><endpoint><address uri='http://echo/'/></endpoint></call>";
    for attributes in ["", "parallel-execution='false' counter-variable='i'"] {
        let foreach = format!(
            "<foreach collection='${{payload.l}}' {attributes}><sequence>{WRAP}{call}<variable name='in' value='1'/></sequence></foreach>"
        );
        let (context, flow) = context(&foreach, input).await;
        assert_eq!(flow, Flow::Continue);
        assert_eq!(testing::body(&context), r#"{"l":[{"v":1},{"v":2},{"v":3}],"k":true}"#);
        // What an iteration sets is gone with it.
        assert!(context.variables.get("in").is_none());
    }
}

#[tokio::test]
async fn results_in_variables() {
    let input = br#"{"l":[1,2]}"#;
    let target = |kind: &str| {
        format!(
            "<variable name='v' type='JSON' value='{{\"a\":{{\"b\":[1,2]}}}}'/>\
             <foreach collection='${{vars.v.a.b}}' {kind}><sequence>{WRAP}</sequence></foreach>"
        )
    };
    let (updated, _) = context(&target(""), input).await;
    assert_eq!(updated.variables.text("v").as_deref(), Some(r#"{"a":{"b":[{"v":1},{"v":2}]}}"#));
    let json = "update-original='false' target-variable='t' result-content-type='JSON'";
    let (array, _) = context(&target(json), input).await;
    assert_eq!(array.variables.text("t").as_deref(), Some(r#"[{"v":1},{"v":2}]"#));
    assert_eq!(testing::body(&array), r#"{"l":[1,2]}"#);
    let xml = "update-original='false' target-variable='t' result-content-type='XML' result-enclosing-element='all'";
    let (element, _) = context(&target(xml), input).await;
    let expected = "<all><jsonObject><v>1</v></jsonObject><jsonObject><v>2</v></jsonObject></all>";
    assert_eq!(element.variables.text("t").as_deref(), Some(expected));
}

#[tokio::test]
async fn elements_are_a_collection_too() {
    let foreach = "<foreach collection=\"${xpath('//i')}\"><sequence>\
        <enrich><source type='inline'>x</source><target xpath='//i'/></enrich></sequence></foreach>";
    let input = b"<r><i>1</i><s>0</s><i>2</i></r>";
    assert_eq!(body(foreach, "application/xml", input).await.as_deref(), Ok("<r><s>0</s><i>x</i><i>x</i></r>"));
}

#[tokio::test]
async fn an_item_that_does_not_end_normally_ends_the_flow() {
    let (_, flow) =
        context("<foreach collection='${payload.l}'><sequence><drop/></sequence></foreach>", br#"{"l":[1]}"#).await;
    assert_eq!(flow, Flow::Stop);
    let forget =
        "<foreach collection='${payload.l}' continue-without-aggregation='true'><sequence><drop/></sequence></foreach>";
    assert_eq!(context(forget, br#"{"l":[1]}"#).await.1, Flow::Continue);
    assert_eq!(context(forget, br#"{"l":[]}"#).await.1, Flow::Continue);
    let fault = "Expression ${payload.l} did not resolve to a valid array";
    assert_eq!(body(forget, "application/json", br#"{"l":1}"#).await, Err(fault.to_owned()));
}

#[test]
fn refuses_what_is_not_well_made() {
    for (attributes, content, message) in [
        ("", "", "XPath/JSONPath expression is required for an ForEach Mediator under the \"expression\" attribute"),
        ("expression='//a'", "<sequence><call/></sequence>", "Sequence cannot contain Call, Send or CallOut mediators"),
        ("expression='//['", "<sequence/>", "Unable to build the ForEach Mediator. Invalid XPath/JSONPath //["),
        ("collection='${payload}'", "", "A 'sequence' element is required for the configuration of a Foreach mediator"),
        (
            "collection='${payload}' counter-variable='i'",
            "<sequence/>",
            "The 'counter-variable' attribute is not allowed when parallel-execution is true",
        ),
        (
            "collection='${payload}' update-original='false' target-variable='v' result-content-type='json'",
            "<sequence/>",
            "The 'result-content-type' attribute should be either 'JSON' or 'XML'",
        ),
    ] {
        let error = testing::parse(&format!("<foreach {attributes}>{content}</foreach>")).expect_err(attributes);
        assert_eq!(error.message(), message);
    }
}
