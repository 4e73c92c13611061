use crate::expression::{Expression, Selection};
use crate::message::Scope;
use crate::namespaces::Namespaces;
use crate::testing::TestMessage;

const PAYLOAD: &str = r#"{ "s": "a\"b", "i": 1e3, "d": 1.50, "big": 0.1234567890123456789012, "nul": null, "t": true,
    "o": {"a": null, "n": 1.50, "h": "<&>"}, "l": [2.0, 1.50], "list": [{"id": 1}, {"id": 2}], "k": "s", "m": {"members": {"x": 1}} }"#;

fn message() -> TestMessage {
    TestMessage::json(PAYLOAD).with(Scope::Default, "p", r#"{"a":{"b":[1,"x"]}}"#).with(Scope::Default, "key", "s")
}

fn string(text: &str) -> Result<String, String> {
    let message = message();
    let expression = Expression::compile(text, &Namespaces::none()).map_err(|error| error.to_string())?;
    let string = expression.evaluate_string(&message).map_err(|fault| fault.to_string())?;
    Ok(string.expect("never null").into_owned())
}

#[test]
fn strings() {
    for (text, expected) in [
        ("json-eval($.s)", "a\"b"),
        ("json-eval(s)", "a\"b"),
        ("json-eval($.i)", "1000"),
        ("json-eval($.d)", "1.5"),
        ("json-eval($.big)", "0.1234567890123456789012"),
        ("json-eval($.nul)", "null"),
        ("json-eval($.t)", "true"),
        ("json-eval($.o)", r#"{"a":null,"n":1.50,"h":"<&>"}"#),
        ("json-eval($.l[0])", "2.0"),
        ("json-eval($.l[1])", "1.50"),
        ("json-eval($.l)", "[2.0,1.50]"),
        ("json-eval($.l.sum())", "3.5"),
        ("json-eval($.l.length())", "2"),
        ("json-eval($.list[*].id)", "[1,2]"),
        ("json-eval($.list.id)", ""),
        ("json-eval($.zz)", ""),
        ("json-eval($.zz.y)", ""),
        ("json-eval($..zz)", "[]"),
        ("json-eval($.m)", r#"{"x":1}"#),
        ("json-eval($)", PAYLOAD),
        ("json-eval($.)", PAYLOAD),
        ("json-eval($.s]", "a\"b"),
        ("json-eval($.{$ctx:key})", "a\"b"),
        ("json-eval($.{json-eval($.k)})", "a\"b"),
        ("json-eval($ctx:p.a.b[1])", "x"),
        ("json-eval($ctx:p)", r#"{"a":{"b":[1,"x"]}}"#),
    ] {
        assert_eq!(string(text).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(string("json-eval($ctx:p.zz)"), Err("No results for path: $['zz']".to_owned()));
    assert!(string("json-eval($.a[)").is_err());
}

#[test]
fn without_a_payload_there_is_nothing() {
    let message = TestMessage::default();
    for text in ["json-eval($)", "json-eval($.a)"] {
        let expression = Expression::compile(text, &Namespaces::none()).expect(text);
        assert_eq!(expression.evaluate_string(&message).expect(text).as_deref(), Some(""), "{text}");
        assert!(expression.is_content_aware());
    }
}

#[test]
fn conditions() {
    let message = TestMessage::json(r#"{"t":"TRUE","f":"yes"}"#);
    let holds = |text| Expression::compile(text, &Namespaces::none()).expect(text).evaluate_boolean(&message);
    assert_eq!(holds("json-eval($.t)"), Ok(true));
    assert_eq!(holds("json-eval($.f)"), Ok(false));
    assert_eq!(holds("json-eval($.zz)"), Ok(false));
}

#[test]
fn lists() {
    let message = message();
    let count = |text: &str| match Expression::compile(text, &Namespaces::none()).expect(text).evaluate_nodes(&message)
    {
        Ok(Selection::Json(items)) => Some(items.len()),
        _ => None,
    };
    assert_eq!(count("json-eval($.list)"), Some(2));
    assert_eq!(count("json-eval($.o)"), Some(1));
    assert_eq!(count("json-eval($.nul)"), Some(0));
    assert_eq!(count("json-eval($.zz)"), None);
    assert_eq!(count("json-eval($ctx:p.a.b)"), Some(2));
}

#[test]
fn targets_for_changes() {
    let message = message();
    let expression = Expression::compile("json-eval($ctx:p.{$ctx:key})", &Namespaces::none()).expect("compiles");
    let target = expression.json_target(&message).expect("a path").expect("a target");
    assert_eq!((target.path.text(), target.property), ("$.s", Some((Scope::Default, "p"))));
}
