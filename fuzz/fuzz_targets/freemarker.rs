//! A text is no template, or is rendered within its limits without a panic.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mi_freemarker::{Limits, Map, Node, Template, Value};

const JSON: &str = r#"{"a":{"b":[1,2.5,"x",null,true]},"l":[{"id":1,"n":"x"},{"id":2,"n":"y"}],"s":"some text","d":"2021-03-04"}"#;
const XML: &[u8] = b"<r xmlns:p='urn:p' k='1'><a>x</a><a>y</a><p:b>z<c/></p:b></r>";

fuzz_target!(|text: &str| {
    if text.len() > 2000 {
        return;
    }
    let Ok(template) = Template::parse(text) else { return };
    let json: serde_json::Value = serde_json::from_str(JSON).expect("JSON");
    let document = mi_xml::Document::parse(XML, &mi_xml::ParseOptions::default()).expect("well formed");
    let mut model = Map::new();
    model.insert("payload".into(), Value::from(&json));
    model.insert("doc".into(), Value::Node(Node::document(Arc::new(document))));
    let limits = Limits { steps: 20_000, text: 100_000, ..Limits::default() };
    let _ = template.render(&model, 1_600_000_000_000, &limits);
});
