//! Finding one value in JSON text without building the rest of it.
//!
//! Content-based routing looks at one field of a message that then passes on unchanged. Making a tree of a message of
//! 10 kB, and taking it down again, costs five times what passing over its text does.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::ast::Step;
use super::{Found, JsonPath, Reached};

impl JsonPath {
    /// Whether the path is one that [`JsonPath::find_in_text`] can follow: names and indices from the beginning alone, at
    /// least one of them.
    pub fn is_plain(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(is_plain)
    }

    /// The value that a [plain](JsonPath::is_plain) path leads to in a JSON text. `None` when the path is not plain, leads
    /// nowhere, or the text is not strict JSON: [`JsonPath::find`] on the parsed text then says what there is to say.
    pub fn find_in_text(&self, text: &[u8]) -> Option<Found<'static>> {
        if !self.is_plain() {
            return None;
        }
        let reached = match self.steps.last()? {
            Step::Property(_) => Reached::Property,
            _ => Reached::Index,
        };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let found = Lookup(&self.steps).deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        found.map(|value| Found::One(std::borrow::Cow::Owned(value), reached))
    }
}

/// The step leads from one value to at most one other, which is known without looking at its siblings.
fn is_plain(step: &Step) -> bool {
    match step {
        Step::Property(names) => names.len() == 1,
        Step::Index(indices) => matches!(indices.as_slice(), [index] if *index >= 0),
        _ => false,
    }
}

/// Reads a whole value, and gives what the steps lead to in it.
#[derive(Clone, Copy)]
struct Lookup<'p>(&'p [Step]);

impl<'de> DeserializeSeed<'de> for Lookup<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return serde::Deserialize::deserialize(reader).map(Some);
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Lookup<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (wanted, rest) = match self.0 {
            [Step::Property(names), rest @ ..] => (names.first(), rest),
            _ => (None, self.0),
        };
        let mut found = None;
        while let Some(wanted_one) = members.next_key_seed(Is(wanted))? {
            if wanted_one {
                // Of members with the same name the last one counts.
                found = members.next_value_seed(Lookup(rest))?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        if let [Step::Index(indices), rest @ ..] = self.0 {
            for _ in 0..indices.first().copied().unwrap_or(0) {
                if items.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = items.next_element_seed(Lookup(rest))?.flatten();
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Reads a name, and tells whether it is this one.
struct Is<'p>(Option<&'p String>);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(self.0.is_some_and(|wanted| wanted == name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: [&str; 10] =
        ["$.a", "$.a.b", "$.a[1]", "$[0].a", "$[2]", "$.b[0][1].a", "$['a b']", "$.a[0].b", "$.c", "$.b.a.b"];

    fn same(path: &str, text: &str) {
        let path = JsonPath::compile(path).expect("a path");
        let value: Value = serde_json::from_str(text).expect("JSON");
        let parsed = path.find(&value).ok();
        assert_eq!(path.find_in_text(text.as_bytes()), parsed, "{path:?} in {text}");
    }

    #[test]
    fn finds_what_the_tree_has() {
        for text in [
            r#"{"a":1,"b":{"a":{"b":null}},"a b":"x\u00e9\n"}"#,
            r#"{"a":{"b":1},"a":{"b":2}}"#,
            r#"{"a":{"b":1},"a":3}"#,
            r#"{"a":[{"b":1.50},2,[3]],"b":[[0,{"a":"y"}]]}"#,
            r#"[{"a":12345678901234567890123},1e400,true]"#,
            "3",
            "\"a\"",
            " [ ] ",
        ] {
            for path in PATHS {
                same(path, text);
            }
        }
    }

    #[test]
    fn leaves_the_rest_to_the_tree() {
        for (path, text) in [
            ("$.a", "{'a':1}"),
            ("$.a", r#"{"a":1"#),
            ("$.a", r#"{"a":1} x"#),
            ("$.a", r#"{"a":1,"b":[1,]}"#),
            ("$", r#"{"a":1}"#),
            ("$..a", r#"{"a":1}"#),
            ("$[-1]", "[1]"),
            ("$['a','b']", r#"{"a":1,"b":2}"#),
        ] {
            assert_eq!(JsonPath::compile(path).expect("a path").find_in_text(text.as_bytes()), None, "{path} {text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\é]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("a|b|c|a b", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_tree(value in json(), path in prop::sample::select(&PATHS[..])) {
            same(path, &value.to_string());
        }
    }
}
