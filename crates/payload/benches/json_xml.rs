//! A JSON message to XML and back, which is what a JSON client before a SOAP back end costs: JSON text, tree, XML text,
//! tree, JSON text. Beside it a plain conversion of the same shape with serde_json and quick-xml.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mi_payload::json::{JsonSettings, json_to_xml, xml_to_json};
use mi_xml::{Document, ParseOptions, WriteOptions};
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};

fn orders(bytes: usize) -> String {
    let order = r#"{"id":17,"symbol":"IBM","buyer":{"name":"Jane Doe & Sons","city":"Ulm"},"price":107.25,"volume":1200,"open":true}"#;
    let orders: Vec<&str> = std::iter::repeat_n(order, (bytes / order.len()).max(2)).collect();
    format!("{{\"orders\":{{\"order\":[{}]}}}}", orders.join(","))
}

/// Ours: JSON to XML text.
fn to_xml(json: &str, settings: &JsonSettings) -> Vec<u8> {
    let mut document = Document::new();
    let root = document.root();
    let element = json_to_xml(json, &mut document, root, settings).expect("well formed");
    let mut out = Vec::with_capacity(json.len() * 2);
    document.write(element, &mut out, &WriteOptions::default());
    out
}

/// Ours: XML text to JSON.
fn to_json(xml: &[u8], settings: &JsonSettings) -> String {
    let document = Document::parse(xml, &ParseOptions::default()).expect("well formed");
    let root = document.root_element().expect("a root");
    xml_to_json(&document, root, settings, false).expect("convertible")
}

mod plain {
    use super::*;

    pub fn to_xml(json: &str) -> Vec<u8> {
        let value: Value = serde_json::from_str(json).expect("well formed");
        let mut writer = quick_xml::Writer::new(Vec::with_capacity(json.len() * 2));
        element(&mut writer, "jsonObject", &value);
        writer.into_inner()
    }

    fn element(writer: &mut quick_xml::Writer<Vec<u8>>, name: &str, value: &Value) {
        if let Value::Array(items) = value {
            return items.iter().for_each(|item| element(writer, name, item));
        }
        writer.write_event(Event::Start(BytesStart::new(name))).expect("memory");
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| element(writer, name, value)),
            Value::String(text) => writer.write_event(Event::Text(BytesText::new(text))).expect("memory"),
            other => writer.write_event(Event::Text(BytesText::new(&other.to_string()))).expect("memory"),
        }
        writer.write_event(Event::End(BytesEnd::new(name))).expect("memory");
    }

    pub fn to_json(xml: &[u8]) -> String {
        let mut reader = quick_xml::Reader::from_reader(xml);
        let mut open: Vec<(String, Map<String, Value>, String)> = vec![Default::default()];
        loop {
            match reader.read_event().expect("well formed") {
                Event::Start(start) => {
                    let name = start.name().as_ref().to_owned();
                    open.push((name, Map::new(), String::new()));
                }
                Event::Text(text) => open.last_mut().expect("open").2.push_str(&text),
                Event::GeneralRef(reference) => {
                    let text = quick_xml::escape::resolve_predefined_entity(&reference).expect("known");
                    open.last_mut().expect("open").2.push_str(text);
                }
                Event::End(_) => {
                    let (name, members, text) = open.pop().expect("open");
                    let value = if members.is_empty() { scalar(text) } else { Value::Object(members) };
                    add(&mut open.last_mut().expect("a parent").1, name, value);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let (_, mut members, _) = open.pop().expect("the root");
        members.remove("jsonObject").expect("there").to_string()
    }

    fn scalar(text: String) -> Value {
        match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => text.parse().map_or(Value::String(text), Value::Number),
        }
    }

    fn add(members: &mut Map<String, Value>, name: String, value: Value) {
        match members.get_mut(&name) {
            None => drop(members.insert(name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
}

fn benches(criterion: &mut Criterion) {
    let settings = JsonSettings::default();
    for (name, bytes) in [("1kB", 1_000), ("10kB", 10_000), ("1MB", 1_000_000)] {
        let json = orders(bytes);
        let xml = to_xml(&json, &settings);
        assert_eq!(to_json(&xml, &settings), json, "our way there and back loses nothing");
        assert_eq!(
            String::from_utf8_lossy(&plain::to_xml(&json)),
            String::from_utf8_lossy(&xml),
            "both write the same"
        );
        assert_eq!(plain::to_json(&xml), json, "and read the same");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(json.len() as u64));
        group.bench_function("JSON to XML", |b| b.iter(|| to_xml(black_box(&json), &settings).len()));
        group.bench_function("JSON to XML, serde_json and quick-xml", |b| {
            b.iter(|| plain::to_xml(black_box(&json)).len());
        });
        group.bench_function("XML to JSON", |b| b.iter(|| to_json(black_box(&xml), &settings).len()));
        group.bench_function("XML to JSON, serde_json and quick-xml", |b| {
            b.iter(|| plain::to_json(black_box(&xml)).len());
        });
        group.bench_function("there and back", |b| {
            b.iter(|| to_json(&to_xml(black_box(&json), &settings), &settings).len());
        });
        group.bench_function("there and back, serde_json and quick-xml", |b| {
            b.iter(|| plain::to_json(&plain::to_xml(black_box(&json))).len());
        });
        group.finish();
    }
}

criterion_group!(json_xml, benches);
criterion_main!(json_xml);
