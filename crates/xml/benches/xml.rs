//! Reading a message and asking it one question, the commonest work there is: parse, then `//order[1]/symbol`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mi_xml::xpath::{NoEnvironment, NodeRef, XPath};
use mi_xml::{Document, ParseOptions, WriteOptions};

fn orders(bytes: usize) -> String {
    let order = "<order id=\"17\"><symbol>IBM</symbol><buyer>Jane Doe &amp; Sons</buyer><price currency=\"USD\">107.25\
        </price><volume>1200</volume></order>\n";
    format!("<orders xmlns:x=\"urn:x\">{}</orders>", order.repeat(bytes / order.len()))
}

fn benches(criterion: &mut Criterion) {
    let xpath = XPath::compile::<&str, &str>("//order[1]/symbol", &[]).expect("compiles");
    let options = ParseOptions::default();
    for (name, bytes) in [("1kB", 1_000), ("10kB", 10_000), ("1MB", 1_000_000)] {
        let text = orders(bytes);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function("parse", |b| b.iter(|| Document::parse(black_box(text.as_bytes()), &options).is_ok()));
        group.bench_function("parse, //order[1]/symbol", |b| {
            b.iter(|| {
                let document = Document::parse(black_box(text.as_bytes()), &options).expect("well-formed");
                let value = xpath.evaluate(NodeRef::new(&document, document.root()), &NoEnvironment);
                value.expect("evaluates").into_string().len()
            });
        });
        let document = Document::parse(text.as_bytes(), &options).expect("well-formed");
        group.bench_function("write", |b| {
            let mut out = Vec::new();
            b.iter(|| {
                out.clear();
                document.write(document.root(), &mut out, &WriteOptions::default());
                out.len()
            });
        });
        group.finish();
    }
}

criterion_group!(xml, benches);
criterion_main!(xml);
