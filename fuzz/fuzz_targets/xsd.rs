//! A schema and a document with a NUL between them: the schema is refused, or says what is wrong with the document.
//! Without a NUL all is schema, and a document of the seeds is looked at.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_xml::{Document, ParseOptions};
use mi_xsd::Schemas;

const ORDER: &[u8] = b"<order xmlns='urn:o' id='1'><sku>AB-123</sku><count>2</count><unit>kg</unit></order>";

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|&byte| byte == 0);
    let (schema, document) = cut.map_or((data, ORDER), |at| (&data[..at], &data[at + 1..]));
    let Ok(document) = Document::parse(document, &ParseOptions::default()) else { return };
    let Some(root) = document.root_element() else { return };
    let nothing = |location: &str| Err(format!("there is no {location}"));
    let Ok(schemas) = Schemas::compile(&[("fuzz.xsd".to_owned(), schema.to_vec())], &nothing) else { return };
    let _ = schemas.validate(&document, root);
});
