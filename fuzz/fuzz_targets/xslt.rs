//! A document is no stylesheet, or it transforms a small message within its limits, without a panic.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use mi_xml::{Document, ParseOptions};
use mi_xslt::{Limits, NoDocuments, Stylesheet};

const MESSAGE: &[u8] = b"<o:orders xmlns:o='urn:o' day='2'><order id='1' total='30.5'><item>a</item><item>b</item></order>\
    <!--c--><?pi z?><order id='2' total='-7'>text<item xml:lang='de'> c </item></order><order id='1'/></o:orders>";

fuzz_target!(|data: &[u8]| {
    let Ok(document) = Document::parse(data, &ParseOptions::artifact()) else { return };
    let Ok(stylesheet) = Stylesheet::compile(Arc::new(document), &NoDocuments) else { return };
    let message = Document::parse(MESSAGE, &ParseOptions::default()).expect("well-formed");
    let limits = Limits { steps: 20_000, bytes: 1 << 20, ..Limits::default() };
    let parameters = [("p".to_owned(), "v".to_owned())];
    let Ok(done) = stylesheet.transform(&message, message.root(), &parameters, &NoDocuments, &limits) else { return };
    let _ = done.to_text();
});
