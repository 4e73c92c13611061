use crate::testing;

async fn transformed(schema: &str, body: &'static str) -> Result<String, String> {
    let entry = format!("<localEntry key='s'><![CDATA[{schema}]]></localEntry>");
    let kind = if body.starts_with('<') { "application/xml" } else { "application/json" };
    let mut context = testing::with_body(testing::context_of_artifacts(&[&entry]), kind, body.as_bytes());
    match testing::run("<jsontransform schema='s'/>", &mut context).await {
        Ok(_) => Ok(testing::body(&context)),
        Err(fault) => Err(fault.message().to_owned()),
    }
}

#[tokio::test]
async fn values_are_corrected_to_their_types() {
    let order = r#"{"type":"object","properties":{"id":{"type":"integer"},"paid":{"type":"boolean"},"name":{"type":"string"},
        "price":{"type":"number"},"tags":{"type":"array","items":{"type":"string"}},
        "lines":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}}},"required":["id"]}"#;
    for (schema, body, expected) in [
        (
            order,
            r#"{"id":"7","paid":"true","name":5,"price":"2.50","tags":"a","other":"1"}"#,
            r#"{"id":7,"paid":true,"name":"5","price":2.50,"tags":["a"],"other":"1"}"#,
        ),
        (order, r#"{"id":8,"lines":{"n":"1"}}"#, r#"{"id":8,"lines":[{"n":1}]}"#),
        (r#"{"type":"number"}"#, "\"45\"", "45.00"),
        (
            r#"{"type":"array","items":[{"type":"integer"},{"type":"boolean"}],"additionalItems":{"type":"string"}}"#,
            r#"["1","true",2]"#,
            r#"[1,true,"2"]"#,
        ),
        (r#"{"type":"array","items":{"type":"integer"}}"#, "5", "[5]"),
        (r#"{"type":"object","properties":{"v":{"type":["integer","null"]}}}"#, r#"{"v":null}"#, r#"{"v":null}"#),
        (r#"{"type":"object","properties":{"v":{"type":["string","integer"]}}}"#, r#"{"v":"12"}"#, r#"{"v":12}"#),
        (
            r#"{"type":"object","properties":{"v":{"type":["array","string"],"items":{"type":"integer"}}}}"#,
            r#"{"v":["1"]}"#,
            r#"{"v":[1]}"#,
        ),
        (
            r#"{"type":"object","properties":{"c":{"type":"string"}},"patternProperties":{"^n":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}"#,
            r#"{"c":1,"n1":"2","x":"true"}"#,
            r#"{"c":"1","n1":2,"x":true}"#,
        ),
        ("{}", r#"{"a":1}"#, r#"{"a":1}"#),
        ("true", r#"{"a":1}"#, r#"{"a":1}"#),
        (r#"{"type":"null"}"#, "null", "null"),
    ] {
        assert_eq!(transformed(schema, body).await.as_deref(), Ok(expected), "{body}");
    }
}

#[tokio::test]
async fn xml_is_converted_first() {
    let schema = r#"{"type":"object","properties":{"o":{"type":"object","properties":{"tags":{"type":"array"},"id":{"type":"string"}}}}}"#;
    let result = transformed(schema, "<o><id>9</id><tags>1</tags></o>").await;
    assert_eq!(result.as_deref(), Ok(r#"{"o":{"id":"9","tags":[1]}}"#));
}

#[tokio::test]
async fn what_cannot_be_corrected_is_a_fault() {
    let object = |rules: &str| format!(r#"{{"type":"object","properties":{{"v":{rules}}}}}"#);
    for (rules, body, expected) in [
        (r#"{"type":"integer"}"#, r#"{"v":"x"}"#, "\"x\" is not a number"),
        (r#"{"type":"integer"}"#, r#"{"v":"1.5"}"#, "NumberFormatException: For input string: \"1.5\""),
        (r#"{"type":"integer","minimum":5}"#, r#"{"v":4}"#, "violates the minimum constraint"),
        (r#"{"type":"integer","multipleOf":2}"#, r#"{"v":3}"#, "violates the multipleOf constraint"),
        (r#"{"type":"number","enum":[1,2]}"#, r#"{"v":3}"#, "violates the enum constraint"),
        (r#"{"type":"boolean"}"#, r#"{"v":"yes"}"#, "Cannot convert the sting : yes to boolean"),
        (r#"{"type":"string","maxLength":2}"#, r#"{"v":"abc"}"#, "violated the maxLength constraint"),
        (r#"{"type":"string","pattern":"a+"}"#, r#"{"v":"aab"}"#, "violated the regex constraint a+"),
        (r#"{"type":"string","const":"a"}"#, r#"{"v":"b"}"#, "is not equal to the const value"),
        (r#"{"type":"string"}"#, r#"{"v":{}}"#, "A single value was expected but an object was found"),
        (r#"{"type":"array","maxItems":1}"#, r#"{"v":[1,2]}"#, "Array violated the maxItems constraint"),
        (r#"{"type":"array","uniqueItems":true}"#, r#"{"v":[1,1]}"#, "Array violated the uniqueItems constraint"),
        (r#"{"type":"null"}"#, r#"{"v":1}"#, "Expected a null but found a value"),
        (r#"{"type":["integer","null"]}"#, r#"{"v":[]}"#, "JSON array found [] without matching schema"),
        (
            r#"{"type":"object","additionalProperties":false,"properties":{}}"#,
            r#"{"v":{"a":1}}"#,
            "additional properties are not allowed",
        ),
        (r#"{"type":"object","required":["a"]}"#, r#"{"v":{}}"#, "a is missing"),
        (r#"{"type":"number"}"#, r#"{"v":"1e-999999999"}"#, "NumberFormatException"),
        (r#"{"type":"number"}"#, r#"{"v":"1e999999999"}"#, "is not a number"),
    ] {
        let fault = transformed(&object(rules), body).await.expect_err(body);
        assert!(fault.contains(expected), "{fault}");
    }
    for (schema, expected) in [
        ("false", "JSON schema is false, so all validations will fail"),
        (r#"{"properties":{}}"#, "JSON schema should contain a type declaration"),
        ("[]", "JSON schema should be an object or boolean"),
    ] {
        assert_eq!(transformed(schema, "{}").await, Err(expected.to_owned()));
    }
    let mut context = testing::context_with("application/json", b"{}");
    let fault = testing::run("<jsontransform schema='no'/>", &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "Schema does not exist in the specified location : no");
    let mut context = testing::context_of_artifacts(&["<localEntry key='x'><a/></localEntry>"]);
    context = testing::with_body(context, "application/json", b"{}");
    let fault = testing::run("<jsontransform schema='x'/>", &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "Can not find valid JSON Schema content");
}

#[tokio::test]
async fn settings_of_its_own() {
    let body = b"<p:o xmlns:p='urn:p'><p:a>1</p:a><p:b/></p:o>";
    for (name, value, expected) in [
        ("synapse.commons.json.output.autoPrimitive", "false", r#"{"a":"1","b":null}"#),
        ("synapse.commons.json.preserve.namespace", "true", r#"{"p_a":1,"p_b":null}"#),
        ("synapse.commons.enableXmlNullForEmptyElement", "false", r#"{"a":1,"b":""}"#),
        ("synapse.commons.json.output.disableAutoPrimitive.regex", "[0-9]+", r#"{"a":"1","b":null}"#),
        ("unknown", "x", r#"{"a":1,"b":null}"#),
    ] {
        let mut context = testing::context_with("application/xml", body);
        let flow = format!("<jsontransform><property name='{name}' value='{value}'/></jsontransform>");
        testing::run(&flow, &mut context).await.expect("no fault");
        assert!(context.payload.is_json());
        let text = testing::body(&context);
        assert!(text.contains(expected.trim_matches(['{', '}'])), "{name}: {text}");
    }
}

#[test]
fn refuses_what_is_not_well_made() {
    for (mediator, expected) in [
        ("<jsontransform/>", "jsontransform mediator should contain either a schema or custom properties"),
        ("<jsontransform><property name='a' expression='1'/></jsontransform>", "needs a 'value'"),
        (
            "<jsontransform><property name='synapse.commons.json.output.disableAutoPrimitive.regex' value='('/></jsontransform>",
            "Invalid value",
        ),
    ] {
        let error = testing::parse(mediator).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
