use proptest::prelude::*;
use serde_json::json;

use super::*;

fn store() -> Value {
    json!({
        "name": "shop", "empty": [], "nul": null, "n": 1,
        "list": [
            {"id": 1, "n": "x", "p": 5, "tags": ["a", "b"]},
            {"id": 2, "n": "y", "p": 15, "in": {"id": 7}},
            {"id": 3, "n": "x"}
        ],
        "arr": [1, 2, 3], "a b": {"c.d": true}, "map": {"x": 1, "y": 2}
    })
}

fn find(path: &str) -> Result<Value, PathFault> {
    JsonPath::compile(path).expect(path).find(&store()).map(Found::into_json)
}

#[test]
fn paths_and_their_values() {
    for (path, expected) in [
        ("$.name", json!("shop")),
        ("name", json!("shop")),
        ("$['name']", json!("shop")),
        ("$.list[0].id", json!(1)),
        ("$.list[-1].id", json!(3)),
        ("list[1]['in'].id", json!(7)),
        ("$.list[*].id", json!([1, 2, 3])),
        ("$..id", json!([1, 2, 7, 3])),
        ("$..zz", json!([])),
        ("$.list[0,2].id", json!([1, 3])),
        ("$.list[1:].id", json!([2, 3])),
        ("$.list[:-1].id", json!([1, 2])),
        ("$.list[-1:].id", json!([3])),
        ("$.arr[0:9]", json!([1, 2, 3])),
        ("$.arr[2:1]", json!([])),
        ("$['a b']['c.d']", json!(true)),
        ("$.map['x','y']", json!({"x": 1, "y": 2})),
        ("$.map['x','z']", json!({"x": 1})),
        ("$['map','list']['x']", json!([1])),
        ("$.map.*", json!([1, 2])),
        ("$.map[*]", json!([1, 2])),
        ("$.nul", json!(null)),
        ("$.list[*].in.id", json!([7])),
        ("$.list[*].zz", json!([])),
        ("$.list[9:]", json!([])),
        ("$.list[0,9].id", json!([1])),
        ("$..tags[0]", json!(["a"])),
        ("$..list[0].id", json!([1])),
        ("$.list..id", json!([1, 2, 7, 3])),
        ("$.list[?(@.p)].id", json!([1, 2])),
        ("$.list[?(!@.p)].id", json!([3])),
        ("$.list[?(@.p > 5)].id", json!([2])),
        ("$.list[?(@.p>=5 && @.n=='x')].id", json!([1])),
        ("$.list[?(@.id == 3 || (@.n == 'y' && @.p != 1))].id", json!([2, 3])),
        ("$.list[?(@.id == '1')].id", json!([1])),
        ("$.list[?('1' == @.id)].id", json!([1])),
        ("$.list[?(@.id === '1')].id", json!([])),
        ("$.list[?(@.n in ['x', 'z'])].id", json!([1, 3])),
        ("$.list[?(@.n nin ['x'])].id", json!([2])),
        ("$.list[?(@.n =~ /X/i)].id", json!([1, 3])),
        ("$.list[?(@.n =~ /.+y/)].id", json!([])),
        ("$.list[?(@.tags size 2)].id", json!([1])),
        ("$.list[?(@.tags subsetof ['a','b','c'])].id", json!([1])),
        ("$.list[?(@.tags anyof ['b'])].id", json!([1])),
        ("$.list[?(@.tags noneof ['z'])].id", json!([1])),
        ("$.list[?(@.tags empty false)].id", json!([1])),
        ("$.list[?(@.tags contains 'a')].id", json!([1])),
        ("$.list[?(@.id == $.n)].n", json!(["x"])),
        ("$.list[?(@.zz == null)].id", json!([])),
        ("$.list[?(@.zz != null)].id", json!([1, 2, 3])),
        ("$.list[?(@.in.id < 8)].id", json!([2])),
        ("$.list[?(@.n > 'x')].id", json!([2])),
        ("$.list[?(@.n == 'x')][0]", json!([])),
        ("$.list[?(@['n'] == \"y\")]['id']", json!([2])),
        ("$.arr[?(@ > 1)]", json!([2, 3])),
        ("$.map[?(@.x == 1)].y", json!([2])),
        ("$..[?(@.id > 2)].id", json!([7, 3])),
        ("$.list.length()", json!(3)),
        ("$.list.size()", json!(3)),
        ("$.arr.sum()", json!(6.0)),
        ("$.arr.min()", json!(1.0)),
        ("$.arr.max()", json!(3.0)),
        ("$.arr.avg()", json!(2.0)),
        ("$.map.keys()", json!(["x", "y"])),
        ("$.arr.first()", json!(1)),
        ("$.arr.last()", json!(3)),
        ("$.arr.index(1)", json!(2)),
        ("$.arr.append(4)", json!([1, 2, 3, 4])),
        ("$.concat('a', $.name, 1)", json!("ashop1")),
        ("$..id.length()", json!(4)),
        ("$..p.sum()", json!(20.0)),
        ("$", store()),
    ] {
        assert_eq!(find(path).expect(path), expected, "{path}");
    }
}

#[test]
fn what_is_not_there() {
    for (path, message) in [
        ("$.zz", "No results for path: $['zz']"),
        ("$.zz.a", "Missing property in path $['zz']"),
        ("$.map.zz", "No results for path: $['map']['zz']"),
        ("$.arr[7]", "No results for path: $['arr'][7]"),
        ("$.zz[*].a", "Missing property in path $['zz']"),
        ("$.nul[0]", "The path $['nul'] is null"),
        ("$.map[0]", "Filter: [0] can only be applied to arrays. Current context is: {\"x\":1,\"y\":2}"),
    ] {
        assert_eq!(find(path), Err(PathFault::NotFound(message.to_owned())), "{path}");
    }
    assert!(
        matches!(find("$.list.id"), Err(PathFault::NotFound(message)) if message.starts_with("Expected to find an object with property ['id'] in path $['list']"))
    );
    assert!(matches!(find("$.empty.sum()"), Err(PathFault::Invalid(_))));
    assert!(matches!(find("$.n[?(@.x)]"), Err(PathFault::Invalid(_))));
}

#[test]
fn what_is_no_path() {
    for (text, column) in [
        ("", 1),
        ("$.", 3),
        ("$.a[", 5),
        ("$.a[b]", 5),
        ("$.a['b", 5),
        ("$a", 2),
        ("$.a b", 4),
        ("$.a[?(@.x ==)]", 13),
        ("$.a[?(@.x and @.y)]", 11),
        ("$.a[?(@.x]", 10),
        ("$.a.nope()", 5),
        ("$.a.length().b", 13),
        ("$.a[(@.length-1)]", 5),
        ("$.a[1", 6),
        ("$...a", 4),
    ] {
        let error = JsonPath::compile(text).expect_err(text);
        assert_eq!(error.column, column, "{text}: {error}");
    }
    assert!(JsonPath::compile(&format!("${}", ".a".repeat(10_000))).is_err());
    let deep = format!("$[?({}@.a{})]", "(".repeat(5_000), ")".repeat(5_000));
    assert!(JsonPath::compile(&deep).is_err());
}

#[test]
fn changes() {
    let path = |text: &str| JsonPath::compile(text).expect(text);
    let mut value = json!({"a": {"b": 1, "c": 2}, "l": [1, 2, 3, 4]});
    assert_eq!(path("$.a.b").set(&mut value, &json!("x")), Ok(1));
    assert_eq!(path("$.l[?(@ > 2)]").delete(&mut value), Ok(2));
    assert_eq!(path("$.a").rename(&mut value, "b", "z"), Ok(1));
    assert_eq!(value.to_string(), r#"{"a":{"z":"x","c":2},"l":[1,2]}"#);
    assert_eq!(path("$.a.new").set(&mut value, &json!(1)), Err(PathFault::NothingMatched));
    assert_eq!(path("$.l[9]").set(&mut value, &json!(1)), Err(PathFault::NothingMatched));
    assert!(matches!(path("$.no.new").set(&mut value, &json!(1)), Err(PathFault::NotFound(_))));
    assert!(matches!(path("$.no").delete(&mut value), Err(PathFault::NotFound(_))));
    assert_eq!(path("$.l[?(@ > 9)]").delete(&mut value), Ok(0));
    assert_eq!(path("$..c").delete(&mut value), Ok(1));
    assert!(path("$.a").rename(&mut value, "none", "z").is_err());
    let whole = path("$.a.z");
    let (parent, key) = whole.split_last_key().expect("a key");
    assert_eq!((parent.text(), key), ("$['a']", "z"));
    assert!(path("$.l[0]").split_last_key().is_none());
    assert_eq!(value.to_string(), r#"{"a":{"z":"x"},"l":[1,2]}"#);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), "[a-z'\\\\.]{0,4}".prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z '\\\\.$]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The path to a place, in brackets.
fn path_to(place: &[Segment]) -> String {
    place.iter().fold("$".to_owned(), |path, segment| match segment {
        Segment::Key(key) => format!("{path}['{}']", key.replace('\\', "\\\\").replace('\'', "\\'")),
        Segment::Index(index) => format!("{path}[{index}]"),
    })
}

proptest! {
    #[test]
    fn every_place_is_found_by_its_path(value in any_json()) {
        let everything = JsonPath::compile("$..*").expect("a path");
        let places = everything.locate(&value).expect("indefinite paths do not fail");
        let Ok(Found::Many(values)) = everything.find(&value) else { panic!("indefinite paths give lists") };
        prop_assert_eq!(places.len(), values.len());
        for (place, expected) in places.iter().zip(values) {
            let text = path_to(place);
            let path = JsonPath::compile(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            prop_assert_eq!(path.find(&value).map(Found::into_json), Ok(expected.into_owned()));
            prop_assert_eq!(path.locate(&value), Ok(vec![place.clone()]));
            let mut changed = value.clone();
            prop_assert_eq!(path.set(&mut changed, &json!("new")), Ok(1));
            prop_assert_eq!(path.find(&changed).map(Found::into_json), Ok(json!("new")));
            prop_assert_eq!(path.delete(&mut changed), Ok(1));
        }
    }

    #[test]
    fn any_text_is_a_path_or_not(text in "[$@.\\[\\]?()'a-c0-2:,*=<>!&| -]{0,24}") {
        if let Ok(path) = JsonPath::compile(&text) {
            let _ = path.find(&store());
            prop_assert!(path.locate(&store()).is_ok() || path.is_definite() || path.find(&store()).is_err());
        }
    }
}
