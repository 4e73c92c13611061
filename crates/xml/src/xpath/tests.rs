use proptest::prelude::*;

use super::*;
use crate::{Document, ParseOptions};

const ORDERS: &str = "<orders xmlns:x='urn:x' xml:lang='de-AT'><order id='1' x:k='v'><symbol>IBM</symbol><n>5</n></order>\
    <!--c--><order id='2'><symbol>MSFT</symbol><n>7</n><order id='3'><symbol>SUN</symbol></order></order><?pi data?>\
    <x:order id='4'><x:symbol>X</x:symbol></x:order> tail</orders>";

struct Outside;

impl<'a> Environment<'a> for Outside {
    fn variable(&self, prefix: &str, local: &str) -> Result<Option<Value<'a>>, EvalError> {
        Ok(match (prefix, local) {
            ("ctx", "two") => Some(Value::Number(2.0)),
            ("ctx", "null") => Some(Value::Null),
            ("ctx", "int") => Some(Value::Foreign { text: "200".into(), numeric: true }),
            ("ctx", "second") => Some(Value::Foreign { text: "2".into(), numeric: true }),
            ("", "uri.var.id") => Some("SUN".into()),
            _ => None,
        })
    }

    fn function(
        &self,
        prefix: &str,
        local: &str,
        arguments: Vec<Value<'a>>,
        _context: NodeRef<'a>,
    ) -> Result<Option<Value<'a>>, EvalError> {
        Ok((prefix == "my" && local == "count-args").then(|| Value::Number(arguments.len() as f64)))
    }
}

fn evaluate(text: &str) -> Result<String, EvalError> {
    let document = Document::parse(ORDERS.as_bytes(), &ParseOptions::default()).expect("well-formed");
    let xpath = XPath::compile(text, &[("x", "urn:x")]).expect(text);
    let context = NodeRef::new(&document, document.root_element().expect("a root"));
    let boolean = xpath.evaluate_boolean(context, None, &Outside)?;
    let value = xpath.evaluate(context, &Outside)?;
    assert_eq!(boolean, value.to_boolean(), "{text}");
    Ok(match value {
        Value::NodeSet(nodes) => {
            let texts: Vec<_> = nodes.iter().map(|node| node.string_value().into_owned()).collect();
            texts.join("|")
        }
        other => other.into_string().into_owned(),
    })
}

#[test]
fn expressions_and_their_values() {
    for (text, expected) in [
        ("order/@id", "1|2"),
        ("//order/@id", "1|2|3"),
        ("//order[1]/symbol", "IBM|SUN"),
        ("//order[2]/@id", "2"),
        ("(//order)[2]/@id", "2"),
        ("(//order)[last()]/@id", "3"),
        ("//order[last()]/@id", "2|3"),
        ("//x:order/@id", "4"),
        ("//x:*", "X|X"),
        ("//@x:k", "v"),
        ("//order[symbol='IBM']/n", "5"),
        ("//order[n > 5]/@id", "2"),
        ("//order[n][2]/@id", "2"),
        ("//order[@id mod 2 = 1][position() = last()]/@id", "1|3"),
        ("//symbol[. = $uri.var.id]", "SUN"),
        ("//order[$ctx:two]/@id", "2"),
        ("//order[$ctx:second]/@id", "2"),
        ("//symbol/ancestor::order/@id", "1|2|3"),
        ("//n/following::symbol", "MSFT|SUN"),
        ("//order[@id='3']/preceding::symbol", "IBM|MSFT"),
        ("//order[@id='2']/preceding-sibling::*/@id", "1"),
        ("//order[@id='1']/following-sibling::node()[1]", "c"),
        ("//order//symbol", "IBM|MSFT|SUN"),
        ("//order/..//n", "5|7"),
        ("//order/ancestor-or-self::*[2]/@id", "2"),
        ("order/self::order/child::n", "5|7"),
        ("processing-instruction('pi')", "data"),
        ("processing-instruction('other')", ""),
        ("comment()", "c"),
        ("text()", " tail"),
        ("/orders/order[1]/n | //order[2]/n | //n", "5|7"),
        ("count(//order | //x:order)", "4"),
        ("count(//order/symbol/..)", "3"),
        ("count(/descendant-or-self::node())", "21"),
        ("count(namespace::*)", "2"),
        ("sum(//n) div 2", "6"),
        ("7 mod -3", "1"),
        ("-7 mod 3", "-1"),
        ("- - 3", "3"),
        ("-(1 + 2) * 3", "-9"),
        ("2 + 3 * 4 - 1", "13"),
        ("1 < 2 = true()", "true"),
        ("1 < 2 < 3", "true"),
        ("3 > 2 > 1", "false"),
        ("1 div 0", "Infinity"),
        ("0 div 0", "NaN"),
        ("-0", "0"),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("'a' or 1 div 0", "true"),
        ("not(//none)", "true"),
        ("//none = ''", "false"),
        ("//none != ''", "false"),
        ("//n = 7", "true"),
        ("7 = //n", "true"),
        ("6 > //n", "true"),
        ("4 > //n", "false"),
        ("//n != //n", "true"),
        ("//n > //n", "true"),
        ("//n = //symbol", "false"),
        ("//n = true()", "true"),
        ("string(//symbol)", "IBM"),
        ("string(//n/ancestor::*)", "IBM5MSFT7SUNX tail"),
        ("name(//x:order)", "x:order"),
        ("local-name(//@x:k)", "k"),
        ("namespace-uri(//x:order)", "urn:x"),
        ("name(//none)", ""),
        ("local-name(//processing-instruction())", "pi"),
        ("concat('a', 1, true())", "a1true"),
        ("substring('12345', 1.5, 2.6)", "234"),
        ("substring('12345', 0, 3)", "12"),
        ("substring('12345', 0 div 0, 3)", ""),
        ("substring('12345', -42, 1 div 0)", "12345"),
        ("substring('12345', 2)", "2345"),
        ("substring-before('1999/04/01', '/')", "1999"),
        ("substring-after('1999/04/01', '/')", "04/01"),
        ("substring-after('a', 'b')", ""),
        ("translate('--aaa--', 'abc-', 'ABC')", "AAA"),
        ("normalize-space('  a \n b ')", "a b"),
        ("string-length('ü𝄞')", "2"),
        ("starts-with('abc', 'ab') and ends-with('abc', 'bc') and contains('abc', 'b')", "true"),
        ("concat(upper-case('aü'), lower-case('AB'))", "AÜab"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(0.49999999999999994)", "0"),
        ("floor(-1.5)", "-2"),
        ("ceiling(1.2)", "2"),
        ("number('  -1.5 ')", "-1.5"),
        ("number('1e3')", "NaN"),
        ("number('+1')", "NaN"),
        ("lang('de')", "true"),
        ("lang('d')", "false"),
        ("id('x')", ""),
        ("my:count-args(1, 'b', //n)", "3"),
        ("$ctx:null", ""),
        ("$ctx:null = ''", "false"),
        ("$ctx:null != ''", "false"),
        ("$ctx:int = 200", "false"),
        ("$ctx:int = '200'", "false"),
        ("$ctx:int != 200", "true"),
        ("$ctx:int > 100", "false"),
        ("string($ctx:int) = '200'", "true"),
        ("*[1]/* [2]", "5"),
        ("2*3", "6"),
        ("order[1]/n*2", "10"),
        ("div", ""),
        ("div div div", "NaN"),
        ("/", "IBM5MSFT7SUNX tail"),
        ("/ = 'x'", "false"),
        ("../orders/order[1]/n", "5"),
        (".", "IBM5MSFT7SUNX tail"),
        (".//n[1]", "5|7"),
        ("xml:a", ""),
        ("@xml:lang", "de-AT"),
        ("descendant::order[2]/@id", "2"),
        ("//*[self::n or self::symbol][2]", "5|7"),
        ("//order[@id='1']/n/following::n", "7"),
        ("//@id/..//n", "5|7"),
        ("//@id[. > 2]/parent::*/symbol", "SUN"),
        ("(1)", "1"),
        ("(//n)[. = 7]", "7"),
        ("(//n | //symbol)[3]", "MSFT"),
        ("string()", "IBM5MSFT7SUNX tail"),
    ] {
        assert_eq!(evaluate(text).expect(text), expected, "{text}");
    }
}

#[test]
fn functions_may_have_a_prefix_that_nobody_declared() {
    assert_eq!(evaluate("fn:concat('a', 'b')"), evaluate("'ab'"));
    let declared = |uri: &str| {
        let xpath = XPath::compile("f:concat('a', 'b')", &[("f", uri)]).unwrap();
        let document = Document::parse(b"<a/>", &ParseOptions::default()).unwrap();
        let context = NodeRef::new(&document, document.root_element().unwrap());
        xpath.evaluate(context, &NoEnvironment).map(|value| value.into_string().into_owned())
    };
    assert_eq!(declared("http://www.w3.org/2005/xpath-functions"), Ok("ab".to_owned()));
    assert_eq!(declared("urn:mine"), Err(EvalError::UnknownFunction("f:concat".into())));
}

#[test]
fn errors_of_evaluation() {
    for (text, error) in [
        ("//p:a", EvalError::UnknownPrefix("p".into())),
        ("p:*", EvalError::UnknownPrefix("p".into())),
        ("$nothing", EvalError::UnknownVariable("nothing".into())),
        ("p:f()", EvalError::UnknownFunction("p:f".into())),
        ("count(1)", EvalError::NotANodeSet("number")),
        ("//a | 'b'", EvalError::NotANodeSet("string")),
        ("count()", EvalError::Arguments("count".into())),
        ("//order[count('x')]", EvalError::NotANodeSet("string")),
    ] {
        assert_eq!(evaluate(text), Err(error), "{text}");
    }
    // What is never reached is no error.
    assert_eq!(evaluate("none/p:a").as_deref(), Ok(""));
    assert_eq!(evaluate("true() or $nothing").as_deref(), Ok("true"));
}

#[test]
fn errors_of_compilation_say_where() {
    for (text, column) in [
        ("", 1),
        ("a b", 3),
        ("a[", 3),
        ("a]", 2),
        ("a/", 3),
        ("//", 3),
        ("a and", 6),
        ("'a", 1),
        ("ü = #", 5),
        ("foo::a", 1),
        ("f(a,)", 5),
        ("a:b:c", 1),
        ("$", 2),
        ("1 2", 3),
        ("a!b", 2),
        ("(", 2),
        ("@@a", 2),
    ] {
        let error = XPath::compile::<&str, &str>(text, &[]).expect_err(text);
        assert_eq!(error.column, column, "{text}: {error}");
    }
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(XPath::compile::<&str, &str>(&deep, &[]).is_err());
    let far = format!("a{}", "/a".repeat(10_000));
    assert!(XPath::compile::<&str, &str>(&far, &[]).is_err());
    let long = format!("1{}", "+1".repeat(10_000));
    assert!(XPath::compile::<&str, &str>(&long, &[]).is_ok());
}

#[test]
fn a_root_below_the_document() {
    let document = Document::parse(b"<w><e><b><x>1</x></b></e><after/></w>", &ParseOptions::default()).expect("fine");
    let w = document.root_element().expect("w");
    let e = document.first_child_element(w).expect("e");
    let context = NodeRef::new(&document, e);
    for (text, expected) in [
        ("count(//x)", "1"),
        ("count(/b/x)", "1"),
        ("count(/e)", "0"),
        ("count(/w)", "0"),
        ("count(..)", "0"),
        ("count(//x/ancestor::*)", "2"),
        ("count(//x/following::*)", "0"),
        ("count(following-sibling::*)", "0"),
        ("name(/)", "e"),
    ] {
        let xpath = XPath::compile::<&str, &str>(text, &[]).expect(text);
        let value = xpath.evaluate_below(context, e, &NoEnvironment).expect(text);
        assert_eq!(value.into_string(), expected, "{text}");
    }
}

#[test]
fn order_survives_editing() {
    let mut document = Document::parse(b"<a><b/><c/></a>", &ParseOptions::default()).expect("well-formed");
    let a = document.root_element().expect("a");
    let first = document.first_child(a).expect("b");
    let d = document.create_element("", "", "d");
    document.insert_before(first, d);
    let xpath = XPath::compile::<&str, &str>("//c | //d | //b | //d/following::*", &[]).expect("compiles");
    let value = xpath.evaluate(NodeRef::new(&document, a), &NoEnvironment).expect("evaluates");
    let nodes = value.into_nodes().expect("nodes");
    let names: Vec<_> = nodes.iter().map(|node| document.local_name(node.node)).collect();
    assert_eq!(names, ["d", "b", "c"]);
}

/// Pieces that make something like an XPath when they are put one after the other.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("//"),
        Just("/"),
        Just("order"),
        Just("x:order"),
        Just("p:q"),
        Just("*"),
        Just("@id"),
        Just("["),
        Just("]"),
        Just("1"),
        Just("last()"),
        Just("position()"),
        Just(" = "),
        Just(" and "),
        Just(" or "),
        Just(" div "),
        Just("-"),
        Just("("),
        Just(")"),
        Just("count("),
        Just("string("),
        Just("'a'"),
        Just(","),
        Just("|"),
        Just(".."),
        Just("."),
        Just("ancestor::"),
        Just("preceding::"),
        Just("following-sibling::"),
        Just("node()"),
        Just("text()"),
        Just("$ctx:two"),
    ];
    proptest::collection::vec(piece, 1..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn both_ways_to_the_truth_agree(text in pieces()) {
        let Ok(xpath) = XPath::compile(&text, &[("x", "urn:x")]) else { return Ok(()) };
        let document = Document::parse(ORDERS.as_bytes(), &ParseOptions::default()).expect("well-formed");
        let context = NodeRef::new(&document, document.root_element().expect("a root"));
        let value = xpath.evaluate(context, &Outside).map(|value| value.to_boolean());
        let boolean = xpath.evaluate_boolean(context, None, &Outside);
        // What stops early may not come to an error that lies behind.
        if let (Ok(value), boolean) = (value, boolean) {
            prop_assert_eq!(Ok(value), boolean);
        }
    }

    #[test]
    fn numbers_are_read_as_they_are_written(number in any::<f64>()) {
        let text = number_to_string(number);
        let read = string_to_number(&text);
        prop_assert!(read == number || number.is_nan() || number.is_infinite(), "{text}");
    }
}

#[test]
fn an_evaluation_that_would_not_end_is_stopped() {
    let text = format!("<r>{}</r>", "<a/>".repeat(400));
    let document = Document::parse(text.as_bytes(), &ParseOptions::default()).unwrap();
    let context = NodeRef::new(&document, document.root());
    let evaluate = |path: &str| {
        let xpath = XPath::compile::<&str, &str>(path, &[]).unwrap();
        let value =
            evaluate::Evaluator::new(context, None, &NoEnvironment, &axes::Budget::of(1_000_000)).value(&xpath.root);
        value.map(Value::into_string)
    };
    for path in ["count(//*[//*[//*[//*[.='x']]]])", "count(/r/a[../a[../a[../a = 'x']]])"] {
        assert_eq!(evaluate(path).err(), Some(EvalError::TooLong), "{path}");
    }
    assert_eq!(evaluate("count(//a[count(//a) = 400])").as_deref(), Ok("400"));
}
