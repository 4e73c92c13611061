//! An expression either does not compile or is evaluated without a panic, to the same truth on every way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_xml::xpath::{NoEnvironment, NodeRef, XPath};
use mi_xml::{Document, ParseOptions};

const DOCUMENT: &[u8] = b"<r xmlns:p='urn:p' id='r'><a k='1'>x<b/>2</a><!--c--><a p:k='2'><a>y</a></a><?pi z?><p:d>7.5</p:d></r>";

fuzz_target!(|text: &str| {
    if text.len() > 200 {
        return;
    }
    let Ok(xpath) = XPath::compile(text, &[("p", "urn:p")]) else { return };
    let document = Document::parse(DOCUMENT, &ParseOptions::default()).expect("well-formed");
    let root = document.root_element().expect("a root");
    let context = NodeRef::new(&document, root);
    let value = xpath.evaluate(context, &NoEnvironment);
    let boolean = xpath.evaluate_boolean(context, None, &NoEnvironment);
    if let (Ok(value), Ok(boolean)) = (&value, boolean) {
        assert_eq!(value.to_boolean(), boolean);
    }
    let _ = xpath.evaluate_below(context, root, &NoEnvironment);
});
