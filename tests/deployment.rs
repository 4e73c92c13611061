//! Artifacts come, change, go and are faulty while requests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mi_e2e::{Builder, client, eventually};

fn api(name: &str, text: &str) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='{name}' context='/{name}'><resource methods='GET'><inSequence>\
         <payloadFactory media-type='text'><format>{text}</format></payloadFactory><respond/></inSequence></resource></api>"
    )
}

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn an_artifact_is_added_changed_and_removed() {
    let server = Builder::new().artifact("api/a.xml", &api("a", "one")).start();
    assert_eq!(server.get("/a").body, "one");
    server.deploy("api/b.xml", &api("b", "new"));
    assert!(eventually(PATIENCE, || server.get("/b").body == "new"));
    server.expect_log("API named 'b' has been deployed from file : ");
    server.deploy("api/a.xml", &api("a", "two, which is longer"));
    assert!(eventually(PATIENCE, || server.get("/a").body == "two, which is longer"));
    server.expect_log("API: a has been updated from the file: ");
    server.undeploy("api/b.xml");
    assert!(eventually(PATIENCE, || server.get("/b").status == 404));
    server.expect_log("API named 'b' has been undeployed");
}

#[test]
fn a_faulty_change_is_reported_with_its_place_and_the_old_version_stays() {
    let server = Builder::new().artifact("api/a.xml", &api("a", "one")).start();
    server.deploy("api/a.xml", &api("a", "two").replace("<respond/>", "\n  <respnod/>"));
    server.expect_log("api/a.xml:2:3: Unknown mediator referenced by configuration element : {http://ws.apache.org/ns/synapse}respnod (did you mean 'respond'?)");
    server.expect_log("The version before it stays live.");
    assert_eq!(server.get("/a").body, "one");
    server.deploy("api/a.xml", &api("a", "three, mended"));
    assert!(eventually(PATIENCE, || server.get("/a").body == "three, mended"));
}

#[test]
fn references_that_lead_nowhere_are_named() {
    let text = api("a", "x").replace("<respond/>", "<sequence key='later'/><respond/>");
    let server = Builder::new().artifact("api/a.xml", &text).start();
    server.expect_log("refers to the sequence 'later', which is not deployed");
    assert_eq!(server.get("/a").status, 202, "the default fault sequence drops the message");
    let sequence = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='later'><log/></sequence>";
    server.deploy("sequences/later.xml", "");
    server.deploy("sequences/later.xml", sequence);
    assert!(eventually(PATIENCE, || server.get("/a").body == "x"));
}

#[test]
fn not_one_request_fails_while_artifacts_change() {
    let server = Builder::new().artifact("api/a.xml", &api("a", "steady")).start();
    let url = format!("http://127.0.0.1:{}/a", server.port());
    let (stop, served, failed) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let (url, stop, served, failed) = (url.clone(), stop.clone(), served.clone(), failed.clone());
            std::thread::spawn(move || {
                let client = client();
                while !stop.load(Ordering::Relaxed) {
                    let body =
                        client.get(&url).call().ok().and_then(|mut answer| answer.body_mut().read_to_string().ok());
                    let good = body.is_some_and(|body| body.starts_with("steady"));
                    (if good { &served } else { &failed }).fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..6 {
        let live = format!("steady {}", "x".repeat(round + 1));
        server.deploy("api/a.xml", &api("a", &live));
        server.deploy(&format!("api/n{round}.xml"), &api(&format!("n{round}"), "n"));
        assert!(eventually(PATIENCE, || server.get("/a").body == live));
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("no panic");
    }
    assert_eq!(failed.load(Ordering::Relaxed), 0);
    assert!(served.load(Ordering::Relaxed) > 100, "{served:?} requests were served");
}
