//! Expressions on a message of about a kilobyte: JSON parsed and asked by a path (beside serde_json_path on the same
//! parsed value), `${…}` with five operators, and XPath with a property.

use std::borrow::Cow;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mi_expression::{BuildFault, Envelope, Expression, Field, Held, JsonPath, Message, Namespaces, Scope};
use mi_payload::Value;
use serde_json::Value as Json;

struct Sample {
    json: Json,
    variable: Value,
}

impl Message for Sample {
    fn envelope(&self) -> Result<Option<Envelope<'_>>, BuildFault> {
        Ok(None)
    }
    fn json(&self) -> Result<Option<&Json>, BuildFault> {
        Ok(Some(&self.json))
    }
    fn json_text(&self) -> Result<Option<Cow<'_, str>>, BuildFault> {
        Ok(None)
    }
    fn has_json_payload(&self) -> bool {
        true
    }
    fn property(&self, _scope: Scope, _name: &str) -> Option<Held<'_>> {
        Some(Held::from("gold"))
    }
    fn variable(&self, _name: &str) -> Option<&Value> {
        Some(&self.variable)
    }
    fn in_template(&self) -> bool {
        false
    }
    fn template_parameter(&self, _name: &str) -> Option<&Value> {
        None
    }
    fn field(&self, _field: Field) -> Option<Cow<'_, str>> {
        None
    }
    fn config(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn local_entry(&self, _name: &str) -> Option<Held<'_>> {
        None
    }
    fn registry_resource(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn registry_property(&self, _path: &str, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn secret(&self, _alias: &str) -> Option<Cow<'_, str>> {
        None
    }
}

fn orders() -> String {
    let order = r#"{"id":17,"symbol":"IBM","price":107.25,"volume":1200,"buyer":{"name":"Jane","city":"Graz"}}"#;
    format!(r#"{{"count":10,"orders":[{}]}}"#, [order; 10].join(","))
}

fn benches(criterion: &mut Criterion) {
    let text = orders();
    let json: Json = serde_json::from_str(&text).expect("JSON");
    let message = Sample { json: json.clone(), variable: Value::Integer(3) };

    for path in ["$.orders[0].buyer.name", "$.orders[*].id", "$.orders[?(@.price > 100)].symbol", "$..city"] {
        let mut group = criterion.benchmark_group(path);
        let ours = JsonPath::compile(path).expect("a path");
        let standard = path.replace("?(@.price > 100)", "?@.price > 100");
        let theirs = serde_json_path::JsonPath::parse(&standard).expect("a path");
        group.bench_function("ours", |b| b.iter(|| ours.find(black_box(&json)).is_ok()));
        group.bench_function("serde_json_path", |b| b.iter(|| theirs.query(black_box(&json)).len()));
        group.bench_function("parse, ours", |b| {
            b.iter(|| {
                let json: Json = serde_json::from_str(black_box(&text)).expect("JSON");
                ours.find(&json).is_ok()
            });
        });
        group.finish();
    }

    let mut group = criterion.benchmark_group("expressions");
    for text in [
        "${(payload.count + vars.i * 2 > 10) and (headers.tier == \"gold\")}",
        "${payload.orders[vars.i].symbol}",
        "${payload.orders[?(@.price > 100)].symbol}",
        "json-eval($.orders[0].symbol)",
        "$ctx:tier = 'gold'",
        "concat(get-property('a'), '-', $ctx:b)",
    ] {
        let expression = Expression::compile(text, &Namespaces::none()).expect(text);
        group.bench_function(text, |b| b.iter(|| expression.evaluate_string(black_box(&message)).is_ok()));
    }
    group.finish();
}

criterion_group!(expressions, benches);
criterion_main!(expressions);
