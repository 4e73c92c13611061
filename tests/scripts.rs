//! Scripts in a running server: they cannot hold up others, and their resources may change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mi_e2e::{Builder, eventually};

const JSON: &str = "application/json";

fn api(name: &str, inside: &str) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='{name}' context='/{name}'><resource methods='POST'>\
         <inSequence>{inside}<respond/></inSequence></resource></api>"
    )
}

#[test]
fn scripts_that_never_end_hold_up_nobody_and_end_as_faults() {
    let quick = "<script language='js'>mc.setPayloadJSON({n: mc.getPayloadJSON().n + 1});</script>";
    let server = Builder::new()
        .toml("[mediation.script]\ntime_limit = 4000\n")
        .artifact("api/loop.xml", &api("loop", "<script language='js'>for (;;) {}</script>"))
        .artifact("api/quick.xml", &api("quick", quick))
        .start();
    let ended = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let answer = server.request("POST", "/loop", JSON, "{}");
                ended.fetch_add(1, Ordering::SeqCst);
                assert_ne!(answer.status, 200);
            });
        }
        for n in 0..200 {
            let answer = server.request("POST", "/quick", JSON, &format!("{{\"n\":{n}}}"));
            assert_eq!(answer.body, format!("{{\"n\":{}}}", n + 1));
        }
        assert_eq!(ended.load(Ordering::SeqCst), 0, "the quick ones are done before the endless ones are stopped");
    });
    server.expect_log("it has run for 4000 ms and may not run longer");
}

#[test]
fn a_script_in_the_registry_may_change() {
    let path = "registry/config/scripts/greet.js";
    let server = Builder::new()
        .file(path, "function greet(mc) { mc.setPayloadJSON({hello: mc.getPayloadJSON().name}) }")
        .toml("[mediation.script]\nmemory_limit = 16\n")
        .artifact(
            "api/greet.xml",
            &api("greet", "<script language='js' key='conf:/scripts/greet.js' function='greet'/>"),
        )
        .start();
    let body = || server.request("POST", "/greet", JSON, r#"{"name":"Ann"}"#).body;
    assert_eq!(body(), r#"{"hello":"Ann"}"#);
    let new = "function greet(mc) { var all = []; for (;;) all.push('x'.repeat(9999)) }";
    std::fs::write(server.home().join(path), new).expect("writable");
    assert!(eventually(Duration::from_secs(40), || body() != r#"{"hello":"Ann"}"#), "the change is not noticed");
    server.expect_log("it needs more than 16 MiB of memory");
}
