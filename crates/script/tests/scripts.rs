//! Scripts, run as mediators run them.

use std::time::{Duration, Instant};

use mi_script::{Engines, Entry, Host, Language, Limits, Script, ScriptError, Value};

/// Notes what it was told, and panics when asked to.
#[derive(Default)]
struct Notes(Vec<String>);

impl Host for Notes {
    fn call(&mut self, operation: &str, arguments: &[Value]) -> Result<Value, String> {
        match operation {
            "note" => {
                self.0.push(arguments.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(","));
                Ok(Value::Integer(7))
            }
            "panic" => panic!("as asked"),
            other => Err(format!("no {other}")),
        }
    }
}

const PRELUDE: &str = "(program => program.length ? program({note: (...a) => __host('note', ...a)}) : program()())";

fn compile(language: Language, source: &str, entry: Entry) -> Result<Script, ScriptError> {
    Script::compile("test", language, &[source], entry, PRELUDE)
}

fn run_with(limits: &Limits, script: &Script) -> Result<Value, ScriptError> {
    let mut engines = Engines::default();
    engines.run(script, Notes::default(), limits.time, limits).1
}

fn value(source: &str) -> Result<Value, ScriptError> {
    run_with(&Limits::default(), &compile(Language::JavaScript, source, Entry::Whole)?)
}

fn e4x(source: &str) -> String {
    let script = compile(Language::E4x, source, Entry::Whole).expect("well formed");
    match run_with(&Limits::default(), &script) {
        Ok(Value::Text(text)) => text,
        other => format!("{other:?}"),
    }
}

#[test]
fn the_last_statement_is_the_value() {
    assert_eq!(value("var x = 2; x == 1"), Ok(Value::Boolean(false)));
    assert_eq!(value("x = 'a\u{20ac}'; x + 1"), Ok(Value::from("a\u{20ac}1")));
    assert_eq!(value("mc.note(1)"), Ok(Value::Integer(7)));
    assert_eq!(value("1.5"), Ok(Value::Number(1.5)));
    assert_eq!(value("({})"), Ok(Value::Object));
    assert_eq!(value("'\\ud800'"), Ok(Value::from("\u{FFFD}")));
}

#[test]
fn a_function_is_found_by_name() {
    let source = "let n = 0; function f() { n++; return 'f' + n }";
    let script = compile(Language::JavaScript, source, Entry::Function("f".to_owned())).expect("well formed");
    let mut engines = Engines::default();
    for _ in 0..2 {
        // Its state does not survive.
        let limits = Limits::default();
        assert_eq!(engines.run(&script, Notes::default(), limits.time, &limits).1, Ok(Value::from("f1")));
    }
    let other = compile(Language::JavaScript, source, Entry::Function("a b".to_owned()));
    assert!(matches!(other, Err(ScriptError::NoFunction(_))));
}

#[test]
fn values_reach_the_host_and_globals_are_forgotten() {
    let script = compile(Language::JavaScript, "mc.note(typeof g, 1, 0.5, null, true, 'x', {}); g = 1", Entry::Whole);
    let script = script.expect("well formed");
    let mut engines = Engines::default();
    for _ in 0..2 {
        let (host, result) = engines.run(&script, Notes::default(), Duration::from_secs(5), &Limits::default());
        assert_eq!(result, Ok(Value::Integer(1)));
        let notes = host.expect("the host comes back").0;
        let expected = "Text(\"undefined\"),Integer(1),Number(0.5),Null,Boolean(true),Text(\"x\"),Object";
        assert_eq!(notes, [expected]);
    }
}

#[test]
fn faults_say_what_and_where() {
    let thrown = |source| match value(source) {
        Err(ScriptError::Thrown(text)) => text,
        other => format!("{other:?}"),
    };
    assert_eq!(thrown("throw 'plain'"), "plain");
    assert!(thrown("var a;\na.b.c").starts_with("TypeError: cannot read property 'b' of undefined"));
    assert!(thrown("__host('nothing')").starts_with("Error: no nothing"));
    assert!(thrown("(function f() { f() })()").contains("stack"));
    match value("var a = 1;\nvar b = ;") {
        Err(ScriptError::Syntax { message, line }) => assert_eq!((message.contains("SyntaxError"), line), (true, 2)),
        other => panic!("{other:?}"),
    }
    assert!(matches!(value("return 1"), Err(ScriptError::Syntax { .. })));
}

#[test]
fn limits_stop_a_script_and_the_next_one_runs() {
    let limits = Limits { time: Duration::from_millis(50), memory: 8 << 20 };
    for source in ["while (true) {}", "try { while (true) {} } catch (e) {} 1", "/(a+)+$/.test('a'.repeat(64) + 'b')"] {
        let script = compile(Language::JavaScript, source, Entry::Whole).expect("well formed");
        let begin = Instant::now();
        assert_eq!(run_with(&limits, &script), Err(ScriptError::TimeLimit(limits.time)), "{source}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    let limits = Limits { time: Duration::from_secs(20), ..limits };
    for source in ["a.push('x'.repeat(1000) + a.length)", "a.push('x'.repeat(9999))", "a.push({})"] {
        let source = format!("var a = []; for (;;) {source}");
        let greedy = compile(Language::JavaScript, &source, Entry::Whole).expect("well formed");
        assert_eq!(run_with(&limits, &greedy), Err(ScriptError::MemoryLimit(8 << 20)), "{source}");
    }
    let mut engines = Engines::default();
    let script =
        compile(Language::JavaScript, "if (mc.note(1)) while (g) {}; g = 1", Entry::Whole).expect("well formed");
    assert!(engines.run(&script, Notes::default(), limits.time, &limits).1.is_err());
    let script = compile(Language::JavaScript, "1", Entry::Whole).expect("well formed");
    assert_eq!(engines.run(&script, Notes::default(), limits.time, &limits).1, Ok(Value::Integer(1)));
}

#[test]
fn a_panic_of_the_host_is_an_error() {
    let script = compile(Language::JavaScript, "__host('panic')", Entry::Whole).expect("well formed");
    let (_, result) = Engines::default().run(&script, Notes::default(), Duration::from_secs(5), &Limits::default());
    assert!(matches!(result, Err(ScriptError::Engine(_))), "{result:?}");
}

#[test]
fn promises_are_settled() {
    let source = "Promise.resolve(1).then(x => mc.note(x)); 0";
    let script = compile(Language::JavaScript, source, Entry::Whole).expect("well formed");
    let (host, _) = Engines::default().run(&script, Notes::default(), Duration::from_secs(5), &Limits::default());
    assert_eq!(host.expect("a host").0, ["Integer(1)"]);
}

#[test]
fn e4x_reads() {
    let order = "var o = <o:order xmlns:o='urn:o' id='7'><o:item price='2'>a</o:item><o:item price='3'>b &amp; c</o:item><n/></o:order>; var ns = new Namespace('urn:o');";
    for (source, expected) in [
        ("o..*::item[1].toString()", "b & c"),
        ("o.ns::item.length() + ''", "2"),
        ("String(o.@id)", "7"),
        ("o.@id * 2 + ''", "14"),
        ("var t = 0; for each (var i in o.ns::item) t += Number(i.@price); t + ''", "5"),
        ("var t = ''; for (var i in o.ns::item) t += i; t", "01"),
        ("o.ns::item.(@price == 3).toString()", "b & c"),
        ("o.n.length() + o.x.length() + ''", "10"),
        ("o.localName() + o.namespace() + o.name()", "orderurn:ourn:o::order"),
        ("o.*.length() + ''", "3"),
        ("o..@price[1].toString()", "3"),
        ("o.ns::item[0] == 'a' ? 'same' : 'other'", "same"),
        ("o.elements().length() + ''", "3"),
        ("o.descendants('n').length() + ''", "1"),
        ("o.ns::item[0].toXMLString()", "<o:item xmlns:o=\"urn:o\" price=\"2\">a</o:item>"),
        ("o.ns::item[0].parent().@id.toString()", "7"),
    ] {
        let source = if source.starts_with("o.n.length") { "'' + o.n.length() + o.x.length()" } else { source };
        assert_eq!(e4x(&format!("{order}{source}")), expected, "{source}");
    }
}

#[test]
fn e4x_builds_and_changes() {
    for (source, expected) in [
        ("var s = 'a<b'; <x y={s}>{s}</x>.toXMLString()", "<x y=\"a&lt;b\">a&lt;b</x>"),
        ("var t = 'k'; <{t}>1</{t}>.toXMLString()", "<k>1</k>"),
        (
            "var x = <a><b>1</b></a>; x.b = 2; x.c = 'n'; x.@d = true; x.toXMLString()",
            "<a d=\"true\">\n  <b>2</b>\n  <c>n</c>\n</a>",
        ),
        (
            "var x = <a/>; x.b.c = 1; x.appendChild(<d/>); XML.prettyPrinting = false; x.toXMLString()",
            "<a><b><c>1</c></b><d/></a>",
        ),
        ("var x = <a><b/><c/></a>; delete x.b; x.toXMLString()", "<a>\n  <c/>\n</a>"),
        ("var x = <a><b>1</b></a>; x.b = <z>2</z>; x.z.toString()", "2"),
        ("var l = <><a/><b/></>; l.length() + ''", "2"),
        ("new XML('<a><b>1</b></a>').b.toString()", "1"),
        ("var x = <a>{<b>it's</b>}</a>; x.b.toString()", "it's"),
        ("var x = <m:a xmlns:m='u'/>; var y = <p>{x}</p>; y.toXMLString()", "<p>\n  <m:a xmlns:m=\"u\"/>\n</p>"),
        ("default xml namespace = 'u'; var x = <a><b/></a>; x.b.length() + x.namespace()", "1u"),
        ("try { XML('<a>') } catch (e) { e.name }", "SyntaxError"),
    ] {
        assert_eq!(e4x(source), expected, "{source}");
    }
}
