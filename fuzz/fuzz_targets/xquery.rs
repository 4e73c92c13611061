//! A text is no query, or it runs on a small document within its limits, without a panic.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mi_xml::{Document, ParseOptions};
use mi_xquery::{Atomic, External, Limits, Outcome, Query};

const ORDERS: &[u8] = b"<o:orders xmlns:o='urn:o'><order id='1' total='30.5'><item>a</item><item>b</item></order>\
    <!--c--><?pi z?><order id='2' total='7'>text<item>c</item></order><order id='3' total='100'/></o:orders>";

fuzz_target!(|text: &str| {
    if text.len() > 2000 {
        return;
    }
    let Ok(query) = Query::compile(text) else { return };
    let document = Document::parse(ORDERS, &ParseOptions::default()).expect("well-formed");
    let variables = [
        ("d".to_owned(), External::Document(Arc::new(document))),
        ("n".to_owned(), External::Atomic(Atomic::Integer(5))),
        ("s".to_owned(), External::Atomic(Atomic::String("text".to_owned()))),
        ("e".to_owned(), External::Empty),
    ];
    let limits = Limits { steps: 20_000, ..Limits::default() };
    let Ok(all) = query.run(&variables, &limits) else { return };
    for outcome in all {
        let _ = match outcome {
            Outcome::Tree(tree) => tree.to_xml(tree.root()),
            Outcome::Text(text) => text,
            Outcome::Atomic(value) => value.to_text(),
        };
    }
});
