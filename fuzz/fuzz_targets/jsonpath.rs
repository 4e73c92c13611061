//! A path either does not compile or is evaluated without a panic; where it leads can be changed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mi_expression::JsonPath;

const VALUE: &str = r#"{"a":{"b":[1,2.50,"x",null,true]},"l":[{"id":1,"n":"x"},{"id":2,"t":["p","q"]}],"s":"text","e":{}}"#;

fuzz_target!(|text: &str| {
    if text.len() > 200 {
        return;
    }
    let Ok(path) = JsonPath::compile(text) else { return };
    let value: serde_json::Value = serde_json::from_str(VALUE).expect("JSON");
    let _ = path.find(&value);
    let mut changed = value.clone();
    if let Ok(places) = path.locate(&value)
        && path.set(&mut changed, &serde_json::Value::Bool(false)).is_ok()
    {
        assert!(!places.is_empty());
    }
    let _ = path.delete(&mut changed);
});
