//! Connectors: a library of our own comes as a zip or in an application, is imported, called, switched off and gone.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use mi_e2e::{Builder, Server, binary, eventually};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(10);

const NAMESPACE: &str = "http://ws.apache.org/ns/synapse";
const KEY: &str = "{org.example.connector}greet";
const FILE: &str = "greet-connector-1.0.0.zip";

const DESCRIPTOR: &str = "<connector><component name='greet' package='org.example.connector'>\n\
    <dependency component='config'/><dependency component='operations'/>\n\
    <description>Greets people</description></component></connector>";

const INIT: &str = "<parameter name='language'/>\
    <sequence><property name='language' expression='$func:language'/><property name='entry' expression='$func:INIT_CONFIG_KEY'/></sequence>";

const SHOUT: &str = "<sequence><class name='org.example.connector.Shout'/></sequence>";

/// `hello` answers with this word in front.
fn hello(word: &str) -> String {
    format!(
        "<parameter name='name' isMandatory='true'/><parameter name='mark' defaultValue='!'/>\
         <parameter name='responseVariable'/><parameter name='overwriteBody'/>\
         <sequence><payloadFactory media-type='json'><format>{{\"text\": \"{word} $1$2\", \"language\": \"$3\", \"entry\": \"$4\"}}</format>\
         <args><arg expression='$func:name'/><arg expression='$func:mark'/><arg expression='$ctx:language'/>\
         <arg expression='$ctx:entry'/></args></payloadFactory></sequence>"
    )
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(*path, zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("in memory");
    }
    zip.finish().expect("an archive").into_inner()
}

/// The zip of a connector with `greet.init`, `greet.hello` and `greet.shout`, which is Java.
fn connector(hello: &str) -> Vec<u8> {
    let group = |name: &str, operations: &[&str]| {
        let components =
            operations.iter().map(|name| format!("<component name='{name}'><file>{name}.xml</file></component>"));
        format!(
            "<component name='{name}' type='synapse/template'><subComponents>{}</subComponents></component>",
            components.collect::<String>()
        )
    };
    let template = |name: &str, text: &str| format!("<template xmlns='{NAMESPACE}' name='{name}'>{text}</template>");
    zip(&[
        ("connector.xml", DESCRIPTOR.as_bytes()),
        ("config/component.xml", group("config", &["init"]).as_bytes()),
        ("config/init.xml", template("init", INIT).as_bytes()),
        ("operations/component.xml", group("operations", &["hello", "shout"]).as_bytes()),
        ("operations/hello.xml", template("hello", hello).as_bytes()),
        ("operations/shout.xml", template("shout", SHOUT).as_bytes()),
        ("lib/greet.jar", b"PK nothing that could be read"),
        ("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0"),
    ])
}

fn import(status: &str) -> String {
    format!("<import xmlns='{NAMESPACE}' name='greet' package='org.example.connector' status='{status}'/>")
}

fn api(name: &str, flow: &str) -> String {
    format!(
        "<api xmlns='{NAMESPACE}' name='{name}' context='/{name}'><resource methods='GET POST'><inSequence>{flow}\n\
         <respond/></inSequence><faultSequence><payloadFactory media-type='text'><format>fault: $1</format>\
         <args><arg expression='$ctx:ERROR_MESSAGE'/></args></payloadFactory><respond/></faultSequence></resource></api>"
    )
}

const CALL: &str = "<property name='who' expression='json-eval($.who)'/>\
    <greet.hello configKey='German'><name>{$ctx:who}</name></greet.hello>";

fn german() -> String {
    format!(
        "<localEntry xmlns='{NAMESPACE}' key='German'><greet.init><language>de</language></greet.init></localEntry>"
    )
}

/// Writes a file beside its place and renames it there.
fn put(server: &Server, folder: &str, name: &str, bytes: &[u8]) {
    let folder = server.home().join("deployment/server").join(folder);
    std::fs::create_dir_all(&folder).expect("writable");
    std::fs::write(folder.join(".part"), bytes).expect("writable");
    std::fs::rename(folder.join(".part"), folder.join(name)).expect("writable");
}

fn says(server: &Server, path: &str, text: &str) {
    let mut last = String::new();
    let said = eventually(PATIENCE, || {
        last = server.request("POST", path, "application/json", r#"{"who":"Ann"}"#).body;
        last.contains(text)
    });
    assert!(said, "{path} says {last:?}, not {text:?}:\n{}", server.log());
}

/// A server with the import, a connection and an API that calls `greet.hello`.
fn server(status: &str) -> Server {
    Builder::new()
        .artifact(&format!("imports/{KEY}.xml"), &import(status))
        .artifact("local-entries/German.xml", &german())
        .artifact("api/hello.xml", &api("hello", CALL))
        .start()
}

#[test]
fn a_library_is_called_changed_switched_off_and_gone() {
    let server = server("enabled");
    says(&server, "/hello", "fault: Sequence template org.example.connector.greet.hello cannot be found");
    put(&server, "synapse-libs", FILE, &connector(&hello("hello")));
    server.expect_log(&format!("Synapse Library named '{KEY}' has been deployed from file : "));
    says(&server, "/hello", r#"{"text": "hello Ann!", "language": "de", "entry": "German"}"#);

    put(&server, "synapse-libs", FILE, &connector(&hello("good day,")));
    says(&server, "/hello", "good day, Ann!");

    let shown = |status: &str| json!({"name": "greet", "package": "org.example.connector", "description": "Greets people", "status": status});
    let list = server.management("GET", "/connectors", "");
    assert_eq!(list, (200, json!({"count": 1, "list": [shown("enabled")]})));
    let off = json!({"name": "greet", "package": "org.example.connector", "status": "disabled"}).to_string();
    let answer = server.management("POST", "/connectors", &off);
    assert_eq!(answer, (200, json!({"Message": "Status updated successfully"})));
    says(&server, "/hello", "fault: Sequence template org.example.connector.greet.hello cannot be found");
    assert_eq!(server.management("GET", "/connectors?connectorName=greet", ""), (200, shown("disabled")));
    assert_eq!(server.management("GET", "/connectors?connectorName=other", "").0, 200);
    assert_eq!(server.management("GET", "/connectors?searchKey=nothing", "").1["count"], 0);
    server.management("POST", "/connectors", &off.replace("disabled", "enabled"));
    says(&server, "/hello", "good day, Ann!");

    std::fs::remove_file(server.home().join("deployment/server/synapse-libs").join(FILE)).expect("there");
    server.expect_log(&format!("Synapse Library named '{KEY}' has been undeployed"));
    says(&server, "/hello", "fault: Sequence template org.example.connector.greet.hello cannot be found");
}

#[test]
fn an_api_that_came_before_the_import_goes_live_with_it() {
    let server = Builder::new()
        .artifact("local-entries/German.xml", &german())
        .artifact("api/hello.xml", &api("hello", CALL))
        .start();
    server.expect_log("no connector library 'greet' is imported");
    assert_eq!(server.get("/hello").status, 404);
    put(&server, "synapse-libs", FILE, &connector(&hello("hello")));
    server.deploy("imports/greet.xml", &import("enabled"));
    server.expect_log(&format!("Synapse Library Import named '{KEY}' has been deployed from file : "));
    says(&server, "/hello", "hello Ann!");
}

#[test]
fn an_answer_goes_to_a_variable_and_the_request_stays() {
    let flow = "<variable name='who' type='STRING' expression='${payload.who}'/>\
        <greet.hello><name>{${vars.who}}</name><mark>.</mark><responseVariable>greeting</responseVariable></greet.hello>\
        <payloadFactory media-type='json'><format>{\"who\": \"${payload.who}\", \"said\": \"${vars.greeting.payload.text}\"}</format>\
        <args/></payloadFactory>";
    let server = Builder::new()
        .artifact(&format!("imports/{KEY}.xml"), &import("enabled"))
        .artifact("api/hello.xml", &api("hello", flow))
        .start();
    put(&server, "synapse-libs", FILE, &connector(&hello("hello")));
    says(&server, "/hello", r#"{"who": "Ann", "said": "hello Ann."}"#);
}

#[test]
fn an_application_brings_its_connector_and_takes_it_along() {
    let part = |name: &str, kind: &str, file: &str| {
        format!("<artifact name='{name}' version='1.0.0' type='{kind}' serverRole=''><file>{file}</file></artifact>")
    };
    // The API is listed before the connector that it needs.
    let names = ["hello", "German", "greet-connector"];
    let dependencies = names.map(|name| format!("<dependency artifact='{name}' version='1.0.0' include='true'/>"));
    let list = format!(
        "<artifacts><artifact name='GreetApp' version='1.0.0' type='carbon/application'>{}</artifact></artifacts>",
        dependencies.concat()
    );
    let library = connector(&hello("hello"));
    let car = zip(&[
        ("artifacts.xml", list.as_bytes()),
        ("hello_1.0.0/artifact.xml", part("hello", "synapse/api", "hello.xml").as_bytes()),
        ("hello_1.0.0/hello.xml", api("hello", CALL).as_bytes()),
        ("German_1.0.0/artifact.xml", part("German", "synapse/local-entry", "German.xml").as_bytes()),
        ("German_1.0.0/German.xml", german().as_bytes()),
        ("greet-connector_1.0.0/artifact.xml", part("greet-connector", "synapse/lib", FILE).as_bytes()),
        (&format!("greet-connector_1.0.0/{FILE}"), &library),
    ]);
    let server = Builder::new().start();
    put(&server, "carbonapps", "GreetApp_1.0.0.car", &car);
    server.expect_log("Successfully Deployed Carbon Application : GreetApp_1.0.0{super-tenant}");
    says(&server, "/hello", "hello Ann!");
    assert_eq!(server.management("GET", "/connectors", "").1["list"][0]["status"], "enabled");

    put(&server, "synapse-libs", FILE, &connector(&hello("good day,")));
    server.expect_log(&format!("Synapse Library {FILE} already found in {FILE}. Ignoring CAPP's artifact"));
    says(&server, "/hello", "good day, Ann!");

    std::fs::remove_file(server.home().join("deployment/server/carbonapps/GreetApp_1.0.0.car")).expect("there");
    server.expect_log("Successfully undeployed Carbon Application : GreetApp_1.0.0{super-tenant}");
    assert!(eventually(PATIENCE, || server.get("/hello").status == 404));
    assert!(eventually(PATIENCE, || server.management("GET", "/connectors", "").1["list"][0]["status"] == "disabled"));
}

#[test]
fn what_cannot_run_is_said_with_its_place() {
    let server = Builder::new().artifact(&format!("imports/{KEY}.xml"), &import("enabled")).start();
    put(&server, "synapse-libs", FILE, &connector(&hello("hello")));
    server.expect_log("1 of 3 operations of the connector {org.example.connector}greet are Java classes and cannot run here: greet.shout");
    server.deploy("api/loud.xml", &api("loud", "\n  <greet.shout/>"));
    server.expect_log(
        "loud.xml:2:3: The operation 'greet.shout' of the connector {org.example.connector}greet is the Java class \
         org.example.connector.Shout",
    );
    assert_eq!(server.get("/loud").status, 404);
    let broken = hello("hello").replace("payloadFactory", "payloadfactry");
    put(&server, "synapse-libs", FILE, &connector(&broken));
    server.expect_log(
        "operations/hello.xml:1:227: the connector operation hello cannot be run: Unknown mediator referenced by",
    );
    server.expect_log("(did you mean 'payloadFactory'?)");
    put(&server, "synapse-libs", "empty.zip", &zip(&[("readme.xml", b"<a/>")]));
    server.expect_log("artifacts.xml file not found at : empty.zip!connector.xml");
    let one = DESCRIPTOR.replace("'operations'", "'more'");
    put(&server, "synapse-libs", "less.zip", &zip(&[("connector.xml", one.as_bytes())]));
    server.expect_log(
        "less.zip!connector.xml:2:1: Error when resolving Dependencies for lib : {org.example.connector}greet (there is no \
         group 'config'; the zip has none)",
    );
}

#[test]
fn lint_knows_connectors() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, bytes).expect("writable");
    };
    let flow = "\n<greet.hello><mark>?</mark></greet.hello>\n<greet.hullo/>\n<greet.shout/>";
    write("synapse-libs/greet.zip", &connector(&hello("hello")));
    write("synapse-configs/default/imports/greet.xml", import("enabled").as_bytes());
    write("synapse-configs/default/api/java.xml", api("java", flow).as_bytes());
    write("synapse-configs/default/api/slips.xml", api("slips", &flow.replace("<greet.shout/>", "")).as_bytes());
    let lint = |paths: &[&Path]| {
        let output = Command::new(binary()).arg("lint").args(paths).output().expect("runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let whole = lint(&[folder.path()]);
    for expected in [
        "java.xml:4:1: The operation 'greet.shout' of the connector",
        "slips.xml:2: API slips: greet.hello: the mandatory parameter 'name' is missing",
        "slips.xml:3: API slips: greet.hullo: the library {org.example.connector}greet has no such operation (did you mean 'greet.hello'?)",
    ] {
        assert!(whole.contains(expected), "{expected}\n{whole}");
    }
    let api = folder.path().join("synapse-configs/default/api/slips.xml");
    let alone = lint(&[&api]);
    assert!(alone.contains("no connector library 'greet' is imported"), "{alone}");
    let both = lint(&[&api, &folder.path().join("synapse-libs/greet.zip")]);
    assert!(both.contains(", 0 errors,"), "{both}");
}
