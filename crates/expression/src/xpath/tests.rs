use std::sync::Arc;

use mi_payload::{NodeItem, Value, XmlFragment};

use crate::expression::{Expression, ExpressionKind, Selection};
use crate::fault::ExpressionFault;
use crate::message::{Field, Scope};
use crate::namespaces::Namespaces;
use crate::testing::{TestMessage, xml};

const ORDER: &str = "<o:order xmlns:o='urn:o' id=' 7 '><sym> IBM </sym><q>5</q><q>6</q><e/><deep><x>1</x></deep>\
    <mix>\u{A0}a<b>c</b></mix></o:order>";

fn message() -> TestMessage {
    let fragment = |text| NodeItem::Element(Arc::new(XmlFragment::parse(text).expect("well-formed")));
    let entries = [(Arc::from("k"), Value::from("v"))];
    let mut message = TestMessage::xml(ORDER)
        .with(Scope::Default, "s", "text")
        .with(Scope::Default, "uri.var.id", "A7")
        .with(Scope::Default, "b", false)
        .with(Scope::Default, "zero", 0)
        .with(Scope::Default, "d", 2.0)
        .with(Scope::Default, "json", serde_json::json!("q"))
        .with(Scope::Default, "om", xml("<p><c>1</c></p>"))
        .with(Scope::Default, "nodes", Value::Nodes([fragment("<a>1</a>"), fragment("<a>2</a>")].into()))
        .with(Scope::Default, "m", Value::Map(Arc::new(entries.into_iter().collect())))
        .with(Scope::Axis2, "HTTP_SC", 200)
        .with(Scope::Transport, "Content-Type", "text/xml")
        .with(Scope::Operation, "op", "o")
        .with(Scope::System, "user.dir", "/tmp")
        .with_variable("v", serde_json::json!({"a": 1}));
    message.fields = [(Field::To, "/a?x=1&Name=J%20D+e".to_owned()), (Field::Fault, "TRUE".to_owned())].into();
    let parameter = Expression::compile("//q[1]", &Namespaces::none()).expect("compiles");
    message.parameters =
        Some([("p".to_owned(), Value::from("given")), ("e".to_owned(), Value::Expression(Arc::new(parameter)))].into());
    message
}

fn compile(text: &str) -> Expression {
    let namespaces = [("o", "urn:o"), ("s", "http://schemas.xmlsoap.org/soap/envelope/")].into_iter().collect();
    Expression::compile(text, &namespaces).expect(text)
}

fn string(text: &str) -> Result<Option<String>, ExpressionFault> {
    let message = message();
    let string = compile(text).evaluate_string(&message)?;
    Ok(string.map(|text| text.into_owned()))
}

#[test]
fn results_as_strings() {
    let order = "<o:order xmlns:o=\"urn:o\" id=\" 7 \">";
    for (text, expected) in [
        ("//sym", "IBM"),
        ("//sym/text()", " IBM "),
        ("//o:order/@id", " 7 "),
        ("//q", "<q>5</q><q>6</q>"),
        ("//q/text()", "56"),
        ("//e", "<e />"),
        ("//deep", "<deep><x>1</x></deep>"),
        ("//mix", "a"),
        ("//none", ""),
        ("//sym/node()", "<sym>IBM</sym>"),
        ("//deep/node()", "<x>1</x>"),
        ("count(//q)", "2.0"),
        ("string(count(//q))", "2"),
        ("concat('n', count(//q))", "n2"),
        ("10000000", "1.0E7"),
        ("1 div 0", "Infinity"),
        ("//q = 5", "true"),
        ("$body/o:order/q[2]", "6"),
        ("s:Body/o:order/sym", "IBM"),
        ("/s:Envelope/s:Body/o:order/sym", ""),
        ("/s:Body/o:order/sym", "IBM"),
        ("name($env)", "s:Envelope"),
        ("name($any:body)", "s:Body"),
        ("$ctx:s", "text"),
        ("$ctx:uri.var.id", "A7"),
        ("$ctx:b", "false"),
        ("$ctx:d", "2.0"),
        ("$ctx:json", "\"q\""),
        ("$ctx:om", "<p><c>1</c></p>"),
        ("$ctx:om/c", "1"),
        ("$ctx:nodes", "<a>1</a><a>2</a>"),
        ("$ctx:nodes[2]", "2"),
        ("$m:k", "v"),
        ("$var:v", "{\"a\":1}"),
        ("$axis2:HTTP_SC", "200"),
        ("$axis2:HTTP_SC = 200", "false"),
        ("$axis2:HTTP_SC = '200'", "false"),
        ("$axis2:HTTP_SC != 200", "true"),
        ("$axis2:HTTP_SC > 100", "false"),
        ("string($axis2:HTTP_SC) = '200'", "true"),
        ("starts-with($axis2:HTTP_SC, '2')", "true"),
        ("$trp:content-type", "text/xml"),
        ("$operation:op", "o"),
        ("$url:name", "J D e"),
        ("$url:none", ""),
        ("$sys:user.dir", "/tmp"),
        ("$sys:none", ""),
        ("$func:p", "given"),
        ("$func:e", "5"),
        ("get-property('s')", "text"),
        ("synapse:get-property('axis2', 'HTTP_SC')", "200"),
        ("get-property('transport', 'Content-Type')", "text/xml"),
        ("get-property('SERVER_IP')", "10.0.0.1"),
        ("get-property('To')", "/a?x=1&Name=J%20D+e"),
        ("get-property('FAULT')", "TRUE"),
        ("get-property('MESSAGE_FORMAT')", ""),
        ("get-property('system', 'none')", ""),
        ("get-property('func', 'p')", "given"),
        ("get-property('SYSTEM_TIME')", "1738335845078"),
        ("get-property('default', 'SYSTEM_DATE', 'yyyy')", "2025"),
        ("get-property('SYSTEM_DATE', 'yyyy')", "2025"),
        ("get-property('nonsense', 's', 'x')", ""),
        ("get-property('')", ""),
        ("base64Encode('hello')", "aGVsbG8="),
        ("base64Decode('aGVsbG8K')", "hello"),
        ("base64Encode('')", ""),
        ("url-encode('a b/?ü')", "a%20b/?%C3%BC"),
        ("hmac-generate('what do ya want for nothing?', 'Jefe')", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("wso2:vault-lookup('db')", "s3cret"),
        ("wso2:vault-lookup('no')", "wso2:vault-lookup('no')"),
    ] {
        assert_eq!(string(text), Ok(Some(expected.to_owned())), "{text}");
    }
    assert_eq!(string("$ctx:missing"), Ok(None));
    assert_eq!(string("get-property('missing')"), Ok(None));
    assert_eq!(string("get-property('synapse', 's')"), Ok(None));
    assert!(string("//o:order").expect("evaluates").expect("a string").starts_with(order));
}

#[test]
fn results_as_booleans() {
    let message = message();
    for (text, expected) in [
        ("//q", true),
        ("//none", false),
        ("'false'", true),
        ("''", false),
        ("0", false),
        ("$ctx:missing", false),
        ("$ctx:missing = ''", false),
        ("$ctx:missing != 'x'", false),
        ("$ctx:b", false),
        ("$ctx:zero", false),
        ("$axis2:HTTP_SC", true),
        ("get-property('s') = 'text'", true),
        ("not($ctx:missing)", true),
    ] {
        assert_eq!(compile(text).evaluate_boolean(&message), Ok(expected), "{text}");
    }
}

#[test]
fn faults() {
    let plain = TestMessage::xml("<a/>");
    for text in
        ["//zz:a", "$ctx", "$nothing:here", "unknown-function()", "$func:p", "get-property('func', 'p')", "//a | 1"]
    {
        let fault =
            Expression::compile(text, &Namespaces::none()).expect(text).evaluate_string(&plain).expect_err(text);
        assert_eq!(fault.to_string(), format!("Evaluation of the XPath expression {text} resulted in an error"));
    }
    let bound = [("ctx", "urn:c")].into_iter().collect();
    let shadowed = Expression::compile("$ctx:s", &bound).expect("compiles");
    assert!(shadowed.evaluate_string(&message()).is_err());
    assert!(Expression::compile("//a[", &Namespaces::none()).is_err());
}

#[test]
fn without_an_envelope_everything_is_empty() {
    let message = TestMessage::default();
    for text in ["//a", "$body/a", "$header"] {
        let string = compile(text).evaluate_string(&message).expect(text);
        assert!(string.is_none_or(|string| string.is_empty()), "{text}");
    }
}

#[test]
fn selections() {
    let message = message();
    let expression = compile("//q");
    assert_eq!(expression.kind(), ExpressionKind::XPath);
    let Ok(Selection::Nodes(nodes)) = expression.evaluate_nodes(&message) else { panic!("nodes") };
    assert_eq!(nodes.len(), 2);
    assert!(nodes.iter().all(|node| node.document.local_name(node.node) == "q" && node.attribute.is_none()));
    let Ok(Selection::Nodes(nodes)) = compile("//@id").evaluate_nodes(&message) else { panic!("nodes") };
    assert!(nodes.iter().all(|node| node.attribute.is_some()));
    assert!(matches!(compile("'x'").evaluate_nodes(&message), Ok(Selection::Value(Value::String(_)))));
    assert_eq!(compile("//q").evaluate_object(&message).map(|value| value.is_none()), Ok(true));
}

#[test]
fn a_parsed_envelope_has_a_document_above_it() {
    let text = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header/><s:Body><a>1</a></s:Body></s:Envelope>";
    let message = TestMessage::soap(text);
    for text in ["/s:Envelope/s:Body/a", "//a", "s:Body/a", "$body/a"] {
        assert_eq!(compile(text).evaluate_string(&message).expect(text).as_deref(), Some("1"), "{text}");
    }
    assert_eq!(compile("name($header)").evaluate_string(&message).expect("fine").as_deref(), Some("s:Header"));
}

#[cfg(feature = "xpath2")]
#[test]
fn what_is_no_xpath_1_is_tried_as_2_where_that_is_allowed() {
    let namespaces: Namespaces = [("o", "urn:o")].into_iter().collect();
    let allowing = namespaces.clone().allowing_xpath2(true);
    let message = message();
    for (text, expected) in [
        ("for $q in //q return $q * 2", "10"),
        ("string-join(//q, '-')", "5-6"),
        ("if (//q > 5) then 'more' else 'less'", "more"),
        ("replace($ctx:s, 't', 'T')", "TexT"),
        ("tokenize(normalize-space(//sym), 'B')", "I"),
        ("replace(/o:order/@id, ' ', '')", "7"),
        ("string-join($body//q/text(), ',')", "5,6"),
        ("concat(replace(get-property('s'), 'e', 'E'), $axis2:HTTP_SC + 1)", "tExt201"),
        ("tokenize(get-property('transport', \"Content-Type\"), '/')[2]", "xml"),
        ("avg($ctx:nodes)", "1.5"),
        ("count(($ctx:none, 'x'))", "1"),
        ("matches('abc', '^a.c$')", "true"),
        ("some $q in //q satisfies $q = 6", "true"),
        ("()", ""),
        // What 1.0 can do stays what it was, Java's numbers included.
        ("count(//q)", "2.0"),
    ] {
        let expression = Expression::compile(text, &allowing).unwrap_or_else(|error| panic!("{text}: {error}"));
        let result = expression.evaluate_string(&message);
        assert_eq!(result.expect(text).as_deref(), Some(expected), "{text}");
    }
    for (text, expected) in [("matches('abc', '^b')", false), ("exists(//q) and ends-with('ab', 'b')", true)] {
        let expression = Expression::compile(text, &allowing).expect(text);
        assert_eq!(expression.evaluate_boolean(&message), Ok(expected), "{text}");
    }
    let empty = Expression::compile("string-join(//q, '-')", &allowing).expect("compiles");
    assert_eq!(empty.evaluate_string(&TestMessage::default()).expect("an empty element").as_deref(), Some(""));
    let failing = Expression::compile("1 idiv 0 + (1 to 2)", &allowing).expect("compiles");
    assert!(matches!(failing.evaluate_string(&message), Err(ExpressionFault::XPath { .. })));

    let refused = Expression::compile("for $q in //q return $q", &namespaces).expect_err("not allowed");
    assert!(refused.message.contains("enable_xpath_dom_failover"), "{refused}");
    let neither = Expression::compile("for $q in", &allowing).expect_err("neither");
    assert!(neither.message.contains("nor is it XPath 2.0"), "{neither}");
    assert!(compile("replace('a', 'a', 'b')").evaluate_string(&message).is_err(), "unknown to 1.0, and not allowed");
}

#[cfg(feature = "xpath2")]
#[test]
fn a_compiled_expression_works_in_every_thread() {
    let allowing = Namespaces::none().allowing_xpath2(true);
    let expression = Expression::compile("string-join(('a', 'b'), '-')", &allowing).expect("compiles");
    let one = || {
        let message = TestMessage::default();
        expression.evaluate_string(&message).expect("a result").map(|text| text.into_owned())
    };
    std::thread::scope(|scope| {
        let results: Vec<_> = (0..3).map(|_| scope.spawn(one)).collect();
        for result in results {
            assert_eq!(result.join().expect("no panic").as_deref(), Some("a-b"));
        }
    });
}

#[test]
fn what_is_encrypted_with_a_key_store_is_decrypted() {
    let store = concat!(env!("CARGO_MANIFEST_DIR"), "/../keystore/tests/keystores/rsa.jks");
    let keys = format!("'{store}', 'storepw', 'rsa'");
    let there_and_back = |more: &str| format!("decrypt(encrypt(//sym, {keys}{more}), {keys}{more})");
    for more in ["", ", 'JKS'", ", 'JKS', 'RSA/ECB/OAEPWithSHA-256AndMGF1Padding'"] {
        assert_eq!(string(&there_and_back(more)), Ok(Some(" IBM ".to_owned())), "{more}");
    }
    assert_eq!(string(&format!("string-length(encrypt('x', {keys}))")), Ok(Some("344.0".to_owned())));
    assert_eq!(string("encrypt('x', 'store')"), Ok(Some(String::new())));
    let Err(ExpressionFault::XPath { reason, .. }) = string(&format!("decrypt('AAAA', {keys})")) else {
        panic!("it is no block of the key")
    };
    assert_eq!(reason, "An error occurred while encrypting data. Padding error in decryption");
}
