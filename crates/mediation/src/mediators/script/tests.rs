use mi_payload::value::Value;

use crate::context::MessageContext;
use crate::mediator::Flow;
use crate::testing;

const JSON: &[u8] = br#"{"id":7,"items":[{"p":1.5,"q":2},{"p":2,"q":4}]}"#;
const XML: &[u8] = b"<order id='7'><item>a</item><item>b</item></order>";

fn script(language: &str, source: &str) -> String {
    format!("<script language='{language}'><![CDATA[{source}]]></script>")
}

async fn run(context: &mut MessageContext, language: &str, source: &str) -> Result<Flow, String> {
    let result = testing::run(&script(language, source), context).await;
    result.map_err(|fault| format!("{fault:?}"))
}

/// The payload after a script in `js` on JSON.
async fn json(source: &str) -> String {
    let mut context = testing::context_with("application/json", JSON);
    match run(&mut context, "js", source).await {
        Ok(Flow::Continue) => testing::body(&context),
        other => format!("{other:?}"),
    }
}

/// What a script set as property `r`, on a message of XML.
async fn xml(language: &str, source: &str) -> String {
    let mut context = testing::context_with("application/xml", XML);
    match run(&mut context, language, source).await {
        Ok(_) => context.properties.text("r").map_or_else(|| testing::body(&context), |text| text.into_owned()),
        Err(fault) => fault,
    }
}

#[tokio::test]
async fn json_is_read_and_set() {
    let total = "var o = mc.getPayloadJSON(), t = 0; o.items.forEach(i => t += i.p * i.q); mc.setPayloadJSON({id: o.id, t: t});";
    assert_eq!(json(total).await, r#"{"id":7,"t":11}"#);
    assert_eq!(json("mc.payloadJSON = mc.payloadJSON.items[0];").await, r#"{"p":1.5,"q":2}"#);
    assert_eq!(json("mc.setPayloadJSON('{\"a\":1}');").await, r#""{\"a\":1}""#);
    assert_eq!(json("mc.setPayloadJSON(1); mc.setPayloadJSON({v: mc.getPayloadJSON().id})").await, r#"{"v":7}"#);
    assert_eq!(json("mc.setPayloadJSON({t: mc.getPayloadText().length})").await, format!("{{\"t\":{}}}", JSON.len()));
    assert_eq!(json("mc.setPayloadJSON([])").await, "[]");
    let mut context = testing::context_with("application/json", JSON);
    let raw = "mc.setPayloadJSON('{\"a\":1}'); mc.setPayloadJSON({b: mc.getPayloadJSON().a})";
    run(&mut context, "rhinoJs", raw).await.expect("no fault");
    assert_eq!(testing::body(&context), r#"{"b":1}"#);
}

#[tokio::test]
async fn what_is_no_json_is_an_empty_object_and_broken_json_a_fault() {
    assert_eq!(xml("js", "mc.setProperty('r', JSON.stringify(mc.getPayloadJSON()))").await, "{}");
    let mut context = testing::context_with("application/json", b"{broken");
    let fault = run(&mut context, "js", "mc.getPayloadJSON()").await.expect_err("a fault");
    assert!(fault.contains("Invalid JSON payload"), "{fault}");
    run(&mut context, "js", "mc.setPayloadJSON({})").await.expect("no fault");
}

#[tokio::test]
async fn xml_is_text_in_js_and_e4x_in_rhino() {
    assert_eq!(xml("js", "mc.setProperty('r', typeof mc.getPayloadXML())").await, "string");
    assert_eq!(xml("js", "mc.setPayloadXML('<a><b/></a>');").await, "<a><b /></a>");
    assert_eq!(xml("js", "mc.setPayloadXML(mc.parseXml('<a>1</a>'))").await, "<a>1</a>");
    assert_eq!(xml("rhinoJs", "mc.setProperty('r', mc.getPayloadXML().item[1].toString())").await, "b");
    let copy = "var x = mc.getPayloadXML(); mc.setPayloadXML(<r id={x.@id}>{x.item[0]}</r>)";
    assert_eq!(xml("rhinoJs", copy).await, "<r id=\"7\">\n  <item>a</item>\n</r>");
    let nashorn = "mc.getPayloadXML().addAttribute('n', '1', null); var x = mc.getXpathResult(\"//*[local-name()='item']\");
        mc.setProperty('r', x.selectNodes(mc.getPayloadXML()).get(1).getText() + mc.getPayloadXML().getAttributeValue(new javax.xml.namespace.QName('n')))";
    assert_eq!(xml("nashornJs", nashorn).await, "b1");
    assert!(xml("js", "mc.setPayloadXML(7)").await.contains("Unsupported type provide for XML. type: number"));
    assert!(xml("js", "mc.setPayloadXML('<a>')").await.contains("Failed to create OMElement with provided payload"));
    let mut context = testing::context_with("application/json", b"{\"a\":1}");
    run(&mut context, "js", "mc.setProperty('r', mc.getPayloadXML(), 'axis2')").await.expect("no fault");
    assert_eq!(context.axis2.text("r").as_deref(), Some("<jsonObject><a>1</a></jsonObject>"));
    assert_eq!(testing::body(&context), "{\"a\":1}");
}

#[tokio::test]
async fn the_tree_of_the_message_can_be_changed() {
    let body = "var e = mc.getEnvelope().getBody().getFirstElement();";
    for (source, expected) in [
        ("e.setText('x');", "<order id=\"7\"><item>a</item><item>b</item>x</order>"),
        ("e.getFirstElement().setText(1 * 2);", "<order id=\"7\"><item>2</item><item>b</item></order>"),
        ("e.getFirstElement().detach();", "<order id=\"7\"><item>b</item></order>"),
        ("e.addAttribute('n', 'v', null);", "<order id=\"7\" n=\"v\"><item>a</item><item>b</item></order>"),
        (
            "e.addChild(org.apache.axiom.om.util.AXIOMUtil.stringToOM('<n/>'));",
            "<order id=\"7\"><item>a</item><item>b</item><n /></order>",
        ),
        (
            "e.getFirstElement().insertSiblingAfter(e.getFirstChildWithName('item').cloneOMElement());",
            "<order id=\"7\"><item>a</item><item>a</item><item>b</item></order>",
        ),
        ("mc.setProperty('r', e.getAttributeValue(new javax.xml.namespace.QName('id')));", "7"),
        (
            "var i = e.getChildElements(), t = ''; while (i.hasNext()) t += i.next().getText(); mc.setProperty('r', t);",
            "ab",
        ),
        (
            "mc.setProperty('r', e.getFirstElement().getParent().getLocalName() + e.getFirstElement().getNextOMSibling().getText())",
            "orderb",
        ),
        (
            "mc.setProperty('r', mc.parseXml('<a><b>1</b><b>2</b></a>').getElementsByTagName('b').item(1).getTextContent())",
            "2",
        ),
        ("mc.setProperty('r', mc.getXpathResult('//item[2]').stringValueOf(mc.getEnvelope()));", "b"),
        ("mc.setProperty('r', mc.getXpathResult('//item').selectNodes(e).get(0).getText());", "a"),
        (
            "mc.setProperty('r', mc.getXpathResult('@id').selectSingleNode(e).getText() + mc.getXpathResult('count(item)').numberValueOf(e));",
            "72",
        ),
    ] {
        assert_eq!(xml("js", &format!("{body}{source}")).await, expected, "{source}");
    }
    let stale = format!("{body} mc.setPayloadJSON({{}}); e.getText()");
    assert!(xml("js", &stale).await.contains("belongs to a payload that has been replaced"));
}

#[tokio::test]
async fn properties_keep_their_types() {
    let mut context = testing::context_with("application/json", JSON);
    context.properties.set("text", Value::from("t"));
    context.properties.set("number", Value::Integer(3));
    context.variables.set("json", Value::json(serde_json::json!({"a": [1]})));
    let source = "mc.setProperty('sum', mc.getProperty('number') + 1); mc.setProperty('half', 0.5); mc.setProperty('big', 5000000000);
        mc.setProperty('xml', ' <a/>'); mc.setProperty('o', {a: 1}); mc.setProperty('none', mc.getProperty('nothing'));
        mc.setVariable('first', JSON.parse(mc.getVariable('json')).a[0]); mc.setVariable('again', mc.getVariable('json').get('a').size());
        mc.setProperty('HTTP_SC', 201, 'axis2'); mc.setProperty('X-A', 'b', 'transport'); mc.setProperty('op', true, 'operation');
        mc.setProperty('keys', mc.getPropertyKeySet().contains('text') && mc.getVariableKeySet().size() > 1);
        mc.removeProperty('text'); mc.setProperty('messageType', 'text/xml', 'axis2');";
    run(&mut context, "js", source).await.expect("no fault");
    let property = |name: &str| context.properties.get(name).cloned();
    assert!(matches!(property("sum"), Some(Value::Integer(4))));
    assert!(matches!(property("half"), Some(Value::Double(half)) if half == 0.5));
    assert!(matches!(property("big"), Some(Value::Long(5_000_000_000))));
    assert!(matches!(property("xml"), Some(Value::Xml(_))));
    assert!(matches!(property("o"), Some(Value::Json(_))));
    assert!(matches!(property("keys"), Some(Value::Boolean(true))));
    assert!(property("none").is_none() && property("text").is_none());
    assert!(matches!(context.variables.get("first"), Some(Value::Integer(1))));
    assert!(matches!(context.variables.get("again"), Some(Value::Integer(1))));
    assert_eq!(context.headers.get("X-A").map(|value| value.as_bytes()), Some(&b"b"[..]));
    assert!(context.operation().lock().is_true("op"));
    assert_eq!(context.content_types.content_type.as_deref(), Some("text/xml"));
    assert!(matches!(&context.status, crate::context::StatusProperty::Set(Value::Integer(201))));
}

#[tokio::test]
async fn addresses_and_the_rest_of_the_message() {
    let mut context = testing::context_with("application/xml", XML);
    let source = "mc.setReplyTo('http://r'); mc.setTo(mc.getReplyTo()); mc.setSoapAction('urn:a'); mc.setFrom('f');
        mc.setProperty('r', [mc.getTo().getAddress(), mc.getSoapAction(), mc.isResponse(), mc.isDoingGET(), mc.isSOAP11(),
            mc.getMessageID().indexOf('urn:uuid:'), mc.getFaultTo(), mc.getEntry('e'), mc.getSequence('nope')].join());
        mc.setResponse(true); mc.addHeader(true, '<h xmlns=\"u\">1</h>'); mc.getServiceLog().info('x'); print('y')";
    context.configuration = testing::configuration(&["<localEntry key='e'>text</localEntry>"]);
    run(&mut context, "nashornJs", source).await.expect("no fault");
    assert_eq!(context.properties.text("r").as_deref(), Some("http://r,urn:a,false,false,true,0,,text,"));
    assert!(context.is_response);
    assert_eq!(context.addressing.from.as_deref(), Some("f"));
    let envelope = testing::envelope(&context);
    assert!(envelope.contains("<h xmlns=\"u\" soapenv:mustUnderstand=\"1\">1</h>"), "{envelope}");
}

#[tokio::test]
async fn the_usual_java_classes_are_there() {
    for (source, expected) in [
        ("java.util.UUID.randomUUID().toString().length", "36"),
        ("Java.type('java.util.UUID').randomUUID() != java.util.UUID.randomUUID()", "true"),
        ("new java.lang.String(java.util.Base64.getDecoder().decode('w6Q9')) + ''", "\u{e4}="),
        ("java.util.Base64.getEncoder().encodeToString('\u{e4}='.getBytes())", "w6Q9"),
        ("new java.lang.String('YWI').toString()", "YWI"),
        ("var m = new java.util.HashMap(); m.put('a', 1); m.get('a') + m.size() + '' + m", "2{a=1}"),
        ("var l = new java.util.ArrayList(); l.add('x'); l.add('y'); l.get(1) + l", "y[x, y]"),
        ("java.lang.System.currentTimeMillis() > 1600000000000", "true"),
        ("new java.text.SimpleDateFormat('yyyy').format(new java.util.Date()).length", "4"),
        ("java.lang.String.format('%05.1f|%-4s|%d', 2.25, 'a', 7)", "002.3|a   |7"),
        ("java.lang.Integer.parseInt('12') + 1", "13"),
        ("Packages.java.net.URLEncoder.encode('a b&c', 'UTF-8')", "a+b%26c"),
        ("'Ab'.equalsIgnoreCase('aB')", "true"),
        ("load('nashorn:mozilla_compat.js'); importPackage(java.util); new ArrayList().size()", "0"),
        ("importClass(java.util.UUID); UUID.randomUUID().toString().length", "36"),
        ("var i = new JavaImporter(java.util); with (i) { var m = new HashMap() }; m.isEmpty()", "true"),
    ] {
        let source = match source.rsplit_once("; ") {
            Some((before, last)) => format!("{before}; mc.setProperty('r', String({last}))"),
            None => format!("mc.setProperty('r', String({source}))"),
        };
        assert_eq!(xml("js", &source).await, expected, "{source}");
    }
    let fault = xml("js", "java.lang.Runtime.getRuntime().exec('x')").await;
    assert!(fault.contains("The Java class java.lang.Runtime is not available in scripts"), "{fault}");
}

#[tokio::test]
async fn the_value_false_stops_the_flow() {
    let mut context = testing::context_with("application/json", JSON);
    assert_eq!(run(&mut context, "js", "var x = 2; x == 1;").await, Ok(Flow::Stop));
    assert_eq!(run(&mut context, "js", "var x = 1; x == 1;").await, Ok(Flow::Continue));
    assert_eq!(run(&mut context, "js", "0").await, Ok(Flow::Continue));
    assert_eq!(run(&mut context, "js", "").await, Ok(Flow::Continue));
}

#[tokio::test]
async fn faults_say_what_the_engine_says() {
    let mut context = testing::context_with("application/json", JSON);
    let fault =
        testing::run(&script("js", "mc.setProperty('a', 1);\nnope()"), &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "The script engine returned an error executing the inlined js script function mediate");
    assert!(format!("{fault:?}").contains("ReferenceError: nope is not defined"), "{fault:?}");
    // What it did before stays.
    assert_eq!(context.properties.text("a").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_script_that_never_ends_is_stopped_and_undone_only_to_be_run_again() {
    let mut context = testing::context_with("application/json", JSON);
    let mut settings = crate::MediationSettings::default();
    settings.script_limits.time = std::time::Duration::from_millis(40);
    let configuration = crate::Configuration::empty(settings.into(), testing::environment());
    context.configuration = configuration.into();
    let source = "mc.setProperty('n', (mc.getProperty('n') || 0) + 1); mc.setPayloadJSON({n: 1}); mc.setProperty('h', '1', 'transport'); for (;;) ;";
    let fault = run(&mut context, "js", source).await.expect_err("a fault");
    assert!(fault.contains("it has run for 40 ms"), "{fault}");
    assert_eq!(context.properties.text("n").as_deref(), Some("1"));
}

#[tokio::test]
async fn a_slow_script_gives_what_a_quick_one_gives() {
    let mut context = testing::context_with("application/xml", XML);
    let source = "mc.setProperty('n', (mc.getProperty('n') || 0) + 1); mc.setProperty('o', (mc.getProperty('o', 'operation') || 0) + 1, 'operation');
        var e = mc.getEnvelope().getBody().getFirstElement(); e.addChild(mc.parseXml('<new/>').getDocumentElement());
        var end = Date.now() + 20; while (Date.now() < end); mc.setProperty('done', true)";
    run(&mut context, "js", source).await.expect("no fault");
    assert_eq!(context.properties.text("n").as_deref(), Some("1"));
    assert_eq!(context.operation().lock().text("o").as_deref(), Some("1"));
    assert_eq!(testing::body(&context), "<order id=\"7\"><item>a</item><item>b</item><new /></order>");
    assert!(context.properties.is_true("done"));
}

#[tokio::test]
async fn a_script_that_sleeps_does_so_elsewhere() {
    let begin = std::time::Instant::now();
    let result = xml("js", "java.lang.Thread.sleep(30); mc.setProperty('r', String(__host('inPlace')))").await;
    assert_eq!(result, "false");
    assert!(begin.elapsed().as_millis() >= 30);
}

async fn external(entries: &[&str], attributes: &str, children: &str) -> Result<MessageContext, String> {
    let mut context = testing::context_of_artifacts(entries);
    context = testing::with_body(context, "application/json", JSON);
    let flow = format!("<script language='js' key='s' {attributes}>{children}</script>");
    match testing::run(&flow, &mut context).await {
        Ok(_) => Ok(context),
        Err(fault) => Err(format!("{fault:?}")),
    }
}

#[tokio::test]
async fn functions_of_entries_with_includes_and_arguments() {
    let main = "<localEntry key='s'><![CDATA[var n = 1; function f(mc, a, b, x) { n++; return {n: n, a: a.k, b: b, h: helper(x)} }
        function mediate(mc) { mc.setPayloadJSON({m: true}); return false }]]></localEntry>";
    let helper = "<localEntry key='h'><![CDATA[function helper(x) { return x.getLocalName() + n }]]></localEntry>";
    let arguments = "<include key='h'/><inputs><argument name='a' type='JSON' value='{\"k\":[1]}'/>\
        <argument name='b' type='INTEGER' expression='${payload.id}'/><argument name='x' type='XML' value='&lt;el/&gt;'/></inputs>";
    let context = external(&[main, helper], "function='f' target='body'", arguments).await.expect("no fault");
    assert_eq!(testing::body(&context), r#"{"n":2,"a":[1],"b":7,"h":"el2"}"#);
    let context = external(&[main, helper], "function='f' target='variable' target-variable='v'", arguments).await;
    assert!(matches!(context.expect("no fault").variables.get("v"), Some(Value::Json(_))));
    let context = external(&[main], "", "").await.expect("no fault");
    assert_eq!(testing::body(&context), r#"{"m":true}"#);
}

#[tokio::test]
async fn what_a_function_gives_decides() {
    let entry = |body: &str| format!("<localEntry key='s'><![CDATA[function mediate(mc) {{ {body} }}]]></localEntry>");
    for (body, expected) in [
        ("return '[1]'", "[1]"),
        ("return mc.parseXml('<a/>')", "<a />"),
        ("return 5", "5"),
        ("return null", "Return object is null. Cannot set null object to the target : body"),
        ("return 'abc'", "Payload is not a JSON string."),
    ] {
        let result = external(&[&entry(body)], "target='body'", "").await;
        let text = result.map_or_else(|fault| fault, |context| testing::body(&context));
        assert!(text.contains(expected), "{body}: {text}");
    }
    let fault = external(&[&entry("")], "function='other'", "").await.expect_err("a fault");
    assert!(fault.contains("returned a NoSuchMethodException executing the external js script : s function other"));
    let fault = external(&[], "", "").await.expect_err("a fault");
    assert!(fault.contains("NoSuchMethodException"), "{fault}");
    let fault = external(&["<localEntry key='s'>function (</localEntry>"], "", "").await.expect_err("a fault");
    assert!(fault.contains("returned an error executing the external js script : s function mediate"), "{fault}");
}

#[tokio::test]
async fn a_large_payload_is_worked_on_elsewhere() {
    let body: &'static str = Box::leak(format!("{{\"a\":\"{}\"}}", "x".repeat(70_000)).into_boxed_str());
    let mut context = testing::context_with("application/json", body.as_bytes());
    let source = "mc.setPayloadJSON([mc.getPayloadJSON().a.length, __host('inPlace')])";
    run(&mut context, "js", source).await.expect("no fault");
    assert_eq!(testing::body(&context), "[70000,false]");
}

#[test]
fn refuses_what_is_not_well_made() {
    for (mediator, expected) in [
        ("<script/>", "The 'language' attribute is required for a script mediator"),
        ("<script language='js' function='f'/>", "Cannot use 'function' attribute without 'key' attribute"),
        ("<script language='js' key='k'><include/></script>", "Cannot use 'include' element without 'key' attribute"),
        ("<script language='groovy'>x</script>", "No script engine found for language: groovy"),
        ("<script language='js'>var a = ;</script>", "Exception initializing inline script"),
        ("<script language='js'>var a = &lt;a&gt;&lt;/a&gt;;</script>", "XML in scripts needs language=\"rhinoJs\""),
        ("<script language='js' key='k' target='x'/>", "It should be either 'body', 'variable' or 'none'"),
        ("<script language='js' key='k' target='variable'/>", "The 'target-variable' attribute is required"),
    ] {
        let error = testing::parse(mediator).unwrap_err().to_string();
        assert!(error.contains(expected), "{mediator}: {error}");
    }
}

/// How long a call of a small script takes: `cargo test -p mi-mediation --release -- --ignored --nocapture call_of_a_small`.
#[tokio::test]
#[ignore = "a measurement"]
async fn the_time_of_a_call_of_a_small_script() {
    const COMPUTE: &str = "var o = mc.getPayloadJSON(), t = 0; \
        for (var i = 0; i < o.items.length; i++) t += o.items[i].p * o.items[i].q; mc.setPayloadJSON({id: o.id, t: t});";
    let asked = format!("{COMPUTE} true");
    for (name, source, millis) in [
        ("empty", "", 10_000),
        ("property", "mc.setProperty('a', mc.getProperty('b') + 1);", 10_000),
        ("JSON", COMPUTE, 10_000),
        ("JSON, its value asked for", &asked, 10_000),
        // Too little time for a run in place.
        ("empty, on a thread of its own", "", 1),
    ] {
        let list = testing::parse(&script("js", source)).expect("well made");
        let mut context = testing::context_with("application/json", JSON);
        let mut settings = crate::MediationSettings::default();
        settings.script_limits.time = std::time::Duration::from_millis(millis);
        context.configuration = crate::Configuration::empty(settings.into(), testing::environment()).into();
        context.build().await.expect("well formed");
        let text = mi_payload::Payload::json(bytes::Bytes::from_static(JSON));
        const ROUNDS: u32 = 20_000;
        let mut begin = std::time::Instant::now();
        for round in 0..ROUNDS + 1_000 {
            if round == 1_000 {
                begin = std::time::Instant::now();
            }
            context.payload = text.try_clone().expect("built");
            list.run_async(&mut context).await.expect("no fault");
        }
        println!("{name}: {:?}", begin.elapsed() / ROUNDS);
    }
}
