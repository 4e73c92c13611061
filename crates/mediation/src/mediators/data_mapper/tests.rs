use crate::context::MessageContext;
use crate::testing;

/// Runs a mapping; the answer is the payload, or why there is none.
async fn mapped(
    attributes: &str,
    script: &str,
    schemas: (&str, &str),
    message: (&str, &'static str),
) -> Result<MessageContext, String> {
    let entries = [("m.dmc", script), ("in.json", schemas.0), ("out.json", schemas.1)]
        .map(|(key, text)| format!("<localEntry key='{key}'><![CDATA[{text}]]></localEntry>"));
    let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
    let mut context = testing::with_body(testing::context_of_artifacts(&entries), message.0, message.1.as_bytes());
    context.properties.set("channel", mi_payload::Value::from("web"));
    context.variables.set("rate", mi_payload::Value::from(1.5));
    let flow = format!("<datamapper config='m.dmc' inputSchema='in.json' outputSchema='out.json' {attributes}/>");
    match testing::run(&flow, &mut context).await {
        Ok(_) => Ok(context),
        Err(fault) => Err(format!("{fault:?}")),
    }
}

const JSON: &str = "application/json";
const XML: &str = "application/xml";

const ORDER_JSON: &str = r#"{"title":"root","type":"object","inputType":"JSON","outputType":"JSON","properties":{
    "orders":{"type":"array","items":[{"type":"object","properties":{"id":{"type":"string"},"unit-price":{"type":"number"}}}]}}}"#;

#[tokio::test]
async fn json_to_json_as_the_diagram_editor_writes_it() {
    let script = "map_S_root_S_result = function(){
var outputresult={};

var count_i_orders = 0;
outputresult =  {};
outputresult.item =  [];

for(i_orders in inputroot.orders){
outputresult.item[count_i_orders] =  {};
outputresult.item[count_i_orders].name = inputroot.orders[i_orders].id.toUpperCase();
outputresult.item[count_i_orders].final_EnC0DeCHaRHyPh3n_price = inputroot.orders[i_orders]['unit-price'] * 2;
outputresult.item[count_i_orders].from = DM_PROPERTIES.DEFAULT['channel'] + DM_PROPERTIES.TRANSPORT['none'];
count_i_orders++;
}
return outputresult;
};";
    let output = r#"{"title":"result","type":"object","outputType":"JSON","properties":{}}"#;
    let message = r#"{"orders":[{"id":"a1","unit-price":1.25},{"id":"b2","unit-price":4}]}"#;
    let context = mapped("", script, (ORDER_JSON, output), (JSON, message)).await.expect("no fault");
    let expected =
        r#"{"item":[{"name":"A1","final-price":2.5,"from":"web"},{"name":"B2","final-price":8,"from":"web"}]}"#;
    assert_eq!(testing::body(&context), expected);
    assert_eq!(context.content_types.message_type.as_deref(), Some("application/json"));
}

#[tokio::test]
async fn json_to_json_as_the_code_editor_writes_it() {
    let script = "var dmUtils = { sum: function (a, b) { return a + b } };
/**
 * functionName : map_S_root_S_root
 * inputVariable : inputroot
 */
function mapFunction(input) {
    return { total: input.orders.reduce((sum, order) => dmUtils.sum(sum, order['unit-price']), 0), first: input.orders[0].id };
}";
    let message = r#"{"orders":[{"id":"a1","unit-price":1.25},{"id":"b2","unit-price":4}]}"#;
    let context = mapped("", script, (ORDER_JSON, ORDER_JSON), (JSON, message)).await.expect("no fault");
    assert_eq!(testing::body(&context), r#"{"total":5.25,"first":"a1"}"#);
}

const PERSON: &str = r#"{"title":"p:person","type":"object","inputType":"XML","properties":{
    "p:first-name":{"type":"string"},"age":{"type":"integer"},"adult":{"type":"boolean"},
    "p:phone":{"type":"array","items":[{"type":"object","value":{"type":"string"},"attributes":{"kind":{"type":"string"}}}]},
    "tag":{"type":"array","items":[{"type":"string"}]},
    "note,xsi:type=p:short":{"type":"object","value":{"type":"string"},"attributes":{"xsi:type":{"type":"string"}}},
    "gone":{"type":"number"}},
    "attributes":{"id":{"type":"number"},"p:lang":{"type":"string"}},
    "namespaces":[{"prefix":"p","url":"urn:person"},{"prefix":"xsi","url":"http://www.w3.org/2001/XMLSchema-instance"}]}"#;

const PERSON_XML: &str = "<q:person xmlns:q='urn:person' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' id='7' q:lang='en'>\
    <q:first-name>Ann</q:first-name><age>41</age><adult>true</adult><unknown/><tag>x</tag><tag>y</tag>\
    <q:phone kind='home'>1</q:phone><q:phone kind='work'>2</q:phone><note xsi:type='q:short'>hi</note><gone xsi:nil='true'/></q:person>";

#[tokio::test]
async fn xml_is_read_by_the_schema() {
    let output = r#"{"title":"all","type":"object","outputType":"JSON"}"#;
    let script = "map_S_person_S_all = function(){ return inputp_person; };";
    let context = mapped("", script, (PERSON, output), (XML, PERSON_XML)).await.expect("no fault");
    let expected = concat!(
        r#"{"attr_id":7,"attr_p_lang":"en","p_first-name":"Ann","age":41,"adult":true,"tag":["x","y"],"#,
        r#""p_phone":[{"_ELEMVAL":"1","attr_kind":"home"},{"_ELEMVAL":"2","attr_kind":"work"}],"#,
        r#""note_Separat0r_xsi_type_p_short":{"_ELEMVAL":"hi","attr_xsi_type":"q:short"}}"#
    );
    assert_eq!(testing::body(&context), expected);
}

#[tokio::test]
async fn xml_to_xml_with_attributes_types_and_arrays() {
    let output = r#"{"title":"o:card","type":"object","outputType":"XML","namespaces":[{"prefix":"o","url":"urn:card"},
        {"prefix":"xsi","url":"http://www.w3.org/2001/XMLSchema-instance"}]}"#;
    let script = "map_S_person_S_card = function(){
var outputo_card={};
outputo_card =  {};
outputo_card.attr_no = inputp_person.attr_id;
outputo_card.o_full_EnC0DeCHaRHyPh3n_name = inputp_person.p_first_EnC0DeCHaRHyPh3n_name + ' B.';
outputo_card.phones =  {};
outputo_card.phones.o_phone =  [];
for(i in inputp_person.p_phone){
outputo_card.phones.o_phone[i] =  {};
outputo_card.phones.o_phone[i]._ELEMVAL = inputp_person.p_phone[i]._ELEMVAL;
outputo_card.phones.o_phone[i].attr_o_kind = inputp_person.p_phone[i].attr_kind;
}
outputo_card.tag = inputp_person.tag;
outputo_card.years = inputp_person.age / 2;
outputo_card.yearsATTR = { attr_unit: 'half' };
outputo_card.note_Separat0r_xsi_type_o_long = { _ELEMVAL: '<&>' };
outputo_card.none = null;
return outputo_card;
};";
    let context = mapped("", script, (PERSON, output), (XML, PERSON_XML)).await.expect("no fault");
    let expected = "<o:card xmlns:o=\"urn:card\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" no=\"7\">\
        <o:full-name>Ann B.</o:full-name><phones><o:phone o:kind=\"home\">1</o:phone><o:phone o:kind=\"work\">2</o:phone></phones>\
        <tag>x</tag><tag>y</tag><years unit=\"half\">20.5</years><note xsi:type=\"o:long\">&lt;&amp;></note></o:card>";
    assert_eq!(testing::body(&context).replace("&gt;", ">"), expected);
    assert_eq!(context.content_types.content_type.as_deref(), Some("application/xml"));
}

#[tokio::test]
async fn envelopes_are_mapped_whole() {
    let schema = |child: &str| {
        format!(
            r#"{{"title":"soapenv:Envelope","type":"object","inputType":"XML","outputType":"XML","properties":{{
            "soapenv:Body":{{"type":"object","properties":{{"{child}":{{"type":"string"}}}}}}}},
            "namespaces":[{{"prefix":"soapenv","url":"http://schemas.xmlsoap.org/soap/envelope/"}}]}}"#
        )
    };
    let script = "map_S_Envelope_S_Envelope = function(){ var o = {}; o.soapenv_Header = {}; o.soapenv_Body = {};
        o.soapenv_Body.b = inputsoapenv_Envelope.soapenv_Body.a; return o; };";
    let soap = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><h/></s:Header><s:Body><a>1</a></s:Body></s:Envelope>";
    let context = mapped("", script, (&schema("a"), &schema("b")), ("text/xml", soap)).await.expect("no fault");
    let envelope = testing::envelope(&context);
    assert!(envelope.contains("<soapenv:Body><b>1</b></soapenv:Body>") && !envelope.contains("<h"), "{envelope}");
}

const ROWS: &str = r#"{"title":"root","type":"array","inputType":"CSV","outputType":"CSV","items":[{"type":"object","properties":{
    "name":{"type":"string"},"amount":{"type":"number"}}}]}"#;

#[tokio::test]
async fn csv_in_and_out() {
    let script = "map_S_root_S_root = function(){ var o = [];
        for (i in inputroot) { o[i] = {}; o[i].amount = inputroot[i].amount * 2; o[i].name = inputroot[i].name; } return o; };";
    let context = mapped("", script, (ROWS, ROWS), ("text/plain", "a,1\r\nb,2.25\n")).await.expect("no fault");
    assert_eq!(testing::body(&context), "2,a\n4.5,b");
    assert_eq!(context.content_types.content_type.as_deref(), Some("text/xml"));
    let text = "<text xmlns='http://ws.apache.org/commons/ns/payload'>a,1</text>";
    let context = mapped("", script, (ROWS, ROWS), (XML, text)).await.expect("no fault");
    assert_eq!(testing::body(&context), "<text xmlns=\"http://ws.apache.org/commons/ns/payload\">2,a</text>");
    let fault = mapped("", script, (ROWS, ROWS), ("text/plain", "a,1,2")).await.expect_err("a fault");
    assert!(fault.contains("mapping failed") && fault.contains("more fields than the schema"), "{fault}");
}

#[tokio::test]
async fn the_types_of_the_mediator_win() {
    let script = "map_S_root_S_root = function(){ return [{ a: inputroot.orders.length, b: null, c: 'x' }]; };";
    let message = r#"{"orders":[1,2]}"#;
    let context = mapped("outputType='CSV'", script, (ORDER_JSON, ORDER_JSON), (JSON, message)).await;
    assert_eq!(testing::body(&context.expect("no fault")), "2,,x");
}

#[tokio::test]
async fn a_function_of_input_and_variables() {
    let script = "(function (input, variables) { return JSON.stringify({ sum: input.n * variables.rate }) })";
    let schema = r#"{"title":"x","inputType":"JSON","outputType":"JSON"}"#;
    let message = (JSON, r#"{"n":4}"#);
    let context = mapped("target='body'", script, (schema, schema), message).await.expect("no fault");
    assert_eq!(testing::body(&context), r#"{"sum":6}"#);
    let context = mapped("target='variable' variable='v'", script, (schema, schema), message).await.expect("no fault");
    assert_eq!(context.variables.text("v").as_deref(), Some(r#"{"sum":6}"#));
    assert_eq!(testing::body(&context), r#"{"n":4}"#);
    let context = mapped("target='body' outputType='XML'", script, (schema, schema), message).await.expect("no fault");
    assert_eq!(testing::body(&context), "<sum>6</sum>");
    let script = "(function (input) { return JSON.stringify(input.Envelope.Body) })";
    let context = mapped("target='body' inputType='XML'", script, (schema, schema), (XML, "<a><b>1</b></a>")).await;
    assert_eq!(testing::body(&context.expect("no fault")), r#"{"a":{"b":1}}"#);
}

#[tokio::test]
async fn what_cannot_be_mapped_is_a_fault() {
    let good = "map_S_root_S_root = function(){ return {}; };";
    let untyped = r#"{"title":"root"}"#;
    let message = (JSON, "{}");
    for (script, input, message, expected) in [
        ("nothing = 1", ORDER_JSON, message, "the mapping has no function map_S_root_S_root"),
        ("map_S_root_S_root = function(){ return a.b; };", ORDER_JSON, message, "ReferenceError"),
        ("map_S_root_S_root = function(){ return; };", ORDER_JSON, message, "Failed to execute mapping function"),
        ("function (", ORDER_JSON, message, "Invalid configurations"),
        (good, untyped, message, "Input type is not defined in the input schema/synapse configuration"),
        (good, "{}", message, "schema name not found"),
        (good, PERSON, (XML, "<other/>"), "Invalid element found in the message payload :other"),
    ] {
        let fault = mapped("", script, (input, ORDER_JSON), message).await.expect_err(expected);
        assert!(fault.contains(expected), "{fault}");
    }
    let mut context = testing::context_with("application/json", b"{}");
    let flow = "<datamapper config='a' inputSchema='b' outputSchema='c'/>";
    let fault = testing::run(flow, &mut context).await.expect_err("a fault");
    assert_eq!(fault.message(), "DataMapper mediator : mapping configuration is null");
}

#[test]
fn refuses_what_is_not_well_made() {
    for (attributes, expected) in [
        ("inputSchema='b' outputSchema='c'", "The attribute config is required for the DataMapper mediator"),
        ("config='a' outputSchema='c'", "The attribute inputSchema is required for the DataMapper mediator"),
        ("config='a' inputSchema='b'", "The outputSchema attribute is required for the DataMapper mediator"),
        ("config='a' inputSchema='b' outputSchema='c' outputType='YAML'", "it is one of XML, JSON, CSV"),
        (
            "config='a' inputSchema='b' outputSchema='c' target='x'",
            "Invalid target attribute found in DataMapper mediator",
        ),
        ("config='a' inputSchema='b' outputSchema='c' target='variable'", "needs the attribute 'variable'"),
    ] {
        let error = testing::parse(&format!("<datamapper {attributes}/>")).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
