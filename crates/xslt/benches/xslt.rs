//! Transforming 1 kB: reading, transforming and writing, with each of the typical stylesheets.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use mi_xml::{Document, ParseOptions};
use mi_xslt::{Limits, NoDocuments, Stylesheet};

const ORDER: &str = include_str!("stylesheets/order.xml");

const STYLESHEETS: [(&str, &str); 5] = [
    ("mapping", include_str!("stylesheets/mapping.xsl")),
    ("identity", include_str!("stylesheets/identity.xsl")),
    ("sorting", include_str!("stylesheets/sorting.xsl")),
    ("grouping", include_str!("stylesheets/grouping.xsl")),
    ("text", include_str!("stylesheets/text.xsl")),
];

fn transform(c: &mut Criterion) {
    let limits = Limits::default();
    let order = Document::parse(ORDER.as_bytes(), &ParseOptions::default()).expect("well-formed");
    for (name, text) in STYLESHEETS {
        let document = Document::parse(text.as_bytes(), &ParseOptions::artifact()).expect("well-formed");
        let stylesheet = Stylesheet::compile(Arc::new(document), &NoDocuments).expect("a stylesheet");
        c.bench_function(&format!("{name} all"), |b| {
            b.iter(|| {
                let order =
                    Document::parse(black_box(ORDER.as_bytes()), &ParseOptions::default()).expect("well-formed");
                let done = stylesheet.transform(&order, order.root(), &[], &NoDocuments, &limits).expect("a result");
                done.to_text()
            });
        });
        c.bench_function(&format!("{name} alone"), |b| {
            b.iter(|| {
                stylesheet.transform(black_box(&order), order.root(), &[], &NoDocuments, &limits).expect("a result")
            });
        });
    }
}

criterion_group!(benches, transform);
criterion_main!(benches);
