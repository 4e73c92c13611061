use crate::testing;

const SHEET: &str = "<localEntry key='sheet'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
    <xsl:param name='to' select=\"'nobody'\"/>\
    <xsl:template match='/'><xsl:apply-templates select='//code'/></xsl:template>\
    <xsl:template match='code'><symbol to='{$to}'><xsl:value-of select='.'/></symbol></xsl:template>\
    </xsl:stylesheet></localEntry>";

const ORDER: &[u8] = b"<order><part><code>IBM</code></part></order>";

async fn transformed(artifacts: &[&str], kind: &str, body: &'static [u8], flow: &str) -> Result<String, String> {
    let mut context = testing::with_body(testing::context_of_artifacts(artifacts), kind, body);
    match testing::run(flow, &mut context).await {
        Ok(_) => Ok(testing::body(&context)),
        Err(fault) => Err(fault.message().to_owned()),
    }
}

#[tokio::test]
async fn the_first_child_of_the_body_is_replaced() {
    let flow = "<xslt key='sheet'><property name='to' value='us'/></xslt>";
    let done = transformed(&[SHEET], "application/xml", ORDER, flow).await;
    assert_eq!(done.as_deref(), Ok("<symbol to=\"us\">IBM</symbol>"));
}

#[tokio::test]
async fn a_source_is_replaced_where_it_stands() {
    let flow = "<xslt key='sheet' source='//part'/>";
    let done = transformed(&[SHEET], "application/xml", ORDER, flow).await;
    assert_eq!(done.as_deref(), Ok("<order><symbol to=\"nobody\">IBM</symbol></order>"));
}

#[tokio::test]
async fn the_body_keeps_itself_and_gets_the_children_of_the_result() {
    let wrap = "<localEntry key='wrap'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:template match='/'><root><a/><b/></root></xsl:template></xsl:stylesheet></localEntry>";
    let mut context = testing::with_body(testing::context_of_artifacts(&[wrap]), "application/xml", ORDER);
    testing::run("<xslt key='wrap' source='$body'/>", &mut context).await.expect("no fault");
    let envelope = testing::envelope(&context);
    assert!(envelope.contains("Body><a /><b /></soapenv:Body>"), "{envelope}");
}

#[tokio::test]
async fn the_key_may_come_from_the_message() {
    let flow = "<property name='k' value='sheet'/><xslt key=\"{get-property('k')}\"/>";
    let done = transformed(&[SHEET], "application/xml", ORDER, flow).await;
    assert_eq!(done.as_deref(), Ok("<symbol to=\"nobody\">IBM</symbol>"));
}

#[tokio::test]
async fn json_is_transformed_as_its_image_and_stays_json_outside() {
    let mut context =
        testing::with_body(testing::context_of_artifacts(&[SHEET]), "application/json", b"{\"code\": \"IBM\"}");
    testing::run("<xslt key='sheet'/>", &mut context).await.expect("no fault");
    assert!(!context.payload.is_json());
    assert_eq!(context.content_types.message_type.as_deref(), Some("application/json"));
    assert_eq!(testing::body(&context), "<symbol to=\"nobody\">IBM</symbol>");
}

#[tokio::test]
async fn a_target_takes_the_result_as_element_or_text() {
    let mut context = testing::with_body(testing::context_of_artifacts(&[SHEET]), "application/xml", ORDER);
    let flow = "<xslt key='sheet' target='made'/><property name='transform.xslt.result.disableBuild' value='true'/>\
                <xslt key='sheet' target='text'/>";
    testing::run(flow, &mut context).await.expect("no fault");
    assert_eq!(testing::body(&context), "<order><part><code>IBM</code></part></order>");
    assert_eq!(context.properties.text("made").as_deref(), Some("IBM"));
    let text = context.properties.text("text").expect("a text").into_owned();
    assert!(text.ends_with("<symbol to=\"nobody\">IBM</symbol>"), "{text}");
}

#[tokio::test]
async fn text_is_wrapped() {
    let text = "<localEntry key='text'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:output method='text'/></xsl:stylesheet></localEntry>";
    let done = transformed(&[text], "application/xml", ORDER, "<xslt key='text'/>").await;
    assert_eq!(done.as_deref(), Ok("<text xmlns=\"http://ws.apache.org/commons/ns/payload\">IBM</text>"));
}

#[tokio::test]
async fn unescaped_text_becomes_elements() {
    let raw = "<localEntry key='raw'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:template match='/'><r><xsl:value-of select='.' disable-output-escaping='yes'/></r></xsl:template>\
        </xsl:stylesheet></localEntry>";
    let body = b"<o>&lt;a>1&lt;/a></o>";
    let done = transformed(&[raw], "application/xml", body, "<xslt key='raw'/>").await;
    assert_eq!(done.as_deref(), Ok("<r><a>1</a></r>"));
}

#[tokio::test]
async fn locations_stand_for_resources() {
    let main = "<localEntry key='main'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:import href='common.xsl'/></xsl:stylesheet></localEntry>";
    let flow = "<xslt key='main'><resource location='common.xsl' key='sheet'/></xslt>";
    let done = transformed(&[main, SHEET], "application/xml", ORDER, flow).await;
    assert_eq!(done.as_deref(), Ok("<symbol to=\"nobody\">IBM</symbol>"));
    let refused = transformed(&[main], "application/xml", ORDER, "<xslt key='main'/>").await.expect_err("a fault");
    assert!(refused.contains("no resource element has the location 'common.xsl'"), "{refused}");
}

#[tokio::test]
async fn faults_name_the_key_and_the_place() {
    let missing = transformed(&[], "application/xml", ORDER, "<xslt key='none'/>").await.expect_err("a fault");
    assert!(
        missing.starts_with("Unable to perform XSLT transformation using : Value {name ='null', keyValue ='none'}"),
        "{missing}"
    );
    let bad = "<localEntry key='bad'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:template match='/'><xsl:value-of select='$nope'/></xsl:template></xsl:stylesheet></localEntry>";
    let bad = transformed(&[bad], "application/xml", ORDER, "<xslt key='bad'/>").await.expect_err("a fault");
    assert!(bad.contains("the variable $nope in '$nope' is not declared before it is used (line 1, column"), "{bad}");
    let ended = "<localEntry key='e'><xsl:stylesheet version='1.0' xmlns='' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\
        <xsl:template match='/'><xsl:message terminate='yes'>no</xsl:message></xsl:template></xsl:stylesheet></localEntry>";
    let mut context = testing::with_body(testing::context_of_artifacts(&[ended]), "application/xml", ORDER);
    let fault = testing::run("<xslt key='e'/>", &mut context).await.expect_err("a fault");
    assert!(fault.message().contains("the stylesheet ended the transformation: no"), "{fault}");
    assert_eq!(testing::body(&context), "<order><part><code>IBM</code></part></order>");
}

#[tokio::test]
async fn an_empty_body_is_left_alone() {
    let mut context = testing::context_of_artifacts(&[SHEET]);
    testing::run("<xslt key='sheet'/><fastXSLT key='sheet'/>", &mut context).await.expect("no fault");
    assert!(context.payload.is_empty());
}

#[tokio::test]
async fn fast_xslt_replaces_the_payload() {
    let done = transformed(&[SHEET], "application/xml", ORDER, "<fastXSLT key='sheet'/>").await;
    assert_eq!(done.as_deref(), Ok("<symbol to=\"nobody\">IBM</symbol>"));
    let fault = transformed(&[], "application/xml", ORDER, "<fastXSLT key='none'/>").await;
    assert_eq!(fault.expect_err("a fault"), "Error while transforming the Stream ");
}

#[test]
fn what_is_refused() {
    for (flow, expected) in [
        ("<xslt/>", "The 'key' attribute is required for the XSLT mediator"),
        ("<fastXSLT/>", "The 'key' attribute is required for the FastXSLT mediator"),
        ("<xslt key='k' source='//['/>", "Invalid XPath specified for the source attribute : //["),
        ("<xslt key='k'><feature name='f' value='maybe'/></xslt>", "The feature must have value true or false"),
        ("<xslt key='k'><resource key='x'/></xslt>", "The 'location' attribute is required for a resource definition"),
        ("<xslt key='k'><resource location='x'/></xslt>", "The 'key' attribute is required for a resource definition"),
    ] {
        let error = testing::parse(flow).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
