//! From a text to settings.

use std::path::Path;
use std::time::Duration;

use super::*;

fn system() -> SystemProperties {
    let mut system = SystemProperties::empty();
    system.set_environment("DB_HOST", "db.example");
    system
}

fn load(text: &str) -> (Settings, Vec<Warning>) {
    match Settings::parse(Path::new("d.toml"), text, &system()) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{error}"),
    }
}

fn refused(text: &str) -> String {
    match Settings::parse(Path::new("d.toml"), text, &system()) {
        Ok(_) => panic!("{text} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_empty_file_has_mi_defaults() {
    let (settings, warnings) = load("");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.ports, Ports { http: 8290, https: 8253, internal_http: 9201, internal_https: 9164 });
    assert_eq!(settings.server.hostname, "localhost");
    assert_eq!(settings.http.connection_timeout, Duration::from_secs(180));
    assert_eq!(settings.http.preserve_headers, ["Content-Type"]);
    assert_eq!(settings.http.listener.keystore.location, settings.keystore.location);
    assert_eq!(settings.cluster.heartbeat_interval, Duration::from_secs(5));
    assert_eq!(settings.task_handling.resolving_period, Duration::from_secs(2));
    assert_eq!(settings.task_handling.fire_guard, FireGuard::Claim);
    assert_eq!(settings.management.users.len(), 1);
    assert!(settings.coordination_datasource().is_none());
}

#[test]
fn the_clustering_guide_is_understood_without_a_warning() {
    let (settings, warnings) = load(
        r#"
        [server]
        hostname = "localhost"
        [cluster_config]
        node_id = "node-1"
        [task_handling]
        resolving_period = "6"
        resolving_frequency = "3"
        resolver_class = "org.wso2.micro.integrator.ntask.coordination.task.resolver.RoundRobinResolver"
        [[task_resolver]]
        task_server_count = "3"
        [[datasource]]
        id = "WSO2_COORDINATION_DB"
        url= "jdbc:mysql://$env{DB_HOST}:3306/clusterdb"
        username="root"
        password="root"
        driver="com.mysql.jdbc.Driver"
        pool_options.maxActive=50
        pool_options.maxWait = 60000
        pool_options.testOnBorrow = true
        "#,
    );
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.cluster.node_id.as_deref(), Some("node-1"));
    assert_eq!(settings.task_handling.resolving_period, Duration::from_secs(6));
    assert_eq!(settings.task_handling.resolving_frequency, 3);
    assert_eq!(settings.task_resolver.task_server_count.as_deref(), Some("3"));
    let source = settings.coordination_datasource().expect("configured");
    assert_eq!(source.url, "jdbc:mysql://db.example:3306/clusterdb");
    assert_eq!(source.pool_options.get("maxActive").map(String::as_str), Some("50"));
}

#[test]
fn the_node_id_has_its_order_of_precedence() {
    let text = "[cluster_config]\nnode_id = 'toml'";
    let mut system = SystemProperties::empty();
    let node_id = |system: &SystemProperties| {
        Settings::parse(Path::new("d.toml"), text, system).map(|(s, _)| s.cluster.node_id).ok().flatten()
    };
    assert_eq!(node_id(&system).as_deref(), Some("toml"));
    system.set_environment("nodeId", "environment");
    assert_eq!(node_id(&system).as_deref(), Some("environment"));
    system.set("nodeId", "property");
    assert_eq!(node_id(&system).as_deref(), Some("property"));
}

#[test]
fn texts_count_as_numbers_and_flags() {
    let (settings, _) = load(
        "[server]\noffset = '0'\nhot_deployment = 'FALSE'\n[transport.http]\nsocket_timeout = '5000'\n\
         preserve_http_headers = 'A, B'\nlistener.port = '8290'",
    );
    assert_eq!(settings.ports.http, 8290);
    assert!(!settings.server.hot_deployment);
    assert_eq!(settings.http.socket_timeout, Duration::from_secs(5));
    assert_eq!(settings.http.preserve_headers, ["A", "B"]);
}

#[test]
fn the_property_port_offset_wins() {
    let mut system = SystemProperties::empty();
    system.set("portOffset", "5");
    let loaded = Settings::parse(Path::new("d.toml"), "[server]\noffset = 7", &system);
    assert_eq!(loaded.map(|(settings, _)| settings.ports.http).ok(), Some(8285));
}

#[test]
fn unknown_keys_are_warned_of_with_the_nearest_known_one() {
    let (_, warnings) = load("[server]\nhostnam = 'x'\n\n[datasource]\nid = 'A'\n[mine]\nx = 1");
    let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "d.toml:2:1: unknown key server.hostnam is ignored; did you mean server.hostname?",
            "d.toml:5:1: unknown key datasource.id is ignored; did you mean id in [[datasource]]?",
            "d.toml:7:1: unknown key mine.x is ignored",
        ]
    );
}

#[test]
fn wrong_types_are_all_listed_with_their_places() {
    let message = refused(
        "[server]\noffset = 'ten'\nhot_deployment = 'yes'\n[transport.http]\nsocket_timeout = '30s'\n\
         listener.verify_client = 'requird'",
    );
    for expected in [
        "d.toml:2:10: server.offset: found string \"ten\", expected a whole number from -65535 to 65535 (the default is 10)",
        "d.toml:3:18: server.hot_deployment: found string \"yes\", expected true or false; did you mean true?",
        "d.toml:5:18: transport.http.socket_timeout: found string \"30s\", expected a whole number of milliseconds; did you mean 30000?",
        "did you mean require?",
    ] {
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn impossible_ports_and_rows_are_refused() {
    assert!(refused("[server]\noffset = 60000").contains("which is no port"));
    assert!(refused("[[datasource]]\nurl = 'jdbc:sqlite:x'").contains("d.toml:2:7: [[datasource]] number 1 has no id"));
    assert!(refused("[[datasource]]\nid = 'A'\nurl='x'\n[[datasource]]\nid = 'A'\nurl='x'").contains("comes twice"));
}

#[test]
fn too_small_periods_are_replaced_with_a_warning() {
    let (settings, warnings) = load("[task_handling]\nresolving_period = 0\nresolving_frequency = '-1'");
    assert_eq!(settings.task_handling.resolving_period, Duration::from_secs(2));
    assert_eq!(settings.task_handling.resolving_frequency, 5);
    assert_eq!(warnings.len(), 2);
}

#[test]
fn the_effective_configuration_has_no_secret() {
    let (settings, _) = load(
        "[[datasource]]\nid='A'\nurl='jdbc:mysql://h/d?password=Hidden1'\npassword='Hidden2'\n\
         [[internal_apis.users]]\nuser.name='u'\nuser.password='Hidden3'\n[my]\napi_token='Hidden4'",
    );
    let mut out = Vec::new();
    settings.print_effective(&mut out).expect("writing to memory");
    let text = String::from_utf8_lossy(&out);
    assert!(!text.contains("Hidden"), "{text}");
    assert!(text.contains("server.offset = \"10\"  # default"), "{text}");
    assert!(!format!("{:?}", settings.datasources).contains("Hidden"));
}

#[test]
fn a_missing_file_means_the_defaults() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (settings, warnings) = match Settings::load(&folder.path().join("deployment.toml"), &system()) {
        Ok(loaded) => loaded,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(settings.ports.http, 8290);
    assert!(warnings[0].message.contains("not found"));
}
