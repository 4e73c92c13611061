use proptest::prelude::*;

use super::*;
use crate::NodeKind;

fn parse(text: &str) -> Result<Document, ParseError> {
    Document::parse(text.as_bytes(), &ParseOptions::default())
}

fn round_trip(text: &str) -> String {
    let document = parse(text).expect("well-formed");
    document.to_xml(document.root())
}

fn kind_of(text: &str) -> ParseErrorKind {
    parse(text).expect_err("refused").kind
}

#[test]
fn what_is_not_changed_is_written_as_it_was() {
    for text in [
        "<a>x<b c=\"1\" d=\"&lt;&quot;\">y</b>z</a>",
        "<a><![CDATA[<raw> & ]]>tail</a>",
        "<!--before--><a xmlns=\"urn:d\" xmlns:p=\"urn:p\" p:q=\"&#xa;\"><p:b /></a><?after it?>",
        "<a>\n  <b>&amp;&#xd;</b>\n</a>",
        "<e xml:lang=\"de\">ü𝄞</e>",
        "<a xmlns=\"urn:d\"><b xmlns=\"\"><c /></b></a>",
    ] {
        assert_eq!(round_trip(text), text);
    }
}

#[test]
fn text_around_references_is_one_node() {
    let document = parse("<a>1 &lt; 2 &#x26; 3</a>").expect("well-formed");
    let root = document.root_element().expect("a root");
    assert_eq!(document.children(root).count(), 1);
    assert_eq!(document.direct_text(root), "1 < 2 & 3");
}

#[test]
fn line_ends_and_attribute_white_space_are_normalised() {
    let document = parse("<a b=\"x\r\n\ty\r\">1\r\n2\r3</a>").expect("well-formed");
    let root = document.root_element().expect("a root");
    assert_eq!(document.attr(root, "b"), Some("x  y "));
    assert_eq!(document.direct_text(root), "1\n2\n3");
}

#[test]
fn ill_formed_input_is_refused() {
    for text in [
        "<a>",
        "<a></b>",
        "</a>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a b=1/>",
        "<a b='1'c='2'/>",
        "<a b/>",
        "<a b='<'/>",
        "<a b='1' b='2'/>",
        "<1/>",
        "<a:b:c/>",
        "<:a/>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>\u{1}</a>",
        "<a>]]></a>",
        "<a>&amp</a>",
        "<a><!-- -- --></a>",
        "<a/><?xml version='1.0'?>",
        "< b='c'/>",
        "< xmlns:p='u' xmlns='' p:N=''/>",
        "<a p:='c' xmlns:p='u'/>",
        "<a xmlns=''></ >",
        "<a>\u{FFFE}</a>",
        "<a",
        "<a b='",
        "<a><![CDATA[",
        "<x xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>",
        "&amp;<a/>",
        "<a/><![CDATA[x]]>",
        "<a b='&x'/>",
        "< a/>",
        "<a><?xml x?></a>",
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.kind, ParseErrorKind::Syntax, "{text}: {error}");
    }
}

#[test]
fn each_refusal_has_its_kind() {
    assert_eq!(kind_of(""), ParseErrorKind::NoRoot);
    assert_eq!(kind_of("<!-- only -->"), ParseErrorKind::NoRoot);
    assert_eq!(kind_of("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///x'>]><a>&e;</a>"), ParseErrorKind::Doctype);
    assert_eq!(kind_of("<a>&nbsp;</a>"), ParseErrorKind::Entity);
    assert_eq!(kind_of("<a b='&nbsp;'/>"), ParseErrorKind::Entity);
    assert_eq!(kind_of("<p:a/>"), ParseErrorKind::Namespace);
    assert_eq!(kind_of("<a p:b='1'/>"), ParseErrorKind::Namespace);
    assert_eq!(kind_of("<a xmlns:p=''/>"), ParseErrorKind::Namespace);
    assert_eq!(kind_of("<a xmlns:xml='urn:x'/>"), ParseErrorKind::Namespace);
    assert_eq!(kind_of("<?xml version='1.0' encoding='nonsense'?><a/>"), ParseErrorKind::Encoding);
    assert_eq!(kind_of(&"<a>".repeat(10_000)), ParseErrorKind::Limit);
    let many: String = (0..2_000).map(|n| format!(" a{n}='1'")).collect();
    assert_eq!(kind_of(&format!("<a{many}/>")), ParseErrorKind::Limit);
    let small = ParseOptions { max_bytes: 3, ..ParseOptions::default() };
    assert_eq!(Document::parse(b"<a/>", &small).expect_err("too long").kind, ParseErrorKind::Limit);
}

#[test]
fn an_error_says_where() {
    let error = parse("<a>\n  <ü>\n  </a>\n</a>").expect_err("mismatch");
    assert_eq!((error.line, error.column), (3, 3));
    assert!(error.message.contains('ü'), "{error}");
    let error = Document::parse(b"<a>\nx\xff</a>", &ParseOptions::default()).expect_err("not UTF-8");
    assert_eq!((error.line, error.column, error.kind), (2, 2, ParseErrorKind::Encoding));
}

#[test]
fn positions_of_elements_and_attributes() {
    let text = "<a>\n  <b c='1'\n     d=\"2\"/></a>";
    let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("well-formed");
    let root = document.root_element().expect("a root");
    let b = document.first_child_element(root).expect("b");
    let at = |line, column| Some(crate::Position { line, column });
    assert_eq!(document.position(root), at(1, 1));
    assert_eq!(document.position(b), at(2, 3));
    assert_eq!(document.attribute_position(b, "c"), at(2, 6));
    assert_eq!(document.attribute_position(b, "d"), at(3, 6));
    assert_eq!(document.attribute_position(b, "e"), None);
}

#[test]
fn only_the_declaration_announces_an_encoding() {
    for text in ["<?xml-stylesheet encoding='nonsense'?><a />", "<?xmlvq encoding='l1'\u{e9}?><a />"] {
        let document = Document::parse(text.as_bytes(), &ParseOptions::default()).unwrap();
        assert_eq!(document.to_xml(document.root()), text);
    }
}

#[test]
fn encodings() {
    let utf16: Vec<u8> = "\u{FEFF}<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>ü</a>"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let latin = b"<?xml version='1.0' encoding = \"ISO-8859-1\" standalone='yes'?><a>\xfc</a>";
    let announced = ParseOptions::default().with_charset("iso-8859-1");
    for document in [
        Document::parse(&utf16, &ParseOptions::default()),
        Document::parse(&utf16[2..], &ParseOptions::default()),
        Document::parse(latin, &ParseOptions::default()),
        Document::parse(b"<a>\xfc</a>", &announced),
        Document::parse("\u{FEFF}<a>ü</a>".as_bytes(), &announced),
    ] {
        let document = document.expect("decodable");
        assert_eq!(document.text_content(document.root()), "ü");
    }
    let document = Document::parse(latin, &ParseOptions::default()).expect("decodable");
    let declaration = document.declaration().expect("a declaration");
    assert_eq!((declaration.encoding.as_deref(), declaration.standalone), (Some("ISO-8859-1"), Some(true)));
}

#[test]
fn a_document_below_an_element() {
    let mut document = Document::new();
    let body = document.create_element("s", "urn:soap", "Body");
    document.append_child(document.root(), body);
    let options = ParseOptions::default();
    let element = document
        .parse_into(body, b"<?xml version='1.0'?><!--x--><order id='1'><n>2</n></order>", &options)
        .expect("well-formed");
    assert_eq!(document.parent(element.id), Some(body));
    let expected = "<s:Body xmlns:s=\"urn:soap\"><order id=\"1\"><n>2</n></order></s:Body>";
    assert_eq!(document.to_xml(document.root()), expected);
    assert!(document.parse_into(body, b"<broken>", &options).is_err());
    assert_eq!(document.to_xml(document.root()), expected);
    assert_eq!(document.kind(element.id), NodeKind::Element);
}

#[test]
fn ten_megabytes_cost_at_most_three_times_their_size() {
    let order =
        "  <order id=\"17\">\n    <symbol>IBM</symbol>\n    <price currency=\"USD\">107.25</price>\n  </order>\n";
    let text = format!("<orders>\n{}</orders>", order.repeat(10_000_000 / order.len()));
    let document = parse(&text).expect("well-formed");
    let factor = document.memory_size() as f64 / text.len() as f64;
    assert!(factor < 3.0, "{factor}");
}

/// Pieces that make something like XML when they are put one after the other.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<a>"),
        Just("</a>"),
        Just("<b x='1'"),
        Just(" y=\"&lt;\""),
        Just(">"),
        Just("/>"),
        Just("</b>"),
        Just("text"),
        Just("&amp;"),
        Just("&#x41;"),
        Just("&"),
        Just("<![CDATA[<]]>"),
        Just("<!--c-->"),
        Just("<?p i?>"),
        Just("<p:c xmlns:p='u'/>"),
        Just(" xmlns='d'"),
        Just("\r\n"),
        Just("]]>"),
        Just("<"),
        Just("\u{1}"),
        Just("\u{fc}"),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Trees that are well-formed by construction.
fn tree() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z &<>\"'\\t\\n]{0,8}".prop_map(|text| {
            let mut out = Vec::new();
            crate::write::escape_text(&text, &mut out);
            String::from_utf8(out).expect("UTF-8")
        }),
        Just("<!-- note -->".to_owned()),
        Just("<?target text?>".to_owned()),
        Just("<![CDATA[a < b]]>".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        ("[a-c]", "[a-z]{0,3}", proptest::collection::vec(inner, 0..4), any::<bool>()).prop_map(
            |(name, value, content, bound)| {
                let (prefix, declaration) = if bound { ("p:", " xmlns:p=\"urn:p\"") } else { ("", "") };
                format!("<{prefix}{name}{declaration} k=\"{value}\">{}</{prefix}{name}>", content.concat())
            },
        )
    })
}

#[test]
fn a_spelling_that_the_writer_has_is_told_from_others() {
    let verbatim = |text: &str| Document::read(text.as_bytes(), &ParseOptions::default()).expect("good").1.verbatim;
    for text in [
        "<a xmlns=\"urn:a\" b=\"1\"><c />t &amp; &lt; &gt; \" '<![CDATA[&]]><!-- c --><?p?><?p i?></a>",
        "<a />",
        "<p:a xmlns:p=\"urn:p\" p:b=\"'\">\u{fc}\n\t</p:a>",
    ] {
        assert_eq!(verbatim(text), Some(0..text.len()), "{text}");
        let around = format!("\u{feff}<?xml version='1.0'?>\n<!-- > --><?p  i?>{text}\n<!-- > --><?p  i?>");
        let start = around.find(text).expect("it is in there");
        assert_eq!(verbatim(&around), Some(start..start + text.len()), "{around}");
    }
    for text in [
        "<a></a>",
        "<a/>",
        "<a  />",
        "<a\t/>",
        "<a >x</a>",
        "<a>x</a >",
        "<a b='1'>x</a>",
        "<a  b=\"1\"/>",
        "<a b =\"1\" />",
        "<a b= \"1\" />",
        "<a\nb=\"1\" />",
        "<a b=\"&amp;\" />",
        "<a b=\"\n\" />",
        "<a b=\">\" />",
        "<a>></a>",
        "<a>&quot;</a>",
        "<a>&#65;</a>",
        "<a>\r</a>",
        "<a><![CDATA[>]]></a>",
        "<a><!-- > --></a>",
        "<a><?p  i?></a>",
        "<a><?p\ti?></a>",
        "<a><?p ?></a>",
    ] {
        assert_eq!(verbatim(text), None, "{text}");
    }
    let utf_16 = b"\xff\xfe<\0a\0 \0/\0>\0";
    assert_eq!(Document::read(utf_16, &ParseOptions::default()).expect("good").1.verbatim, None);
}

proptest! {
    #[test]
    fn verbatim_means_that_the_writer_writes_the_same(text in pieces()) {
        let text = format!("<a>{text}</a>");
        if let Ok((document, root)) = Document::read(text.as_bytes(), &ParseOptions::default())
            && let Some(range) = root.verbatim
        {
            prop_assert_eq!(document.to_xml(root.id), &text[range]);
        }
    }

    #[test]
    fn what_the_writer_wrote_is_verbatim_unless_it_has_escapes(content in proptest::collection::vec(tree(), 0..3)) {
        let written = round_trip(&format!("<root>{}</root>", content.concat()));
        let (_, root) = Document::read(written.as_bytes(), &ParseOptions::default()).expect("well-formed");
        prop_assert_eq!(root.verbatim, Some(0..written.len()));
    }

    #[test]
    fn what_is_read_is_written_and_read_again(text in pieces()) {
        if let Ok(document) = parse(&text) {
            let written = document.to_xml(document.root());
            prop_assert_eq!(round_trip(&written), written);
        }
    }

    #[test]
    fn trees_come_back_as_they_were(content in proptest::collection::vec(tree(), 0..3)) {
        let text = format!("<root>{}</root>", content.concat());
        let written = round_trip(&text);
        // Only the spelling of an element without content may change.
        let spelled = |text: &str| text.replace("\"></a>", "\" />").replace("\"></b>", "\" />")
            .replace("\"></c>", "\" />").replace("\"></p:a>", "\" />").replace("\"></p:b>", "\" />")
            .replace("\"></p:c>", "\" />").replace("<root></root>", "<root />");
        prop_assert_eq!(spelled(&written), spelled(&text));
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let options = ParseOptions::artifact();
        if let Err(error) = Document::parse(&bytes, &options) {
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }
}
