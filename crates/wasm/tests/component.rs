//! A component that does what it is told (`guest`), good and bad.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mi_wasm::{Component, Limits, Message, WasmError};

/// A message that is only texts.
#[derive(Default)]
struct Note {
    property: Option<String>,
    changes: Vec<String>,
}

impl Message for Note {
    fn property(&mut self, scope: &str, name: &str) -> Option<String> {
        self.changes.push(format!("get {scope}:{name}"));
        self.property.clone()
    }
    fn set_property(&mut self, scope: &str, name: &str, value: &str) {
        self.changes.push(format!("{scope}:{name}={value}"));
    }
    fn remove_property(&mut self, scope: &str, name: &str) {
        self.changes.push(format!("remove {scope}:{name}"));
    }
    fn variable(&mut self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
    fn set_variable(&mut self, name: &str, value: &str) {
        self.changes.push(format!("vars.{name}={value}"));
    }
    fn payload_json(&mut self) -> Result<String, String> {
        Ok("{}".to_owned())
    }
    fn payload_xml(&mut self) -> Result<String, String> {
        Err("no XML".to_owned())
    }
    fn payload_text(&mut self) -> String {
        "text".to_owned()
    }
    fn set_payload_json(&mut self, json: &str) -> Result<(), String> {
        Err(format!("not JSON: {json}"))
    }
    fn set_payload_xml(&mut self, xml: &str) -> Result<(), String> {
        self.changes.push(xml.to_owned());
        Ok(())
    }
    fn set_payload_text(&mut self, text: &str) {
        self.changes.push(text.to_owned());
    }
    fn log(&mut self, level: &str, text: &str) {
        self.changes.push(format!("{level} {text}"));
    }
}

static GUEST: LazyLock<Component<Note>> =
    LazyLock::new(|| Component::compile(include_bytes!("guest.wasm")).expect("a component for mediators"));

async fn ask(what: &str, limits: Limits) -> (Vec<String>, Result<bool, WasmError>) {
    let note = Note { property: Some("in".to_owned()), ..Note::default() };
    let (note, result) = GUEST.mediate(note, &[("do".to_owned(), what.to_owned())], limits).await;
    (note.changes, result)
}

#[tokio::test]
async fn it_reads_and_writes_the_message() {
    let (changes, result) = ask("everything", Limits::default()).await;
    assert_eq!(result, Ok(true));
    let expected =
        ["get default:in", "transport:X-Out=in!", "remove default:in", "vars.w=v?", "info at work", "<json>{}</json>"];
    assert_eq!(changes, expected);
    let (changes, _) = ask("text", Limits::default()).await;
    assert_eq!(changes, ["text Err(\"no XML\")"]);
}

#[tokio::test]
async fn it_stops_the_flow_or_fails() {
    assert_eq!(ask("stop", Limits::default()).await.1, Ok(false));
    assert_eq!(ask("fail", Limits::default()).await.1, Err(WasmError::Failed("it says so".to_owned())));
    assert_eq!(ask("broken json", Limits::default()).await.1, Err(WasmError::Failed("not JSON: {".to_owned())));
    assert!(matches!(ask("panic", Limits::default()).await.1, Err(WasmError::Broken(_))));
}

#[tokio::test]
async fn a_loop_is_stopped_and_gives_way_meanwhile() {
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let began = Instant::now();
    // Both on one thread: the second runs although the first never ends.
    let looping = async {
        let result = ask("loop", limits).await.1;
        (result, began.elapsed())
    };
    let quick = async {
        let result = ask("stop", Limits::default()).await.1;
        (result, began.elapsed())
    };
    let ((looped, ended), (stopped, done)) = tokio::join!(looping, quick);
    assert_eq!((looped, stopped), (Err(WasmError::Time(limits.time)), Ok(false)));
    assert!(done < ended, "{done:?} {ended:?}");
}

#[tokio::test]
async fn memory_is_bounded() {
    let limits = Limits { memory: 8 << 20, ..Limits::default() };
    assert!(matches!(ask("eat", limits).await.1, Err(WasmError::Broken(_))));
}

#[tokio::test]
async fn nothing_is_kept_and_no_file_is_there() {
    for _ in 0..2 {
        assert_eq!(ask("count", Limits::default()).await.0, ["default:calls=1"]);
    }
    let (changes, result) = ask("file", Limits::default()).await;
    assert_eq!(result, Ok(true));
    assert!(changes.iter().any(|change| change.starts_with("default:error=")), "{changes:?}");
}

#[test]
fn other_bytes_are_refused() {
    for bytes in [&b"no wasm"[..], b"\0asm\x01\0\0\0", b"", b"\0asm\x0d\0\x01\0"] {
        assert!(matches!(Component::<Note>::compile(bytes), Err(WasmError::Component(_))), "{bytes:?}");
    }
}

/// How long a call takes (`cargo test -p mi-wasm --release -- --ignored --nocapture`).
#[tokio::test]
#[ignore = "a measurement"]
async fn time_of_a_call() {
    for what in ["stop", "everything"] {
        let began = Instant::now();
        for _ in 0..2_000 {
            ask(what, Limits::default()).await.1.expect("it works");
        }
        println!("{what}: {:?} a call", began.elapsed() / 2_000);
    }
}
