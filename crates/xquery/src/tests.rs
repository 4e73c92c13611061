use std::sync::Arc;

use mi_xml::{Document, ParseOptions};

use super::*;

const ORDERS: &str = "<o:orders xmlns:o='urn:o'><order id='1' total='30.5'><item>a</item><item>b</item></order>\
    <order id='2' total='7'><item>c</item></order><order id='3' total='100'/></o:orders>";

fn outcomes(query: &str) -> Result<Vec<String>, String> {
    let text = format!("declare variable $d as document-node() external; {query}");
    let text = if query.starts_with("declare") || query.starts_with("xquery") { query } else { &text };
    let compiled = Query::compile(text).map_err(|error| error.to_string())?;
    let document = Document::parse(ORDERS.as_bytes(), &ParseOptions::default()).expect("well-formed");
    let variables = [
        ("d".to_owned(), External::Document(Arc::new(document))),
        ("n".to_owned(), External::Atomic(Atomic::Integer(5))),
        ("s".to_owned(), External::Atomic(Atomic::String("text".to_owned()))),
    ];
    let all = compiled.run(&variables, &Limits::default()).map_err(|error| error.to_string())?;
    Ok(all
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Tree(tree) => tree.to_xml(tree.root()),
            Outcome::Text(text) => text,
            Outcome::Atomic(value) => value.to_text(),
        })
        .collect())
}

fn run(query: &str) -> String {
    outcomes(query).map_or_else(|error| format!("error: {error}"), |all| all.join("|"))
}

#[test]
fn values_and_operators() {
    for (query, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1, 2, 3)[2]", "2"),
        ("7 div 2", "3.5"),
        ("7 idiv 2, 7 mod 2, -7 idiv 2", "3|1|-3"),
        ("1.10 + 2.20", "3.3"),
        ("1e0 + 1", "2"),
        ("1 to 4", "1|2|3|4"),
        ("'a' || 'b' || 3", "ab3"),
        ("(1, 2) = (2, 3), (1, 2) != (1), 1 eq 1", "true|true|true"),
        ("'10' lt '9', xs:integer('10') lt 9", "true|false"),
        ("if (1 > 2) then 'yes' else 'no'", "no"),
        ("some $x in (1, 2, 3) satisfies $x > 2, every $x in (1, 2) satisfies $x > 1", "true|false"),
        ("xs:int('5') + 1, '5' cast as xs:decimal, 'x' castable as xs:int", "6|5|false"),
        ("1 (: a comment (: nested :) :) + 1", "2"),
        ("(4, 5, 6) ! (. * 2)", "8|10|12"),
        ("1000000 * 1e0, 1 div 3e0, xs:double('INF')", "1.0E6|0.3333333333333333|INF"),
        ("round(2.5), round(-2.5), floor(1.7), abs(-3)", "3|-2|1|3"),
        ("- - 1, +2", "1|2"),
    ] {
        assert_eq!(run(query), expected, "{query}");
    }
}

#[test]
fn paths() {
    for (query, expected) in [
        ("$d//order/@id", "1|2|3"),
        ("count($d//item), string($d//order[2]/item)", "3|c"),
        ("$d/*:orders/order[last()]/@id", "3"),
        ("$d//order[@total > 10]/@id", "1|3"),
        ("$d//item[. = 'b']/preceding-sibling::item/text()", "a"),
        ("$d//item/../@id", "1|2"),
        ("$d//item[1]", "<item xmlns:o=\"urn:o\">a</item>|<item xmlns:o=\"urn:o\">c</item>"),
        ("($d//item)[1]", "<item xmlns:o=\"urn:o\">a</item>"),
        ("$d//order/string(@id)", "1|2|3"),
        ("$d//order[item]/count(item)", "2|1"),
        ("name($d/*), local-name($d/*), namespace-uri($d/*)", "o:orders|orders|urn:o"),
        ("($d//item | $d//order[3])/name()", "item|item|item|order"),
        ("count($d//item except $d//order[1]/item)", "1"),
        ("$d//order[1]/ancestor-or-self::node()/name()", "|o:orders|order"),
    ] {
        assert_eq!(run(query), expected, "{query}");
    }
    let namespaced = "declare namespace o = 'urn:o'; declare variable $d external; $d/o:orders/order[1]/item[2]/text()";
    assert_eq!(run(namespaced), "b");
}

#[test]
fn flwor() {
    for (query, expected) in [
        ("for $n in 1 to 3 return $n * $n", "1|4|9"),
        ("for $o in $d//order order by xs:decimal($o/@total) descending return string($o/@id)", "3|1|2"),
        ("for $o at $i in $d//order where $o/item return $i", "1|2"),
        ("let $x := (1, 2, 3) return sum($x)", "6"),
        ("for $x in (1, 2), $y in (10, 20) let $z := $x * $y where $z > 10 return $z", "20|20|40"),
        ("for $x in ('b', 'a', 'c') order by $x return $x", "a|b|c"),
        ("let $a as xs:integer := 1 return $a + 1", "2"),
    ] {
        assert_eq!(run(query), expected, "{query}");
    }
}

#[test]
fn constructors() {
    for (query, expected) in [
        ("<a>{1 + 1}</a>", "<a>2</a>"),
        ("<a b=\"{1}-{2}\" c='x{{y}}'>  <b/>  {3}  </a>", "<a b=\"1-2\" c=\"x{y}\"><b />3</a>"),
        ("<a>{1, 2, 'x'}</a>", "<a>1 2 x</a>"),
        ("<a> t {' '} &lt; &#65; <![CDATA[ <b> ]]></a>", "<a> t   &lt; A  &lt;b&gt; </a>"),
        (
            "<m:a xmlns:m='urn:m'><m:b>{string($d//order[1]/@id)}</m:b></m:a>",
            "<m:a xmlns:m=\"urn:m\"><m:b>1</m:b></m:a>",
        ),
        ("<a xmlns='urn:d'><b/></a>", "<a xmlns=\"urn:d\"><b /></a>"),
        ("<a>{$d//order[2]/@id, $d//order[2]/item}</a>", "<a id=\"2\"><item xmlns:o=\"urn:o\">c</item></a>"),
        ("element e { attribute a { 1 }, text { 't' } }", "<e a=\"1\">t</e>"),
        ("element { concat('x', 1) } {}", "<x1 />"),
        ("document { <a/> }", "<a />"),
        ("<a>{for $i in $d//item return <i>{string($i)}</i>}</a>", "<a><i>a</i><i>b</i><i>c</i></a>"),
        ("<a z:in='out' xmlns:z='http://z/uri'/>", "<a xmlns:z=\"http://z/uri\" z:in=\"out\" />"),
        ("<a><!-- note --><?go on?></a>", "<a><!-- note --><?go on?></a>"),
        ("(<a><b>1</b></a>)/b + 1", "2"),
    ] {
        assert_eq!(run(query), expected, "{query}");
    }
}

#[test]
fn functions() {
    for (query, expected) in [
        ("concat('a', 1, true())", "a1true"),
        ("string-join(('a', 'b'), '-'), substring('hello', 2, 3), upper-case('x')", "a-b|ell|X"),
        ("avg((1, 2)), min((3, 1)), max($d//order/@total), sum(())", "1.5|1|100|0"),
        ("distinct-values((1, 2, 1, 'a', 'a'))", "1|2|a"),
        ("tokenize('a,b', ','), replace('a1b2', '(\\d)', '[$1]'), matches('abc', 'b.')", "a|b|a[1]b[2]|true"),
        ("exists($d//none), empty(()), not(1), reverse((1, 2))", "false|true|false|2|1"),
        ("normalize-space(' a  b '), translate('abc', 'ab', 'x'), index-of((5, 6), 6)", "a b|xc|2"),
        ("subsequence((1, 2, 3), 2), insert-before((1, 3), 2, 2), remove((1, 2), 1)", "2|3|1|2|3|2"),
        ("number('x'), string(1.50), data($d//order[1]/@total)", "NaN|1.5|30.5"),
    ] {
        assert_eq!(run(query), expected, "{query}");
    }
}

#[test]
fn prolog() {
    let query = "xquery version '1.0'; declare boundary-space preserve; declare variable $n as xs:int external;\n\
        declare variable $twice := $n * 2; declare function local:f($x as xs:integer) as xs:integer { if ($x le 1) then 1 else $x * local:f($x - 1) };\n\
        (local:f($n), $twice, <a> {1}</a>)";
    assert_eq!(run(query), "120|10|<a> 1</a>");
    assert_eq!(
        run("declare variable $s as xs:int external; $s"),
        "error: the variable $s is of the type an integer type of its range, not of xs:string"
    );
    assert_eq!(run("declare variable $none external; $none"), "error: the external variable $none has no value");
    assert_eq!(run("declare default element namespace 'urn:d'; <a/>"), "<a xmlns=\"urn:d\" />");
}

#[test]
fn what_is_not_here_is_refused_with_its_place() {
    for (query, expected) in [
        ("typeswitch (1) default return 2", "typeswitch is not a part of XQuery that runs here (line 1, column 49)"),
        ("1 +", "an expression is expected, but the query ends"),
        ("$nope", "the variable $nope is not declared"),
        ("nope()", "there is no function nope here"),
        ("concat('a')", "concat does not take 1 arguments"),
        ("local:f(1)", "there is no function f with 1 arguments"),
        ("<a></b>", "the end tag of a is expected, not of b"),
        ("p:a", "the prefix p is not declared"),
        ("current-date()", "there is no function current-date here"),
        ("xs:date('2026-01-01')", "xs:date is not a type here"),
        ("declare option x 'y'; 1", "declare option is not among the declarations here"),
        ("import module namespace x = 'y'; 1", "modules and schemas cannot be imported here"),
        ("1 instance of xs:int", "instance of and treat as are not a part"),
        ("'open", "the string does not end"),
        ("(: open", "the comment does not end"),
        ("1 2", "the query should end here, not '2'"),
    ] {
        let found = run(query);
        assert!(found.starts_with(&format!("error: {expected}")), "{query}: {found}");
    }
}

#[test]
fn a_run_ends() {
    let endless = "declare function local:f($x) { local:f($x + 1) }; local:f(1)";
    assert_eq!(run(endless), "error: functions call each other too deep");
    assert!(run("for $a in 1 to 100000, $b in 1 to 100000 return 1").starts_with("error: "));
    assert_eq!(run("1 div 0, 2"), "error: division by zero");
    assert!(run("9223372036854775807 + 1").contains("too large"));
    assert!(run(&format!("{}1{}", "(".repeat(5000), ")".repeat(5000))).contains("nested too deeply"));
}
