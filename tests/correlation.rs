//! The correlation log: one id for a request, the calls that are made for it, and the answer.

use std::time::Duration;

use mi_e2e::{Backend, Builder, Server, eventually};

fn api(back_end: u16) -> String {
    format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='C' context='/c'><resource methods='GET POST' url-mapping='/*'>\
         <inSequence><property name='REST_URL_POSTFIX' scope='axis2' action='remove'/>\
         <call><endpoint><address uri='http://127.0.0.1:{back_end}/x?y=1'/></endpoint></call><respond/></inSequence>\
         </resource></api>"
    )
}

/// The lines of the log without their times, cut at their bars.
fn lines(server: &Server) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(server.home().join("logs/correlation.log")).unwrap_or_default();
    let cut = |line: &str| line.split('|').skip(1).map(str::to_owned).collect();
    text.lines().map(cut).collect()
}

/// Waits for the last line about a request.
fn lines_at_its_end(server: &Server, count: usize) -> Vec<Vec<String>> {
    let all = || lines(server).len() >= count;
    assert!(eventually(Duration::from_secs(10), all), "{:?}\n{}", lines(server), server.log());
    lines(server)
}

#[test]
fn a_request_and_its_call_are_logged_under_one_id() {
    let back_end = Backend::echo();
    let property = "enableCorrelationLogs=true";
    let server = Builder::new().property(property).artifact("api/C.xml", &api(back_end.port())).start();
    assert_eq!(server.request("POST", "/c/a?b=c", "text/plain", "x").status, 200);
    let lines = lines_at_its_end(&server, 3);
    let id = back_end.received().first().and_then(|request| request.header("activityid")).map(str::to_owned);
    let [accepted, called, answered] = lines.as_slice() else { panic!("{lines:?}") };
    for line in &lines {
        assert_eq!(line.first(), id.as_ref(), "{line:?}");
        assert!(line[2].parse::<u32>().is_ok(), "{line:?}");
    }
    assert!(accepted[1].starts_with("PassThroughMessageProcessor-"));
    assert_eq!(accepted[3..], ["Thread switch latency"]);
    assert!(called[1].starts_with("HTTP-Sender I/O dispatcher-"));
    let url = format!("http://127.0.0.1:{}/x?y=1", back_end.port());
    assert_eq!(called[3..], ["HTTP", &url, "BACKEND LATENCY"]);
    assert!(answered[1].starts_with("HTTP-Listener I/O dispatcher-"));
    assert!(answered[4].starts_with("http-incoming-"), "{answered:?}");
    assert_eq!(
        (&*answered[3], &answered[5..]),
        ("HTTP", &["POST", "/c/a?b=c", "ROUND-TRIP LATENCY "].map(str::to_owned)[..])
    );
    assert!(!server.log().contains("ROUND-TRIP"), "they are in their own file only");
}

#[test]
fn the_management_api_switches_the_log_and_clients_choose_ids() {
    // Nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let silent = "<api xmlns='http://ws.apache.org/ns/synapse' name='S' context='/s'><resource methods='GET'><inSequence>\
                  <respond/></inSequence></resource></api>";
    let server = Builder::new().artifact("api/C.xml", &api(nobody.port())).artifact("api/S.xml", silent).start();
    let ask = |path: &str, id: &str| {
        let url = format!("http://127.0.0.1:{}{path}", server.port());
        mi_e2e::client().get(url).header("activityid", id).call().expect("an answer")
    };
    ask("/s", "before");
    let switch = |on: &str| {
        let body = format!(r#"{{"configName":"correlation","configs":{{"enabled":{on}}}}}"#);
        assert_eq!(server.management("PUT", "/configs", &body).0, 200);
        let shown = server.management("GET", "/configs?configName=correlation", "").1;
        assert_eq!(shown["configs"]["enabled"].to_string(), on);
    };
    switch("true");
    ask("/c", "mine");
    let lines = lines_at_its_end(&server, 3);
    assert!(lines.iter().all(|line| line[0] == "mine"), "{lines:?}");
    let url = format!("http://127.0.0.1:{}/x?y=1", nobody.port());
    assert_eq!(lines[1][3..], ["HTTP", "", "GET", &url, "IO Exception in REQUEST_READY"]);
    switch("false");
    ask("/s", "after");
    switch("true");
    ask("/s", "last");
    let lines = lines_at_its_end(&server, 5);
    assert!(lines[3..].iter().all(|line| line[0] == "last"), "{lines:?}");
}
