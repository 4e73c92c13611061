//! What the comparison with another processor cannot show: errors with their places, limits, and where Java's processors
//! differ from libxslt.

use std::sync::Arc;

use mi_xml::{Document, ParseOptions};
use mi_xslt::{Limits, NoDocuments, Stylesheet, TransformError, TransformErrorKind};
use proptest::prelude::*;

fn sheet(version: &str, content: &str) -> String {
    format!(
        "<xsl:stylesheet version='{version}' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>\n{content}\n</xsl:stylesheet>"
    )
}

fn compile(text: &str) -> Result<Stylesheet, String> {
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("well-formed");
    Stylesheet::compile(Arc::new(document), &NoDocuments).map_err(|error| error.to_string())
}

fn run_within(content: &str, message: &str, limits: &Limits) -> Result<String, TransformError> {
    let compiled = compile(&sheet("1.0", content)).expect("a stylesheet");
    let message = Document::parse(message.as_bytes(), &ParseOptions::default()).expect("well-formed");
    compiled.transform(&message, message.root(), &[], &NoDocuments, limits).map(|done| done.to_text())
}

fn run(content: &str, message: &str) -> Result<String, TransformError> {
    run_within(content, message, &Limits::default())
}

#[test]
fn errors_say_where_and_what() {
    for (content, expected) in [
        (
            "<xsl:template match='/'><xsl:value-of/></xsl:template>",
            "xsl:value-of needs the attribute select (line 2, column 25)",
        ),
        (
            "<xsl:template match='/'><xsl:value-of slect='.'/></xsl:template>",
            "xsl:value-of has no attribute 'slect' in XSLT 1.0; it has: select, disable-output-escaping",
        ),
        (
            "<xsl:template match='/'><xsl:value-of select='a['/></xsl:template>",
            "the expression 'a[' is not XPath 1.0: a step is expected at column 3",
        ),
        (
            "<xsl:template match='/'><xsl:value-of select='$x'/></xsl:template>",
            "the variable $x in '$x' is not declared before it is used",
        ),
        (
            "<xsl:template match='/'><xsl:value-of select='p:a'/></xsl:template>",
            "the prefix p in 'p:a' is not bound to a namespace",
        ),
        (
            "<xsl:template match='/'><xsl:value-of select='nope()'/></xsl:template>",
            "there is no function nope(), called in 'nope()'",
        ),
        (
            "<xsl:template match='/'><xsl:value-of select='concat(1)'/></xsl:template>",
            "concat() in 'concat(1)' gets a wrong number of arguments",
        ),
        ("<xsl:template match='a/..'/>", "'a/..' is not a pattern"),
        ("<xsl:template match='/'><xsl:call-template name='none'/></xsl:template>", "there is no template named none"),
        ("<xsl:template name='a'/><xsl:template name='a'/>", "there are two templates named a"),
        (
            "<xsl:template match='/'><xsl:for-each-group select='a'/></xsl:template>",
            "xsl:for-each-group is not an instruction of XSLT 1.0",
        ),
        ("<xsl:template match='/'><xsl:when test='1'/></xsl:template>", "xsl:when cannot stand here"),
        ("<xsl:function name='f'/>", "xsl:function is not a declaration of XSLT 1.0"),
        ("<xsl:template match='/'><a b='{c'/></xsl:template>", "a } is missing in '{c'"),
        ("<xsl:import href='x.xsl'/>", "xsl:import of x.xsl: there is no such document"),
        (
            "<xsl:template match='/'><xsl:variable name='v' select='1'/><xsl:variable name='v' select='2'/></xsl:template>",
            "the variable $v is declared twice in its template",
        ),
    ] {
        let error = compile(&sheet("1.0", content)).expect_err(content);
        assert!(error.starts_with(expected), "{content}: {error}");
    }
    let error = compile("<order/>").expect_err("no stylesheet");
    assert!(error.starts_with("a stylesheet begins with xsl:stylesheet"), "{error}");
}

#[test]
fn later_versions_may_have_what_is_unknown_but_not_what_changes_the_result() {
    assert!(
        compile(&sheet("2.0", "<xsl:template match='/'><xsl:value-of select='1' separator=','/></xsl:template>"))
            .is_ok()
    );
    let error = compile(&sheet("2.0", "<xsl:template match='/'><xsl:for-each-group select='a'/></xsl:template>"));
    assert!(error.expect_err("not run silently").contains("for-each-group is not an instruction of XSLT 1.0"));
}

#[test]
fn failures_say_where() {
    let failed =
        run("<xsl:template match='/'><xsl:for-each select='1'/></xsl:template>", "<a/>").expect_err("a failure");
    assert_eq!(failed.to_string(), "a node-set is needed, but there is a number (line 2, column 25)");
    let cyclic = "<xsl:variable name='a' select='$b'/><xsl:variable name='b' select='$a'/>\
                  <xsl:template match='/'><xsl:value-of select='$a'/></xsl:template>";
    let failed = run(cyclic, "<a/>").expect_err("a failure");
    assert!(failed.message.contains("depends on itself"), "{failed}");
}

#[test]
fn a_run_ends() {
    let limits = Limits { steps: 100_000, bytes: 100_000, ..Limits::default() };
    for (content, expected) in [
        (
            "<xsl:template match='/'><xsl:apply-templates select='.'/></xsl:template>",
            "templates call each other too deep",
        ),
        (
            "<xsl:template match='/'><xsl:call-template name='t'/></xsl:template>\
             <xsl:template name='t'><xsl:call-template name='t'/></xsl:template>",
            "more than 100000 instructions ran",
        ),
        (
            "<xsl:template match='/'><xsl:call-template name='t'/></xsl:template>\
             <xsl:template name='t'><x>some text in an element</x><xsl:call-template name='t'/></xsl:template>",
            "the result is larger than 100000 bytes",
        ),
        (
            "<xsl:template match='/'><r><xsl:for-each select='//a'><v><xsl:variable name='v'><xsl:copy-of select='/'/></xsl:variable>\
             <xsl:for-each select='//a'><xsl:copy-of select='/'/></xsl:for-each></v></xsl:for-each></r></xsl:template>",
            "the result is larger than 100000 bytes",
        ),
    ] {
        let message = format!("<m>{}</m>", "<a>x</a>".repeat(100));
        let error = run_within(content, &message, &limits).expect_err(content);
        assert_eq!((error.kind, error.message.as_str()), (TransformErrorKind::Limit, expected));
    }
}

#[test]
fn deep_recursion_needs_no_deep_stack_of_the_caller() {
    let content = "<xsl:template match='/'><xsl:call-template name='t'><xsl:with-param name='n' select='4000'/></xsl:call-template></xsl:template>\
        <xsl:template name='t'><xsl:param name='n'/><xsl:choose><xsl:when test='$n = 0'>done</xsl:when><xsl:otherwise><a><xsl:variable name='v'>\
        <xsl:call-template name='t'><xsl:with-param name='n' select='$n - 1'/></xsl:call-template></xsl:variable>\
        <xsl:value-of select='$v'/></a></xsl:otherwise></xsl:choose></xsl:template>";
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let done = thread.spawn(move || run(content, "<a/>").map(|text| text.contains("done")));
    let done = done.expect("a thread").join().expect("no overflow");
    assert_eq!(done.ok(), Some(true));
    let endless = "<xsl:template match='/'><a><xsl:for-each select='.'><xsl:apply-templates select='.'/></xsl:for-each></a></xsl:template>";
    let error = run(endless, "<a/>").expect_err("it ends");
    assert_eq!(error.message, "templates call each other too deep");
}

#[test]
fn numbers_are_java_s() {
    let content = "<xsl:output method='text'/><xsl:template match='/'><xsl:value-of select='0.1 + 0.2'/> \
        <xsl:value-of select=\"format-number(0.125, '0.00')\"/></xsl:template>";
    assert_eq!(run(content, "<a/>").expect("a result"), "0.300000000000000040.12");
}

#[test]
fn sorting_looks_at_letters_before_case() {
    let content = "<xsl:output method='text'/><xsl:template match='/'><xsl:for-each select='//i'><xsl:sort/><xsl:value-of select='.'/></xsl:for-each></xsl:template>";
    let message = "<m><i>b</i><i>A</i><i>a</i><i>B</i></m>";
    assert_eq!(run(content, message).expect("a result"), "aAbB");
}

#[test]
fn fragments_of_later_versions_are_nodes() {
    let text = sheet(
        "2.0",
        "<xsl:output method='text'/><xsl:template match='/'><xsl:variable name='v'><i>1</i></xsl:variable><xsl:variable name='none'/><xsl:value-of select='count($v/i)'/></xsl:template>",
    );
    let compiled = compile(&text).expect("a stylesheet");
    let message = Document::parse(b"<a/>", &ParseOptions::default()).expect("well-formed");
    let done = compiled.transform(&message, message.root(), &[], &NoDocuments, &Limits::default());
    assert_eq!(done.expect("a result").to_text(), "1");
}

/// Pieces that stylesheets are made of.
fn piece() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("<xsl:value-of select='.'/>".to_owned()),
        Just("<xsl:apply-templates/>".to_owned()),
        Just("<xsl:apply-templates select='..' mode='m'/>".to_owned()),
        Just("<xsl:copy-of select='/'/>".to_owned()),
        Just("<xsl:attribute name='{name()}'>v</xsl:attribute>".to_owned()),
        Just("<xsl:number level='any' format='1.a'/>".to_owned()),
        Just("<xsl:call-template name='t'/>".to_owned()),
        Just("<xsl:value-of select=\"key('k', .)\"/>".to_owned()),
        "[a-z ]{0,5}".prop_map(|text| format!("<xsl:text>{text}</xsl:text>")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let body = proptest::collection::vec(inner, 0..4).prop_map(|pieces| pieces.concat());
        prop_oneof![
            body.clone().prop_map(|body| format!("<e a='{{@b}}'>{body}</e>")),
            body.clone()
                .prop_map(|body| format!("<xsl:for-each select='*|@*'><xsl:sort select='.'/>{body}</xsl:for-each>")),
            body.clone().prop_map(|body| format!("<xsl:copy>{body}</xsl:copy>")),
            body.clone().prop_map(|body| format!("<xsl:if test='*'>{body}</xsl:if>")),
            body.clone().prop_map(|body| format!("<xsl:comment>{body}-</xsl:comment>")),
            body.prop_map(|body| format!("<xsl:element name='x{{position()}}'>{body}</xsl:element>")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever a stylesheet does, it ends without panic, and what it makes can be read again.
    #[test]
    fn results_are_well_formed(first in piece(), second in piece(), third in piece()) {
        let content = format!(
            "<xsl:key name='k' match='b' use='.'/><xsl:template match='/'><r>{first}</r></xsl:template>\
             <xsl:template match='b'>{second}</xsl:template><xsl:template match='*' mode='m'>{third}</xsl:template>\
             <xsl:template name='t'>{third}</xsl:template>"
        );
        let limits = Limits { steps: 20_000, depth: 90, bytes: 1 << 20 };
        if let Ok(text) = run_within(&content, "<a b='1'><b>x</b><!--c--><b c='2'><b/></b>t</a>", &limits) {
            let read = Document::parse(text.as_bytes(), &ParseOptions { max_depth: 10_000, ..ParseOptions::default() });
            prop_assert!(read.is_ok(), "{:?}: {text}", read.err());
        }
    }
}
