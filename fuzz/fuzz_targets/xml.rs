//! Whatever is read is written, and what is written is read as the same; what is said to be spelled as the writer does
//! is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_xml::{Document, ParseOptions};

fuzz_target!(|input: &[u8]| {
    let Ok((document, root)) = Document::read(input, &ParseOptions::artifact()) else { return };
    if let Some(range) = root.verbatim {
        assert_eq!(document.to_xml(root.id).as_bytes(), &input[range]);
    }
    let written = document.to_xml(document.root());
    let again = Document::parse(written.as_bytes(), &ParseOptions::default()).expect("what is written is well-formed");
    assert_eq!(again.to_xml(again.root()), written);
});
