use crate::testing;

async fn enriched(enrich: &str, content_type: &str, body: &'static [u8]) -> Result<String, String> {
    let mut context = testing::context_with(content_type, body);
    context.properties.set("p", "Tom".into());
    context.properties.set("j", "{\"z\":1}".into());
    let run = testing::run(&format!("<enrich>{enrich}</enrich>"), &mut context).await;
    run.map_err(|fault| fault.message().to_owned())?;
    Ok(testing::body(&context))
}

async fn property(enrich: &str, content_type: &str, body: &'static [u8]) -> Option<String> {
    let mut context = testing::context_with(content_type, body);
    testing::run(&format!("<enrich>{enrich}</enrich>"), &mut context).await.expect("no fault");
    context.properties.text("out").map(std::borrow::Cow::into_owned)
}

#[tokio::test]
async fn json_targets() {
    let body = br#"{"o":{"a":1},"l":[1],"n":"Tom"}"#;
    for (enrich, expected) in [
        (
            "<source type='inline'>{\"b\":2}</source><target action='child' xpath='json-eval($.o)'/>",
            r#"{"o":{"a":1,"b":2},"l":[1],"n":"Tom"}"#,
        ),
        (
            "<source type='inline'>2</source><target action='child' xpath='json-eval($.l)'/>",
            r#"{"o":{"a":1},"l":[1,2],"n":"Tom"}"#,
        ),
        ("<source xpath='json-eval($.o)'/><target xpath='json-eval($.l)'/>", r#"{"o":{"a":1},"l":{"a":1},"n":"Tom"}"#),
        (
            "<source clone='false' xpath='json-eval($.o)'/><target xpath='json-eval($.l)'/>",
            r#"{"l":{"a":1},"n":"Tom"}"#,
        ),
        ("<source xpath='json-eval($.o)'/><target type='body'/>", r#"{"a":1}"#),
        (
            "<source type='property' property='j'/><target xpath='json-eval($.n)'/>",
            r#"{"o":{"a":1},"l":[1],"n":{"z":1}}"#,
        ),
        (
            "<source type='property' property='p'/><target type='key' xpath='json-eval($.o.a)'/>",
            r#"{"o":{"Tom":1},"l":[1],"n":"Tom"}"#,
        ),
        ("<source xpath='json-eval($.o,$.l)'/><target type='body' action='remove'/>", r#"{"n":"Tom"}"#),
        (
            "<source type='inline'>{json-eval($.n)}</source><target xpath='json-eval($.o)'/>",
            r#"{"o":"Tom","l":[1],"n":"Tom"}"#,
        ),
        // Only a child can be added.
        (
            "<source type='inline'>2</source><target action='sibling' xpath='json-eval($.l)'/>",
            r#"{"o":{"a":1},"l":[1],"n":"Tom"}"#,
        ),
    ] {
        assert_eq!(enriched(enrich, "application/json", body).await.as_deref(), Ok(expected), "{enrich}");
    }
    let missing = "<source type='inline'>2</source><target xpath='json-eval($.o.z)'/>";
    let fault = "Runtime error occurred while mediating the message";
    assert_eq!(enriched(missing, "application/json", body).await, Err(fault.to_owned()));
}

#[tokio::test]
async fn xml_targets() {
    let body = b"<r><a>1</a><b/></r>";
    for (enrich, expected) in [
        ("<source xpath='//a'/><target xpath='//b'/>", "<r><a>1</a><a>1</a></r>"),
        ("<source clone='false' xpath='//a'/><target action='child' xpath='//b'/>", "<r><b><a>1</a></b></r>"),
        ("<source xpath='//b'/><target action='sibling' xpath='//a'/>", "<r><a>1</a><b /><b /></r>"),
        ("<source type='property' property='p'/><target xpath='//a'/>", "<r><a>Tom</a><b /></r>"),
        ("<source type='property' property='p'/><target xpath='//a/text()'/>", "<r><a>Tom</a><b /></r>"),
        ("<source xpath='//a'/><target type='body'/>", "<a>1</a>"),
        (
            "<source type='inline'><x xmlns=''/></source><target action='child' type='body'/>",
            "<r><a>1</a><b /><x xmlns=\"\" /></r>",
        ),
        ("<source type='inline'>{\"k\":1}</source><target type='body'/>", "{\"k\":1}"),
    ] {
        assert_eq!(enriched(enrich, "application/xml", body).await.as_deref(), Ok(expected), "{enrich}");
    }
}

#[tokio::test]
async fn properties() {
    let json = br#"{"n":"Tom","o":{"a":1}}"#;
    let name = "<source xpath='json-eval($.n)'/><target type='property' property='out'/>";
    assert_eq!(property(name, "application/json", json).await.as_deref(), Some("\"Tom\""));
    let text = "<source xpath='//a/text()'/><target type='property' property='out'/>";
    assert_eq!(property(text, "application/xml", b"<r><a>1</a></r>").await.as_deref(), Some("1"));
    let body = "<source type='body'/><target type='property' property='out'/>";
    assert_eq!(property(body, "application/xml", b"<r><a>1</a></r>").await.as_deref(), Some("<r><a>1</a></r>"));
}

#[tokio::test]
async fn the_envelope_comes_back() {
    let mut context = testing::context_with("application/xml", b"<r/>");
    let flow = "<enrich><source type='envelope'/><target type='property' property='e'/></enrich>\
        <payloadFactory><format><x xmlns=''/></format></payloadFactory>\
        <enrich><source type='property' property='e'/><target type='envelope'/></enrich>";
    testing::run(flow, &mut context).await.expect("no fault");
    assert_eq!(testing::body(&context), "<r />");
}

#[test]
fn refuses_what_is_not_well_made() {
    for (enrich, message) in [
        ("<target type='body'/>", "source element is mandatory"),
        ("<source type='body'/>", "target element is mandatory"),
        ("<source type='x'/><target type='body'/>", "Unexpected source type"),
        ("<source type='body'/><target type='inline'/>", "Inline not support for target attribute"),
        ("<source type='body'/><target type='body'/>", "Wrong combination of source and target type"),
        ("<source type='body'/><target type='key'/>", "Wrong combination of source type and target type"),
        ("<source/><target type='body'/>", "xpath attribute is required for CUSTOM type"),
        ("<source type='inline'/><target type='body'/>", "XML element is required for INLINE type"),
        ("<source type='body'/><target action='x' type='body'/>", "Unexpected target action"),
        ("<source type='body'/><target xpath='//['/>", "Invalid XPath expression: //["),
    ] {
        let error = testing::parse(&format!("<enrich>{enrich}</enrich>")).expect_err(enrich);
        assert_eq!(error.message(), message, "{enrich}");
    }
}
