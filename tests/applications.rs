//! Composite applications (CAR files) come, change, are faulty and go.

use std::io::Write as _;
use std::time::Duration;

use mi_e2e::{Builder, Server, eventually};

const PATIENCE: Duration = Duration::from_secs(10);

/// One artifact of an application: name, type, server role, and its files; the first is the one that it names.
type Part<'a> = (&'a str, &'a str, &'a str, Vec<(&'a str, String)>);

fn car(name: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut add = |path: &str, text: &str| {
        zip.start_file(path, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(text.as_bytes()).expect("in memory");
    };
    let mut dependencies = String::new();
    for (part, kind, role, files) in parts {
        dependencies += &format!("<dependency artifact='{part}' version='1.0.0' include='true' serverRole='{role}'/>");
        let text = format!(
            "<artifact name='{part}' version='1.0.0' type='{kind}' serverRole='{role}'><file>{}</file></artifact>",
            files[0].0
        );
        add(&format!("{part}_1.0.0/artifact.xml"), &text);
        for (file, text) in files {
            add(&format!("{part}_1.0.0/{file}"), text);
        }
    }
    let list = format!(
        "<artifacts><artifact name='{name}' version='1.0.0' type='carbon/application'>{dependencies}</artifact></artifacts>"
    );
    add("artifacts.xml", &list);
    zip.finish().expect("an archive").into_inner()
}

fn api(text: &str) -> Vec<(&'static str, String)> {
    let text = format!(
        "<api xmlns='http://ws.apache.org/ns/synapse' name='Hello' context='/hello'><resource methods='GET'><inSequence>\
         {text}<respond/></inSequence></resource></api>"
    );
    vec![("Hello-1.0.0.xml", text)]
}

fn says(text: &str) -> String {
    format!("<payloadFactory media-type='text'><format>{text}</format></payloadFactory>")
}

fn put(server: &Server, bytes: &[u8]) {
    let folder = server.home().join("deployment/server/carbonapps");
    std::fs::create_dir_all(&folder).expect("writable");
    std::fs::write(folder.join(".part"), bytes).expect("writable");
    std::fs::rename(folder.join(".part"), folder.join("Hello_1.0.0.car")).expect("writable");
}

const ESB: &str = "EnterpriseServiceBus";

#[test]
fn an_application_comes_changes_and_goes() {
    let server = Builder::new().start();
    put(&server, &car("HelloApp", &[("Hello", "synapse/api", ESB, api(&says("one")))]));
    server.expect_log("Successfully Deployed Carbon Application : HelloApp_1.0.0{super-tenant}");
    assert!(eventually(PATIENCE, || server.get("/hello").body == "one"));
    put(&server, &car("HelloApp", &[("Hello", "synapse/api", ESB, api(&says("two, longer")))]));
    assert!(eventually(PATIENCE, || server.get("/hello").body == "two, longer"));
    std::fs::remove_file(server.home().join("deployment/server/carbonapps/Hello_1.0.0.car")).expect("there");
    server.expect_log("Successfully undeployed Carbon Application : HelloApp_1.0.0{super-tenant}");
    assert!(eventually(PATIENCE, || server.get("/hello").status == 404));
}

#[test]
fn an_inbound_endpoint_comes_with_its_application_and_takes_its_port_from_the_configuration() {
    let port = mi_testkit::free_port().expect("a free port");
    let server = Builder::new().property(&format!("inbound_port={port}")).start();
    let endpoint = "<inboundEndpoint xmlns='http://ws.apache.org/ns/synapse' name='In' protocol='http' sequence='s'>\
                    <parameters><parameter name='inbound.http.port'>${configs.inbound_port}</parameter></parameters>\
                    </inboundEndpoint>";
    let sequence = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='s'><respond/></sequence>";
    let parts = [
        ("In", "synapse/inbound-endpoint", ESB, vec![("In-1.0.0.xml", endpoint.to_owned())]),
        ("s", "synapse/sequence", ESB, vec![("s-1.0.0.xml", sequence.to_owned())]),
        ("config", "config/property", ESB, vec![("config.properties", "inbound_port:integer".to_owned())]),
    ];
    put(&server, &car("HelloApp", &parts));
    server.expect_log("Successfully Deployed Carbon Application : HelloApp_1.0.0{super-tenant}");
    let open = || mi_e2e::client().get(format!("http://127.0.0.1:{port}/")).call().is_ok();
    assert!(eventually(PATIENCE, open), "{}", server.log());
    std::fs::remove_file(server.home().join("deployment/server/carbonapps/Hello_1.0.0.car")).expect("there");
    assert!(eventually(PATIENCE, || !open()), "{}", server.log());
}

#[test]
fn a_faulty_application_deploys_nothing_and_says_where() {
    let sequence = "<sequence xmlns='http://ws.apache.org/ns/synapse' name='s'>\n  <lgo/></sequence>".to_owned();
    let parts = [
        ("Hello", "synapse/api", ESB, api(&says("half"))),
        ("s", "synapse/sequence", ESB, vec![("s-1.0.0.xml", sequence)]),
    ];
    let server = Builder::new().start();
    put(&server, &car("HelloApp", &parts));
    server.expect_log("Error occurred while deploying the Carbon application: Hello_1.0.0.car.");
    server.expect_log("Hello_1.0.0.car!s_1.0.0/s-1.0.0.xml:2:3: Unknown mediator");
    assert_eq!(server.get("/hello").status, 404);
    let (status, body) = server.healthz();
    assert_eq!(status, 500);
    assert!(body.contains(r#""Faulty CAPPs":["Hello_1.0.0.car"]"#), "{body}");
    put(&server, b"no archive");
    server.expect_log("The file is not a zip archive");
    put(&server, &car("HelloApp", &[("Hello", "synapse/api", ESB, api(&says("whole")))]));
    assert!(eventually(PATIENCE, || server.healthz().0 == 200));
}

#[test]
fn it_brings_resources_and_leaves_out_what_is_for_other_servers() {
    let info = "<resources><item><file>greeting.txt</file><path>/_system/governance/texts</path>\
                <mediaType>text/plain</mediaType></item></resources>";
    let resource = vec![("registry-info.xml", info.to_owned()), ("resources/greeting.txt", "good day".to_owned())];
    let greeting = "<property name='t' expression=\"get-property('registry', 'gov:texts/greeting.txt')\"/>\
                    <payloadFactory media-type='text'><format>$1</format><args><arg expression='$ctx:t'/></args>\
                    </payloadFactory>";
    let parts = [
        ("Hello", "synapse/api", ESB, api(greeting)),
        ("texts", "registry/resource", "Enterprise.*", resource),
        ("gone", "synapse/sequence", "GovernanceRegistry", vec![("gone-1.0.0.xml", "not XML".to_owned())]),
    ];
    let server = Builder::new().start();
    put(&server, &car("HelloApp", &parts));
    server.expect_log("Successfully Deployed Carbon Application : HelloApp_1.0.0{super-tenant}");
    assert!(eventually(PATIENCE, || server.get("/hello").body == "good day"), "{}", server.log());
}

#[test]
fn data_services_come_in_applications() {
    let server = Builder::new().start();
    let database = server.home().join("car.db");
    let text = format!(
        "<data name='Numbers'><config id='db'><property name='url'>jdbc:sqlite:{}</property></config>\
         <query id='one' useConfig='db'><sql>SELECT 1 AS n</sql><result element='numbers'>\
         <element name='n' column='n' xsdType='integer'/></result></query>\
         <resource method='GET' path='one'><call-query href='one'/></resource></data>",
        database.display()
    );
    put(
        &server,
        &car(
            "HelloApp",
            &[("Numbers", "service/dataservice", "DataServicesServer", vec![("Numbers-1.0.0.dbs", text)])],
        ),
    );
    server.expect_log("Successfully Deployed Carbon Application : HelloApp_1.0.0");
    let answer = server.send("GET", "/services/Numbers/one", &[("Accept", "application/json")], "");
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"numbers":{"n":1}}"#), "{}", server.log());
}
