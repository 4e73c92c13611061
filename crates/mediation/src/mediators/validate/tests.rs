use crate::testing;

const SCHEMA: &str = r#"<localEntry key="order"><![CDATA[{"type": "object", "required": ["id", "lines"],
    "properties": {"id": {"type": "integer", "minimum": 1}, "name": {"type": "string", "minLength": 2},
    "lines": {"type": "array", "minItems": 1}}, "additionalProperties": false}]]></localEntry>"#;

const XSD: &str = "<localEntry key='xsd'><xs:schema xmlns='' xmlns:xs='http://www.w3.org/2001/XMLSchema'>\
    <xs:element name='order'><xs:complexType><xs:sequence><xs:element name='id' type='xs:int'/></xs:sequence></xs:complexType>\
    </xs:element></xs:schema></localEntry>";

const FAILED: &str = "<on-fail><property name='failed' value='yes'/></on-fail>";

struct Outcome {
    failed: bool,
    message: String,
    detail: String,
}

async fn run(artifacts: &[&str], kind: &str, body: &'static [u8], flow: &str) -> Result<Outcome, String> {
    let mut context = testing::with_body(testing::context_of_artifacts(artifacts), kind, body);
    testing::run(flow, &mut context).await.map_err(|fault| fault.message().to_owned())?;
    let text = |name: &str| context.properties.text(name).unwrap_or_default().into_owned();
    assert!(context.properties.get("ERROR_CODE").is_none());
    Ok(Outcome {
        failed: context.properties.get("failed").is_some(),
        message: text("ERROR_MESSAGE"),
        detail: text("ERROR_DETAIL"),
    })
}

#[tokio::test]
async fn json_that_is_valid_passes() {
    let flow = format!("<validate><schema key='order'/>{FAILED}</validate>");
    let done = run(&[SCHEMA], "application/json", b"{\"id\": 1, \"lines\": [1]}", &flow).await.expect("no fault");
    assert!(!done.failed);
}

#[tokio::test]
async fn json_errors_are_said_as_mi_says_them() {
    let flow = format!("<validate><schema key='order'/>{FAILED}</validate>");
    for (body, expected) in [
        (&b"{}"[..], "object has missing required properties ([\"id\",\"lines\"])"),
        (
            b"{\"id\": \"x\", \"lines\": [1]}",
            "instance type (string) does not match any allowed primitive type (allowed: [\"integer\"])",
        ),
        (b"{\"id\": 0, \"lines\": [1]}", "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
        (b"{\"id\": 1, \"lines\": [1], \"name\": \"a\"}", "string \"a\" is too short (length: 1, required minimum: 2)"),
        (
            b"{\"id\": 1, \"lines\": []}",
            "array is too short: must have at least 1 elements but instance has 0 elements",
        ),
        (
            b"{\"id\": 1, \"lines\": [1], \"z\": 1, \"b\": 2}",
            "object instance has properties which are not allowed by the schema: [\"b\",\"z\"]",
        ),
    ] {
        let done = run(&[SCHEMA], "application/json", body, &flow).await.expect("no fault");
        assert!(done.failed, "{expected}");
        assert_eq!(done.message, expected);
    }
    let done = run(&[SCHEMA], "application/json", b"{}", &flow).await.expect("no fault");
    let expected = "Error while validating Json message error: object has missing required properties ([\"id\",\"lines\"])\n    \
        level: \"error\"\n    schema: {\"loadingURI\":\"#\",\"pointer\":\"\"}\n    instance: {\"pointer\":\"\"}\n    \
        domain: \"validation\"\n    keyword: \"required\"\n    missing: [\"id\",\"lines\"]\n";
    assert_eq!(done.detail, expected);
}

#[tokio::test]
async fn a_source_chooses_the_part() {
    let flow = format!("<validate source='json-eval($.o)'><schema key='order'/>{FAILED}</validate>");
    let part = b"{\"o\": {\"id\": 1, \"lines\": [1]}, \"x\": 1}";
    assert!(!run(&[SCHEMA], "application/json", part, &flow).await.expect("no fault").failed);
    let flow = format!("<validate source='${{payload.o}}'><schema key='order'/>{FAILED}</validate>");
    assert!(!run(&[SCHEMA], "application/json", part, &flow).await.expect("no fault").failed);
    let flow = format!("<validate source='//o'><schema key='order'/>{FAILED}</validate>");
    let fault = run(&[SCHEMA], "application/json", part, &flow).await.err().expect("a fault");
    assert!(fault.starts_with("Could not find JSONPath or Synapse Expression"), "{fault}");
}

#[tokio::test]
async fn unknown_keywords_come_first_and_other_drafts_are_read_as_draft_4() {
    let schema = r#"<localEntry key="s"><![CDATA[{"$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object", "properties": {"a": {"const": 1}, "b": {"type": "string"}}}]]></localEntry>"#;
    let flow = format!("<validate><schema key='s'/>{FAILED}</validate>");
    assert!(!run(&[schema], "application/json", b"{\"a\": 2}", &flow).await.expect("no fault").failed);
    let done = run(&[schema], "application/json", b"{\"b\": 2}", &flow).await.expect("no fault");
    assert_eq!(done.message, "the following keywords are unknown and will be ignored: [const]");
}

#[tokio::test]
async fn json_schemas_that_cannot_be_used() {
    let flow = format!("<validate><schema key='s'/>{FAILED}</validate>");
    let remote = "<localEntry key='s'>{\"$ref\": \"http://example.org/other.json\"}</localEntry>";
    for (artifact, expected) in [
        ("<localEntry key='other'>x</localEntry>", "Can not find JSON Schema s"),
        ("<localEntry key='s'><a/></localEntry>", "Can not find valid JSON Schema content"),
        ("<localEntry key='s'>{nonsense</localEntry>", "Error while validating the JSON Schema"),
        (remote, "none is fetched"),
    ] {
        let fault = run(&[artifact], "application/json", b"{}", &flow).await.err().expect("a fault");
        assert!(fault.contains(expected), "{fault}");
    }
}

#[tokio::test]
async fn xml_against_a_schema() {
    let flow = format!("<validate><schema key='xsd'/>{FAILED}</validate>");
    let valid = run(&[XSD], "application/xml", b"<order><id>7</id></order>", &flow).await.expect("no fault");
    assert!(!valid.failed);
    let done = run(&[XSD], "application/xml", b"<order><id>x</id></order>", &flow).await.expect("no fault");
    assert!(done.failed);
    assert_eq!(
        done.message,
        "cvc-datatype-valid.1.2.1: 'x' is not a valid value for 'int'.\n\
         cvc-type.3.1.3: The value 'x' of element 'id' is not valid.\n"
    );
    assert!(done.detail.starts_with("org.xml.sax.SAXParseException; lineNumber: 1;"), "{}", done.detail);
}

#[tokio::test]
async fn an_xml_source_that_finds_nothing_fails() {
    let flow = format!("<validate source='//none'><schema key='xsd'/>{FAILED}</validate>");
    let done = run(&[XSD], "application/xml", b"<order/>", &flow).await.expect("no fault");
    assert!(done.failed);
    assert_eq!(done.message, "Error occurred while accessing source element: //none");
}

#[tokio::test]
async fn xml_schemas_that_cannot_be_used_are_faults() {
    let flow = format!("<validate><schema key='none'/>{FAILED}</validate>");
    let fault = run(&[], "application/xml", b"<order/>", &flow).await.err().expect("a fault");
    assert_eq!(fault, "No Schema is available with the key  : none");
    let broken = "<localEntry key='xsd'><xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\
        <xs:element name='a' type='T'/></xs:schema></localEntry>";
    let flow = format!("<validate><schema key='xsd'/>{FAILED}</validate>");
    let fault = run(&[broken], "application/xml", b"<order/>", &flow).await.err().expect("a fault");
    assert!(
        fault.starts_with("Error creating a new schema objects for schemas : [Value {name ='null', keyValue ='xsd'}]"),
        "{fault}"
    );
    assert!(fault.contains("src-resolve: Cannot resolve the name 'T'"), "{fault}");
}

#[tokio::test]
async fn the_flow_goes_on_unless_on_fail_ends_it() {
    let mut context = testing::with_body(testing::context_of_artifacts(&[XSD]), "application/xml", b"<order/>");
    let flow = format!("<validate><schema key='xsd'/>{FAILED}</validate><property name='after' value='1'/>");
    testing::run(&flow, &mut context).await.expect("no fault");
    assert!(context.properties.get("after").is_some());
    let mut context = testing::with_body(testing::context_of_artifacts(&[XSD]), "application/xml", b"<order/>");
    let flow = "<validate><schema key='xsd'/><on-fail><drop/></on-fail></validate><property name='after' value='1'/>";
    testing::run(flow, &mut context).await.expect("no fault");
    assert!(context.properties.get("after").is_none());
}

#[test]
fn what_is_refused() {
    let with = |inner: &str| format!("<validate>{inner}<schema key='k'/>{FAILED}</validate>");
    for (flow, expected) in [
        (format!("<validate>{FAILED}</validate>"), "No schema specified for the validate mediator"),
        (with("<schema/>"), "A 'schema' definition must contain a local property 'key'"),
        (
            "<validate><schema key='k'/></validate>".to_owned(),
            "A non-empty <on-fail> child element is required for the <validate> mediator",
        ),
        (
            format!("<validate source='//['><schema key='k'/>{FAILED}</validate>"),
            "Invalid XPath expression specified for attribute 'source'",
        ),
        (with("<feature name='f'/>"), "Both of the name and value attributes are required for a feature"),
        (with("<feature name='f' value='x'/>"), "The feature must have value true or false"),
        (with("<feature name='f' value='true'/>"), "Error setting validation feature : f to : true"),
        (
            with(
                "<feature name='http://xml.org/sax/features/validation' value='true'/><feature name='http://xml.org/sax/features/validation' value='true'/>",
            ),
            "Duplicate feature with name http://xml.org/sax/features/validation",
        ),
    ] {
        let error = testing::parse(&flow).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
