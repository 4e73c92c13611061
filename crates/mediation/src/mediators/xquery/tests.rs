use crate::testing;

const SHOP: &[u8] =
    b"<shop><book price='30.5'><title>Italian</title></book><book price='7'><title>Harry</title></book></shop>";

async fn run(query: &str, kind: &str, body: &'static [u8], inner: &str) -> Result<String, String> {
    let entry = format!("<localEntry key='q'><![CDATA[{query}]]></localEntry>");
    let other = "<localEntry key='rates'><rates xmlns=''><rate>2.5</rate></rates></localEntry>";
    let mut context = testing::with_body(testing::context_of_artifacts(&[&entry, other]), kind, body);
    let flow = format!("<xquery key='q'{inner}</xquery>");
    match testing::run(&flow, &mut context).await {
        Ok(_) => Ok(testing::body(&context)),
        Err(fault) => Err(format!("{}|{}", fault.message(), fault.detail_text().unwrap_or_default())),
    }
}

#[tokio::test]
async fn an_element_takes_the_place_of_the_payload() {
    let query = "declare variable $payload as document-node() external; <titles>{$payload//book/title}</titles>";
    let done = run(query, "application/xml", SHOP, "><variable name='payload' type='ELEMENT'/>").await;
    assert_eq!(done.as_deref(), Ok("<titles><title>Italian</title><title>Harry</title></titles>"));
    let first = "declare variable $payload as document-node() external; $payload//shop/book/title";
    let done = run(first, "application/xml", SHOP, "><variable name='payload' type='DOCUMENT'/>").await;
    assert_eq!(done.as_deref(), Ok("<title>Italian</title>"));
}

#[tokio::test]
async fn values_become_the_text_of_the_target() {
    let done = run("for $n in 1 to 10 return $n * $n", "application/xml", b"<foo/>", ">").await;
    assert_eq!(done.as_deref(), Ok("<foo>1</foo>"));
    let done = run("1e0 * 3", "application/xml", b"<foo/>", ">").await;
    assert_eq!(done.as_deref(), Ok("<foo>3.0</foo>"));
    let done = run("'new'", "application/xml", SHOP, " target='//book[2]/title'>").await;
    assert!(done.expect("no fault").contains("<title>Italian</title></book><book price=\"7\"><title>new</title>"));
}

#[tokio::test]
async fn variables_have_types_and_come_from_everywhere() {
    let query = "declare variable $i as xs:int external; declare variable $b as xs:boolean external; declare variable $s as xs:string external;\
        declare variable $p as xs:double external; declare variable $r as document-node() external; declare variable $m as xs:int external;\
        <r>{$i + 2, $b, $s, $p * $r//rate, $m}</r>";
    let inner = "><variable name='i' type='INT' value='8'/><variable name='b' type='BOOLEAN' value='true'/>\
        <variable name='s' type='STRING' expression='//book[1]/title'/><variable name='p' type='DOUBLE' expression='//book[1]/@price'/>\
        <variable name='r' type='ELEMENT' key='rates'/><variable name='m' type='INT' value='-1'/><variable name='ignored'/>";
    let done = run(query, "application/xml", SHOP, inner).await;
    assert_eq!(done.as_deref(), Ok("<r>10 true Italian 76.25 -1</r>"));
    let query = "declare variable $rate as xs:double external; <r>{$rate}</r>";
    let inner = "><variable name='rate' type='DOUBLE' key='rates' expression='//rate'/>";
    assert_eq!(run(query, "application/xml", SHOP, inner).await.as_deref(), Ok("<r>2.5</r>"));
}

#[tokio::test]
async fn json_is_queried_as_its_image() {
    let query = "declare variable $p external; <code>{string($p//code)}</code>";
    let done = run(query, "application/json", b"{\"code\": \"IBM\"}", "><variable name='p' type='ELEMENT'/>").await;
    assert_eq!(done.as_deref(), Ok("<code>IBM</code>"));
}

#[tokio::test]
async fn faults_have_their_reason_as_detail() {
    let failed = run("1 +", "application/xml", SHOP, ">").await.expect_err("a fault");
    assert!(
        failed.starts_with(
            "Unable to execute the query |Error during the query compilation of q: an expression is expected"
        ),
        "{failed}"
    );
    let failed = run("declare variable $x external; $x", "application/xml", SHOP, ">").await.expect_err("a fault");
    assert!(failed.contains("the external variable $x has no value"), "{failed}");
    let mut context = testing::with_body(testing::context(), "application/xml", SHOP);
    let fault = testing::run("<xquery key='none'/>", &mut context).await.expect_err("a fault");
    assert_eq!(fault.detail_text(), Some("No object found for the key 'none'"));
}

#[test]
fn what_is_refused() {
    for (flow, expected) in [
        ("<xquery/>", "The 'key' attribute is required for the XQuery mediator"),
        ("<xquery key='k' target='//['/>", "Invalid XPath specified for the target attribute : //["),
        ("<xquery key='k'><variable name='v' type='DATE'/></xquery>", "Unsupported Type"),
        ("<xquery key='k'><variable name='v' type='INT' value='x'/></xquery>", "Invalid value for the variable v"),
    ] {
        let error = testing::parse(flow).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
}
