//! Templates with the results that FreeMarker 2.3.30 itself gives, limits, and what must hold for any text.

use std::sync::Arc;

use mi_xml::{Document, ParseOptions};
use proptest::prelude::*;

use super::{ErrorKind, Limits, Map, Node, RenderError, Template, Value};

/// A moment in September 2020.
const NOW: i64 = 1_600_000_000_000;

fn model() -> Map {
    let json: serde_json::Value = serde_json::from_str(include_str!("tests/model.json")).expect("JSON");
    let xml = include_str!("tests/model.xml").trim_end();
    let document = Document::parse(xml.as_bytes(), &ParseOptions::default()).expect("well formed");
    let ctx = [("name", "Smith"), ("n", "42"), ("json", "{\"a\":[1,2]}")];
    let ctx = ctx.into_iter().map(|(name, text)| (Arc::from(name), Value::from(text))).collect();
    Map::from_iter([
        ("payload".into(), Value::from(&json)),
        ("doc".into(), Value::Node(Node::document(Arc::new(document)))),
        ("ctx".into(), Value::hash(ctx)),
    ])
}

/// The result of a template, in the notation of the file of templates.
fn result(template: &str, model: &Map) -> String {
    let Ok(template) = Template::parse(template) else { return "PARSE".to_owned() };
    match template.render(model, NOW, &Limits::default()) {
        Ok(text) => format!("OK {text}"),
        Err(error) if error.kind == ErrorKind::Stopped => format!("STOP {}", error.message),
        Err(error) => {
            let at = error.at.unwrap_or_default();
            format!("ERR {} @{}:{}", error.blamed.as_deref().unwrap_or("null"), at.line, at.column)
        }
    }
}

#[test]
fn as_freemarker_itself() {
    let model = model();
    let cases = include_str!("tests/templates.txt").trim_end_matches('\n');
    let mut different = Vec::new();
    let mut count = 0;
    for case in cases.split("\n=====\n") {
        let (template, expected) = case.split_once("\n-----\n").expect("a template and its result");
        // The expected dates are those in UTC.
        let dates = ["date", "time", "iso"].iter().any(|word| template.contains(word)) && expected.starts_with("OK");
        let template = if dates { format!("<#setting time_zone='UTC'>{template}") } else { template.to_owned() };
        let found = result(&template, &model);
        count += 1;
        if found.trim_end_matches('\n') != expected.trim_end_matches('\n') {
            different.push(format!("{template}\n  gave     {found}\n  expected {expected}"));
        }
    }
    assert!(different.is_empty(), "{} of {count} differ:\n{}", different.len(), different.join("\n"));
    assert!(count > 600, "only {count} cases");
}

fn rendered(template: &str, limits: &Limits) -> Result<String, RenderError> {
    Template::parse(template).expect("well made").render(&model(), NOW, limits)
}

#[test]
fn limits_end_what_would_not_end() {
    let limits = Limits { steps: 100_000, text: 10_000, ..Limits::default() };
    for template in [
        "<#list 1.. as i></#list>",
        "<#list 1..1000000000 as i>${i}</#list>",
        "${(1..1000000000)?map(x -> x)?size}",
        "${(1..1000000000)?reverse?size}",
        "${(1..)?take_while(x -> true)?size}",
        "<#macro m><@m/></#macro><@m/>",
        "<#function f x><#return f(x)></#function>${f(1)}",
        "<#assign s = 'ab'><#list 1..50 as i><#assign s = s + s></#list>",
        "<#assign l = [1, 2]><#list 1..50 as i><#assign l = l + l></#list>",
        "${''?left_pad(1000000000)}",
        "${payload.text?replace('', payload.html)?replace('', payload.html)}",
        "<#attempt><#list 1.. as i></#list><#recover></#attempt>",
        "<#assign x = 10><#list 1..100 as i><#assign x = x * x></#list>",
    ] {
        let error = rendered(template, &limits).expect_err(template);
        assert_eq!(error.kind, ErrorKind::Limit, "{template}: {error}");
    }
    let deep = "(".repeat(5000);
    assert!(Template::parse(&format!("${{{deep}1}}")).is_err());
    assert!(Template::parse(&"<#if true>".repeat(5000)).is_err());
    assert!(Template::parse(&format!("${{1{}}}", "+1".repeat(5000))).is_err());
    assert!(Template::parse(&format!("${{a{}}}", ".a".repeat(5000))).is_err());
    assert!(Template::parse(&format!("${{{}true}}", "!".repeat(5000))).is_err());
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (template, expected) in [
        ("<#include 'x'>", "line 1, column 3: The directive #include of FreeMarker is not supported"),
        ("a\n<#import 'x' as y>", "line 2, column 3: The directive #import"),
        ("${x?new()}", "line 1, column 5: The built-in ?new of FreeMarker is not supported"),
        ("${x?interpret}", "The built-in ?interpret"),
        ("<#lists x as y></#lists>", "Unknown directive: #lists"),
        ("${x?upercase}", "Unknown built-in: \"upercase\""),
        ("${.node}", "The special variable .node is not supported"),
        ("<#setting c_format='x'>", "The setting c_format is not supported"),
        ("<#if x>", "#if is not closed"),
        ("<#if x></#list>", "</#if> was expected"),
    ] {
        let error = Template::parse(template).expect_err(template).to_string();
        assert!(error.contains(expected), "{template}: {error}");
    }
}

#[test]
fn json_texts() {
    // Of a later FreeMarker than the other cases.
    for (template, expected) in [
        ("${ctx.json?eval_json.a[1]}", "2"),
        (
            "<#assign j = '{\"n\": 12345678901234567890, \"x\": null, \"l\": [1.50, null]}'?eval_json>${j.n?c} ${j.x!'-'} ${j.l?size} ${j.l[0]?c}",
            "12345678901234567890 - 2 1.5",
        ),
        ("${'null'?evalJson!'none'}", "none"),
    ] {
        assert_eq!(rendered(template, &Limits::default()).as_deref(), Ok(expected), "{template}");
    }
    assert!(rendered("${'{'?eval_json}", &Limits::default()).is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in r#"(\$\{|\}|<#(list|if|assign|macro|sep|else|switch|case|t|items|nested|return)|</#(list|if)>|>| as x|x|payload|\.|\?(c|size|map|keys|string)|\(|\)|\[|\]|"|'|!|\?\?|[0-9]|\.\.|[-+*/%=<,:;é\n ]){0,24}"#) {
        if let Ok(template) = Template::parse(&text) {
            let limits = Limits { steps: 5000, text: 10_000, ..Limits::default() };
            let _ = template.render(&model(), NOW, &limits);
        }
    }

    #[test]
    fn text_without_marks_is_itself(text in "[a-z<&;/ \n\t\"'{}]{0,40}") {
        let template = Template::parse(&text).expect("plain text");
        prop_assert_eq!(template.render(&Map::new(), NOW, &Limits::default()).expect("renders"), text);
    }

    #[test]
    fn numbers_come_back(number in any::<i64>()) {
        let template = Template::parse(&format!("${{({number})?c?number?c}}")).expect("well made");
        prop_assert_eq!(template.render(&Map::new(), NOW, &Limits::default()).expect("renders"), number.to_string());
    }

    #[test]
    fn doubles_are_formatted_without_panic(bits in any::<u64>(), pattern in "[#0]{0,3},?[#0]{0,3}\\.?[0#]{0,3}(E0)?%?") {
        let mut model = Map::new();
        model.insert("x".into(), Value::from(f64::from_bits(bits)));
        let template = Template::parse(&format!("${{x?string('{pattern}')}} ${{x}} ${{x?c}}")).expect("well made");
        let _ = template.render(&model, NOW, &Limits::default());
    }

    #[test]
    fn json_strings_are_json(text in "\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
        let mut model = Map::new();
        model.insert("x".into(), Value::from(text.as_str()));
        let template = Template::parse("\"${x?json_string}\"").expect("well made");
        let json = template.render(&model, NOW, &Limits::default()).expect("renders");
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}
