use crate::context::MessageContext;
use crate::testing;

fn connection(more: &str) -> String {
    format!(
        "<localEntry key='C'><http.init><connectionType>HTTP</connectionType><baseUrl>http://echo/base</baseUrl>\
         <authType>None</authType><timeoutDuration/><timeoutAction>Never</timeoutAction><retryCount>0</retryCount>\
         <suspendInitialDuration>-1</suspendInitialDuration><name>C</name>{more}</http.init></localEntry>"
    )
}

fn context(entry: &str, content_type: &str, body: &'static [u8]) -> MessageContext {
    testing::with_body(testing::context_of_artifacts(&[entry]), content_type, body)
}

#[tokio::test]
async fn the_answer_becomes_the_body_or_a_variable() {
    let flow = |overwrite: bool| {
        format!(
            "<http.post configKey='C'><relativePath>/x?a=${{vars.v}}&amp;b=1</relativePath>\
             <headers>[[\"X-One\", \"1\"], {{\"name\": \"X-Two\", \"value\": \"2\"}}]</headers>\
             <requestBodyType>JSON</requestBodyType><requestBodyJson>{{\"q\": \"${{vars.v}}\"}}</requestBodyJson>\
             <responseVariable>answer</responseVariable><overwriteBody>{overwrite}</overwriteBody></http.post>"
        )
    };
    for overwrite in [true, false] {
        let mut context = context(&connection(""), "application/json", br#"{"own":1}"#);
        context.variables.set("v", "w".into());
        testing::run(&flow(overwrite), &mut context).await.expect("no fault");
        let expected = if overwrite { r#"{"q": "w"}"# } else { r#"{"own":1}"# };
        assert_eq!(testing::body(&context), expected);
        let read = "<property name='status' expression='${vars.answer.attributes.statusCode}'/>\
            <property name='url' expression=\"${vars.answer.headers['x-url']}\"/>";
        testing::run(read, &mut context).await.expect("no fault");
        assert_eq!(context.properties.text("status").as_deref(), Some("200"));
        assert_eq!(context.properties.text("url").as_deref(), Some("http://echo/base/x?a=w&b=1"));
        assert!(context.properties.get(super::URL).is_none());
        if !overwrite {
            testing::run("<property name='q' expression='${vars.answer.payload.q}'/>", &mut context).await.expect("ok");
            assert_eq!(context.properties.text("q").as_deref(), Some("w"));
        }
    }
}

#[tokio::test]
async fn xml_bodies_and_basic_credentials() {
    let more = "<username>u</username><password>p&amp;q</password>";
    let entry = connection(more).replace("<authType>None", "<authType>Basic Auth");
    let mut context = context(&entry, "application/xml", b"<own/>");
    let flow = "<http.put configKey='C'><requestBodyType>XML</requestBodyType><requestBodyXml><a xmlns=''>${1 + 1}</a></requestBodyXml>\
        <overwriteBody>true</overwriteBody></http.put>";
    testing::run(flow, &mut context).await.expect("no fault");
    context.build().await.expect("well formed");
    assert_eq!(testing::body(&context), "<a xmlns=\"\">2</a>");
    // u:p&q
    assert_eq!(context.headers["x-authorization"], "Basic dTpwJnE=");
}

#[tokio::test]
async fn tokens_are_got_by_every_grant() {
    let client = "<clientId>i</clientId><clientSecret>s</clientSecret><tokenUrl>http://token/t</tokenUrl>\
        <oauthAuthorizationMode>Payload</oauthAuthorizationMode><additionalProperties>scope:a, x:1:2</additionalProperties>";
    for (grant, own) in [
        ("Client Credentials", ""),
        ("Authorization Code", "<refreshToken>r</refreshToken>"),
        ("Password", "<username>u</username><password>p</password>"),
    ] {
        let more = format!("{client}{own}<oauthGrantType>{grant}</oauthGrantType>");
        let entry = connection(&more).replace("<authType>None", "<authType>OAuth");
        let mut context = context(&entry, "application/json", b"{}");
        let flow = "<http.get configKey='C'><overwriteBody>true</overwriteBody></http.get>";
        testing::run(flow, &mut context).await.expect("no fault");
        let sent = context.headers["x-authorization"].to_str().expect("text");
        assert!(sent.starts_with("Bearer t"), "{grant}: {sent}");
    }
}

#[tokio::test]
async fn a_connection_without_its_credentials_says_what_is_missing() {
    for (more, reason) in [
        ("<oauthGrantType>Client Credentials</oauthGrantType><clientId>i</clientId>", "<clientSecret> is missing"),
        ("<oauthGrantType>Implicit</oauthGrantType>", "the oauthGrantType 'Implicit' is not one of"),
    ] {
        let entry = connection(more).replace("<authType>None", "<authType>OAuth");
        let mut context = context(&entry, "application/json", b"{}");
        let fault = testing::run("<http.get configKey='C'/>", &mut context).await.expect_err("no credentials");
        let detail = format!("{fault:?}");
        assert!(detail.contains(reason), "{detail}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_a_fault_or_an_error() {
    let mut context = context(&connection(""), "application/json", b"{}");
    let fault = testing::run("<http.get configKey='D'/>", &mut context).await.expect_err("no entry");
    assert_eq!(fault.message(), "Sequence named D cannot be found");
    let fault = testing::run("<http.get configKey='C'><headers>x</headers></http.get>", &mut context).await;
    assert!(fault.expect_err("no JSON").message().contains("no JSON array"));
    let error = testing::parse("<http.get/>").expect_err("no key").to_string();
    assert!(error.contains("The 'configKey' attribute is required for http.get"), "{error}");
    let error = testing::parse("<http.gett configKey='C'/>").expect_err("misspelt").to_string();
    assert!(error.contains("did you mean 'http.get'?"), "{error}");
}
