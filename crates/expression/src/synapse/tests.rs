use std::sync::Arc;

use mi_payload::Value;
use proptest::prelude::*;

use super::*;
use crate::message::{Field, Scope};
use crate::testing::{TestMessage, xml};

const PAYLOAD: &str = r#"{"name":"John","age":30,"dbl":1.50,"long":5000000000,"nul":null,"e":"","arr":[1,2,3],"obj":{"k":"v"},"list":[{"id":1,"n":"x","p":5},{"id":2,"n":"y","p":15},{"id":3,"n":"x"}],"size":9,"idx":1,"flag":true,"a b":1,"$id":2}"#;

fn message() -> TestMessage {
    let entries = [
        (Arc::from("payload"), Value::from(serde_json::json!({"id": 7, "list": [1, 2]}))),
        (Arc::from("status"), Value::from(200)),
    ];
    TestMessage::json(PAYLOAD)
        .with_variable("i", 10)
        .with_variable("s", "hello")
        .with_variable("n", "42")
        .with_variable("js", r#"{"a":{"b":[1,2,3]}}"#)
        .with_variable("bad", "{oops")
        .with_variable("none2", "")
        .with_variable("i-1", "hyphen")
        .with_variable("long", 5_000_000_000_i64)
        .with_variable("flag", true)
        .with_variable("jnum", serde_json::json!(5))
        .with_variable("key", "name")
        .with_variable("x", xml("<a><b>1</b></a>"))
        .with_variable("map", Value::Map(Arc::new(entries.into_iter().collect())))
        .with(Scope::Transport, "X-Num", "007")
        .with(Scope::Transport, "Accept", "text/plain")
        .with(Scope::Default, "uri.var.id", "A7")
        .with(Scope::Default, "query.param.q", "3")
        .with(Scope::Default, "flag", true)
        .with(Scope::Axis2, "HTTP_SC", 200)
}

fn compile(inner: &str) -> Result<SynapseExpression, CompileError> {
    SynapseExpression::compile(&format!("${{{inner}}}"), &Namespaces::none())
}

fn string(inner: &str) -> Result<String, ExpressionFault> {
    let message = message();
    let expression = compile(inner).unwrap_or_else(|error| panic!("{error}"));
    expression.string(&message).map(Cow::into_owned)
}

#[test]
fn the_vectors_of_the_specification() {
    for (inner, expected) in [
        ("payload.dbl", "1.5"),
        ("payload.dbl * 2", "3.0"),
        ("payload.age + 1", "31"),
        ("payload.arr[0] + 1", "2.0"),
        ("payload.long + 1", "5000000001"),
        ("payload.long > 1", ""),
        ("payload.age == 30", "true"),
        ("payload.age == \"30\"", "true"),
        ("payload.age == 30.0", "false"),
        ("payload.nul", ""),
        ("payload.nul == null", "true"),
        ("payload.nul == \"\"", "false"),
        ("payload.zz", ""),
        ("payload.zz == null", ""),
        ("exists(payload.zz)", "false"),
        ("payload.e", ""),
        ("exists(payload.e)", "true"),
        ("exists(payload.nul)", "false"),
        ("payload[\"size\"]", "9"),
        ("payload.obj", r#"{"k":"v"}"#),
        ("payload.obj.keys()", r#"["k"]"#),
        ("payload.list[*].id", "[1,2,3]"),
        ("payload..id", "[1,2,3]"),
        ("payload..zz", "[]"),
        ("payload.list[?(@.p)].id", "[1,2]"),
        ("payload.list[?(!@.p)].id", "[3]"),
        ("payload.list[?(@.id == payload.idx)].n", r#"["x"]"#),
        ("payload.list[?(@.n == 'x')][0]", "[]"),
        ("payload.list[-1].id", "3"),
        ("payload.list[-1:].id", "[3]"),
        ("payload.list[0,2].id", "[1,3]"),
        ("payload.list[vars.i - 9].id", "2"),
        ("payload.list.length()", "3"),
        ("payload.arr.sum()", "6.0"),
        ("payload.arr.max()", "3.0"),
        ("payload.age > 18 ? \"adult\" : \"minor\"", "adult"),
        ("payload.age > 18 and payload.flag", ""),
        ("(payload.age > 18) and payload.flag", "true"),
        ("payload.name + payload.age", ""),
        ("payload.name + string(payload.age)", "John30"),
        ("vars.n + 1", ""),
        ("integer(vars.n) + 1", "43"),
        ("vars.js.a.b[1]", "2"),
        ("vars.js.a.b.sum()", "6.0"),
        ("headers[\"X-Num\"]", "7"),
        ("[1.50, payload.name, true]", r#"[1.5,"John","true"]"#),
        ("split(\"a,b,,\", \",\")", r#"["a","b"]"#),
        ("10 / 4", "2.5"),
        ("10 / 5", "2"),
        ("10.0 / 3", "3.3"),
        ("20000000000 / 10", "2.0E9"),
        ("2147483647 + 1", "2147483648"),
        ("0.1 + 0.2", "0.3"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
    ] {
        assert_eq!(string(inner).as_deref(), Ok(expected), "{inner}");
    }
    assert!(compile("payload.size").is_err());
}

#[test]
fn more_expressions() {
    for (inner, expected) in [
        // Operators
        ("34.45 / 3.44", "10.01"),
        ("1.0 / 3", "0.3"),
        ("10 / 3", "3.3333333333333335"),
        ("10 / 0", ""),
        ("10 % 0", ""),
        ("5000000000 > 1", ""),
        ("\"a\" > \"b\"", ""),
        ("1 == 1.0", "false"),
        ("\"1\" == 1", "true"),
        ("true == \"true\"", "true"),
        ("null == null", "true"),
        ("\"a\" + \"b\"", "ab"),
        ("'a' + 1", ""),
        ("1 + true", ""),
        ("2147483647 * 2", "4294967294"),
        ("-2147483648 - 1", "2147483647"),
        ("5 - 3", "2"),
        ("2 + 3 * 4 - 1", "13"),
        ("(2 + 3) * 4", "20"),
        ("1.5 - 0.5", "1.0"),
        ("2.5 % 2", "0.5"),
        ("vars.i-1", "hyphen"),
        ("vars.i - 1", "9"),
        ("true or false and false", "true"),
        ("false and false or true", "false"),
        ("not(true)", "false"),
        ("not(\"true\")", ""),
        ("false and payload.zz", ""),
        ("1 < 2 ? 'y' : 'n'", "y"),
        ("false ? 1 : true ? 2 : 3", "2"),
        ("payload.name ? 1 : 2", ""),
        ("exists(payload.zz) ? payload.zz : \"none\"", "none"),
        ("1 < 2 == true", "true"),
        ("\"a\\nb\"", "a\\nb"),
        ("'say \"hi\"'", "say \"hi\""),
        ("1 ; # }", "1"),
        // Sources
        ("payload . name", "John"),
        ("$.name", "John"),
        ("payload[vars.key]", "John"),
        ("payload[\"a b\"]", "1"),
        ("payload.list[length(payload.list) - 1].id", "3"),
        ("payload.list[?(@.n == vars.s)].id", "[]"),
        ("payload.list[?(@.p > 5 && @.p < 20)].n", r#"["y"]"#),
        ("payload.list[?(@.n =~ /X/i)].id", "[1,3]"),
        ("payload.list[(@.id > 1)].id", "[2,3]"),
        ("payload.list[?($.age == 30)].id", "[1,2,3]"),
        ("payload.list[1:].id", "[2,3]"),
        ("payload.list[:-1].id", "[1,2]"),
        (
            "payload.*",
            "[\"John\",30,1.50,5000000000,null,\"\",[1,2,3],{\"k\":\"v\"},[{\"id\":1,\"n\":\"x\",\"p\":5},{\"id\":2,\"n\":\"y\",\"p\":15},{\"id\":3,\"n\":\"x\"}],9,1,true,1,2]",
        ),
        ("payload.list.id", ""),
        ("vars.s", "hello"),
        ("vars.\"s\"", "hello"),
        ("vars[\"s\"]", "hello"),
        ("vars.[\"s\"]", "hello"),
        ("vars.missing", ""),
        ("vars.long + 1", "5000000001"),
        ("vars.long > 1", ""),
        ("vars.jnum + 1", "6.0"),
        ("vars.flag and true", "true"),
        ("vars.map", ""),
        ("vars.map.payload.id", "7"),
        ("vars.map.payload.list[*]", "[1,2]"),
        ("vars.map[\"payload\"].list[vars.i - 9]", "2"),
        ("vars.map.status", "200"),
        ("vars.map.nothing", ""),
        ("vars.map.status.x", ""),
        ("vars.x", "<a><b>1</b></a>"),
        ("vars.x.a", ""),
        ("vars.js.a.b[?(@ > 1)]", "[2,3]"),
        ("headers.accept", "text/plain"),
        ("headers.none", ""),
        ("params.pathParams.id", "A7"),
        ("params.queryParams.q + 1", "4"),
        ("props.synapse.flag", "true"),
        ("props.synapse[\"uri.var.id\"]", "A7"),
        ("properties.axis2.HTTP_SC == 200", "true"),
        ("configs.limit + 1", "51"),
        ("configs.none", ""),
        // Functions
        ("length(\"hällo\")", "5"),
        ("length(payload.arr)", "3"),
        ("length(payload.obj)", ""),
        ("length('[1,2]')", "5"),
        ("toUpper(payload.name)", "JOHN"),
        ("toUpper(payload.age)", "30"),
        ("toUpper(5)", ""),
        ("trim(\"  x \")", "x"),
        ("subString(\"hello\", 1)", "ello"),
        ("subString(\"hello\", 1, 3)", "el"),
        ("subString(\"hello\", 5)", ""),
        ("subString(\"hello\", 6)", ""),
        ("subString(\"hello\", -1)", ""),
        ("charAt(\"hello\", 1)", "e"),
        ("charAt(\"hello\", 5)", ""),
        ("startsWith(\"hello\", \"he\")", "true"),
        ("endsWith(\"hello\", \"he\")", "false"),
        ("contains(\"hello\", \"ell\")", "true"),
        ("replace(\"a.b.c\", \".\", \"-\")", "a-b-c"),
        ("split(\"a.b\", \".\")", "[]"),
        ("indexOf(\"hello\", \"l\")", "2"),
        ("indexOf(\"hello\", \"l\", 3)", "3"),
        ("indexOf(\"hello\", \"z\")", "-1"),
        ("abs(-5)", "5"),
        ("abs(-5.5)", "5.5"),
        ("ceil(1.2)", "2.0"),
        ("floor(5)", "5"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(2.345, 2)", "2.35"),
        ("round(5, 2)", "5"),
        ("round(2.3, 0)", ""),
        ("sqrt(16)", "4.0"),
        ("sqrt(-1)", "NaN"),
        ("pow(2, 10)", "1024.0"),
        ("log(100)", "2.0"),
        ("log(8, 2)", "3.0"),
        ("base64encode(\"hello\")", "aGVsbG8="),
        ("base64decode(\"aGVsbG8=\")", "hello"),
        ("urlEncode(\"a b*~ü\")", "a%20b%2A%7E%C3%BC"),
        ("urlEncode(\"a b*\", \"ISO-8859-1\")", "a+b*"),
        ("urlDecode(\"a+b%20c\")", "a b c"),
        ("isString(payload.name)", "true"),
        ("isNumber(payload.age)", "true"),
        ("isNumber(payload.long)", "false"),
        ("isNumber(payload.zz)", ""),
        ("isArray(payload.arr)", "true"),
        ("isArray('[1]')", "true"),
        ("isObject(\"{\\\"a\\\": 1}\")", "true"),
        ("base64decode(34)", ""),
        ("isObject(payload.obj)", "true"),
        ("string(payload.obj)", r#"{"k":"v"}"#),
        ("integer(\"42\")", "42"),
        ("integer(34.5)", ""),
        ("integer(\"12.0\")", ""),
        ("float(\"1.5\")", "1.5"),
        ("float(2)", "2.0"),
        ("boolean(\"TRUE\")", "true"),
        ("boolean(1)", "false"),
        ("object(vars.js).a.b[0]", "1"),
        ("object(\"{\\\"a\\\":1}\").a", "1"),
        ("object('{\"a\":1}')", ""),
        ("array(vars.js)", ""),
        ("now()", "1738335845078"),
        ("formatDateTime(\"2025-01-31\", \"yyyy-MM-dd\", \"dd/MM/yyyy\")", "31/01/2025"),
        ("formatDateTime(\"2025-01-31\", \"yyyy-MM-dd\", \"HH\")", ""),
        ("registry(\"conf:/a.json\").k[1]", "two"),
        ("registry(\"conf:/a.json\").property(\"owner\")", "me"),
        ("registry(\"conf:/none\")", ""),
        ("wso2-vault(\"db\")", "s3cret"),
        ("xpath(\"/a/b\", \"x\")", "1"),
        ("xpath('count(//b)', 'x')", "1.0"),
        ("xpath('//b', 'none')", ""),
        ("length()", ""),
        ("trim(payload.nul)", ""),
        ("abs(1, 2)", ""),
    ] {
        if inner == "length()" {
            assert!(compile(inner).is_err());
            continue;
        }
        assert_eq!(string(inner).as_deref(), Ok(expected), "{inner}");
    }
}

#[test]
fn faults() {
    for inner in [
        "vars.bad.a",
        "vars.none2.a",
        "vars['s']",
        "payload[\"$id\"]",
        "payload.list[?(@.p > 1 and @.p < 9)]",
        "base64decode(\"%%%\")",
        "formatDateTime(now(), \"bbb\")",
        "[payload.nul]",
    ] {
        assert!(string(inner).is_err(), "{inner}");
    }
}

#[test]
fn what_does_not_compile() {
    for (inner, column) in [
        ("5-3", 4),
        ("vars.i -1", 10),
        ("-vars.x", 3),
        ("- 5", 3),
        ("!x", 3),
        ("payload.", 11),
        ("payload.size", 11),
        ("payload.null", 11),
        ("payload.a[?(@.x == null)]", 22),
        ("payload.a[?(@.t in ['a'])]", 22),
        ("var.x", 3),
        ("", 3),
        ("1 +", 6),
        ("(1", 5),
        ("params.uriParams.x", 10),
        ("payload..length", 12),
        ("1e3", 4),
        ("foo(1)", 3),
    ] {
        let error = compile(inner).expect_err(inner);
        assert_eq!(error.column, column, "{inner}: {error}");
    }
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(compile(&deep).is_err());
    let long = format!("1{}", " + 1".repeat(10_000));
    assert_eq!(string(&long).as_deref(), Ok("10001"));
}

#[test]
fn objects() {
    let message = message();
    let object = |inner: &str| compile(inner).expect(inner).object(&message).expect(inner);
    assert!(matches!(object("'a'"), Value::String(text) if &*text == "'a'"));
    assert!(matches!(object("true ? \"a\" : 'b'"), Value::String(text) if &*text == "\"a\""));
    assert!(matches!(object("'a' + 'b'"), Value::String(text) if &*text == "ab"));
    assert!(matches!(object("payload.age"), Value::Json(json) if json.to_string() == "30"));
    assert!(matches!(object("payload.obj"), Value::Json(json) if json.is_object()));
    assert!(matches!(object("payload.age + 1"), Value::Integer(31)));
    assert!(matches!(object("vars.x"), Value::Xml(_)));
    assert!(matches!(object("payload.zz"), Value::String(text) if text.is_empty()));
    assert!(matches!(object("xpath('//b', 'x')"), Value::Nodes(items) if items.len() == 1));
    assert!(compile("xpath('count(//b)', 'x')").expect("compiles").object(&message).is_err());
}

#[test]
fn xml_payloads() {
    let message = TestMessage::xml("<a><b>1</b></a>").with(Scope::Axis2, "ContentType", "application/xml");
    let string = |inner: &str| compile(inner).expect(inner).string(&message).expect(inner).into_owned();
    assert_eq!(
        string("payload"),
        "<s:Body xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><a><b>1</b></a></s:Body>"
    );
    assert_eq!(string("xpath('//b')"), "1");
    assert_eq!(string("xpath('//b') + '!'"), "1!");
    // The root is the envelope's, as in any XPath of Synapse.
    assert_eq!(string("xpath('/a/b')"), "");
    assert_eq!(string("xpath(\"get-property('To')\")"), "");
    let field = TestMessage { fields: [(Field::To, "/x".to_owned())].into(), ..TestMessage::xml("<a/>") };
    let to = compile("xpath(\"get-property('To')\")").expect("compiles");
    assert_eq!(to.string(&field).as_deref(), Ok("/x"));
}

fn operand() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i32>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (-1000..1000_i32, 0..100_u32).prop_map(|(whole, part)| format!("{whole}.{part:02}")),
        Just("payload.age".to_owned()),
        Just("payload.arr[0]".to_owned()),
        Just("payload.zz".to_owned()),
        Just("\"text\"".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("vars.long".to_owned()),
        Just("length(payload.name)".to_owned()),
    ]
}

proptest! {
    #[test]
    fn operators_take_whatever_comes(left in operand(), right in operand(), operator in "[-+*/%<>]|<=|>=|==|!=|and|or") {
        let inner = format!("{left} {operator} {right}");
        let result = string(&inner);
        prop_assert!(result.is_ok(), "{inner}: {result:?}");
    }

    #[test]
    fn sums_of_integers_are_exact(left in any::<i32>(), right in any::<i32>()) {
        let sum = i64::from(left) + i64::from(right);
        prop_assert_eq!(string(&format!("{left} + {right}")), Ok(sum.to_string()));
        let difference = left.wrapping_sub(right);
        prop_assert_eq!(string(&format!("{left} - {right}")), Ok(difference.to_string()));
    }

    #[test]
    fn any_text_compiles_or_not(inner in "[a-z.$?:()\\[\\]\"' +*/<>=!&|0-9,-]{0,24}") {
        if let Ok(expression) = compile(&inner) {
            let _ = expression.string(&message());
        }
    }
}
