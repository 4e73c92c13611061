//! Bodies as they come over HTTP: the first byte chooses the content type, the rest is the body. What was built can be
//! written in every format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_payload::json::JsonSettings;
use mi_payload::{BuildContext, Built, Charset, Format, FormatOptions, FormatTable, Packaging, Payload, build, format};
use mi_xml::ParseOptions;

const TYPES: [&str; 9] = [
    "application/json",
    "application/xml",
    "text/xml",
    "application/soap+xml; action=a",
    "text/plain; charset=ISO-8859-1",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/related; boundary=b; start=\"<r>\"",
    "application/octet-stream",
];

const CHARSETS: [&str; 4] = ["UTF-8", "ISO-8859-1", "UTF-16BE", "Shift_JIS"];

const FORMATS: [Format; 8] = [
    Format::Json,
    Format::Xml,
    Format::Soap,
    Format::Text,
    Format::Binary,
    Format::Form,
    Format::MultipartForm,
    Format::MultipartRelated,
];

fuzz_target!(|data: &[u8]| {
    let Some((&first, body)) = data.split_first() else { return };
    let content_type = TYPES[usize::from(first) % TYPES.len()];
    let context = BuildContext { content_type, rest: first & 0x80 != 0, ..BuildContext::default() };
    let limits = ParseOptions::default();
    let Ok(Built { payload, attachments }) = build(body.to_vec().into(), &context, &FormatTable::default(), &limits) else { return };
    let settings = JsonSettings::default();
    if let Payload::Xml(xml) = &payload
        && !payload.is_fault()
        && let Some(element) = xml.envelope().payload()
    {
        // Whether the bytes that came are passed on or written anew, they are the same.
        let written = format(&payload, Format::Xml, FormatOptions::default(), &settings).expect("XML");
        assert_eq!(xml.envelope().document.to_xml(element).as_bytes(), &written.bytes[..]);
    }
    for wanted in FORMATS {
        let _ = format(&payload, wanted, FormatOptions::default(), &settings);
    }
    let charset = Charset::of_label(CHARSETS[usize::from(first) % CHARSETS.len()]).unwrap_or_default();
    for packaging in [Packaging::Mtom, Packaging::Swa] {
        let options = FormatOptions { packaging, charset, attachments: &attachments, ..FormatOptions::default() };
        let Ok(written) = format(&payload, Format::MultipartRelated, options, &settings) else { continue };
        // What we package we can unpack.
        let content_type = written.content_type.unwrap_or_default();
        let context = BuildContext { content_type: &content_type, ..BuildContext::default() };
        let _ = build(written.bytes, &context, &FormatTable::default(), &limits);
    }
    let _ = payload.json_view(&settings);
});
