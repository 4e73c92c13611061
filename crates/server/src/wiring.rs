//! From the settings of `deployment.toml` to what the other crates take.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use mi_config::Settings;
use mi_mediation::api::cors::CorsRules;
use mi_mediation::settings::{AccessControl, MediationSettings};
use mi_mediation::users::{User, Users};
use mi_messaging::inbound::{Tls, VerifyClient as InboundVerify};
use mi_payload::java::JavaRegex;
use mi_payload::json::JsonSettings;
use mi_payload::{Format, FormatTable};
use mi_transport::tls::{
    ClientTls, ClientTlsConfig, HostnameVerifier, Identity, KeyStore, ServerTls, ServerTlsConfig, StoreType, Trust,
    VerifyClient, development_identity,
};
use mi_transport::{ClientConfig, Limits};

/// Settings of mediation.
pub fn mediation(settings: &Settings) -> MediationSettings {
    let http = &settings.http;
    let property = |name: &str| settings.mediation.synapse_property(name);
    let flag = |name: &str| property(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    let list = |name: &str| -> Vec<String> {
        let words = property(name).unwrap_or_default().split(',').map(str::trim);
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let defaults = MediationSettings::default();
    MediationSettings {
        json: json(settings),
        builders: formats(settings, "message_builders", "custom_message_builders"),
        formatters: formats(settings, "message_formatters", "custom_message_formatters"),
        validate_json: http.force_json_validation,
        global_timeout: settings.mediation.global_timeout,
        socket_timeout: http.socket_timeout,
        preserve_headers: http.preserve_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        preserve_user_agent: http.preserve_user_agent,
        preserve_server: http.preserve_server_name,
        correlation_header: settings
            .raw
            .text("passthru_properties.correlation_header_name")
            .and_then(|name| http::HeaderName::from_bytes(name.as_bytes()).ok())
            .unwrap_or(defaults.correlation_header),
        cors: property("synapse.rest.CORSConfig.enabled").is_none_or(|value| value.trim() != "false").then(|| {
            CorsRules {
                origins: list("synapse.rest.CORSConfig.Access-Control-Allow-Origin"),
                headers: property("synapse.rest.CORSConfig.Access-Control-Allow-Headers")
                    .unwrap_or_default()
                    .to_owned(),
                ..CorsRules::default()
            }
        }),
        allow_sub_delimiters: flag("synapse.allow.subdelims"),
        service_path: settings.server.service_path.trim_matches('/').to_owned(),
        service_addresses: service_addresses(settings),
        server_host: settings.server.hostname.clone(),
        server_ip: server_ip(settings),
        block_service_list: http.block_service_list,
        maximum_failover_retries: settings.mediation.maximum_failover_retries.unwrap_or(-1),
        suspend_duration: property("synapse.global_endpoint_suspend_duration")
            .and_then(|value| value.trim().parse().ok())
            .map_or(defaults.suspend_duration, Duration::from_millis),
        oauth_cache: property("synapse.endpoint.http.oauth.cache.timeout")
            .and_then(|value| value.trim().parse().ok())
            .map_or(defaults.oauth_cache, Duration::from_secs),
        xpath_dom_failover: settings.mediation.xpath_dom_failover.unwrap_or(false),
        access_control: access_control(property("synapse.mediators.access.control.mode"), || {
            list("synapse.mediators.access.control.list")
        }),
        script_limits: mi_script::Limits {
            time: settings.mediation.script_time_limit,
            memory: settings.mediation.script_memory_limit,
        },
        users: users(settings),
        properties: settings
            .mediation
            .synapse_properties
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<HashMap<_, _>>(),
        parse_options: defaults.parse_options,
        build_limit: defaults.build_limit,
    }
}

fn access_control(mode: Option<&str>, list: impl Fn() -> Vec<String>) -> AccessControl {
    let names = || list().iter().map(|name| name.to_lowercase()).collect();
    match mode.map(str::trim) {
        None | Some("" | "none") => AccessControl::None,
        Some("allow_list") => AccessControl::AllowList(names()),
        Some("block_list") => AccessControl::BlockList(names()),
        Some(other) => {
            tracing::warn!(
                target: "org.apache.synapse.config.xml.MediatorAccessControl",
                "Unknown mediator access control mode {other}; all mediators are allowed"
            );
            AccessControl::None
        }
    }
}

fn users(settings: &Settings) -> Users {
    let users = settings.management.users.iter().map(|user| User {
        name: user.name.clone(),
        password: user.password.clone(),
        is_admin: user.is_admin,
    });
    Users(users.collect())
}

fn json(settings: &Settings) -> JsonSettings {
    let defaults = JsonSettings::default();
    let mediation = &settings.mediation;
    let property = |name: &str| mediation.synapse_property(name).map(str::trim);
    let flag = |name: &str, default: bool| property(name).map_or(default, |value| value.eq_ignore_ascii_case("true"));
    let regex = |text: Option<&str>| {
        let text = text.filter(|text| !text.is_empty())?;
        JavaRegex::new(text)
            .inspect_err(|error| {
                tracing::error!(target: "org.apache.synapse.commons.json.JsonUtil", "Invalid regular expression {text}: {error}");
            })
            .ok()
    };
    let disable = mediation
        .disable_auto_primitive_regex
        .as_deref()
        .or(property("synapse.commons.json.output.disableAutoPrimitive.regex"));
    let replace = mediation
        .disable_custom_replace_regex
        .as_deref()
        .or(property("synapse.commons.json.json.output.disableAutoPrimitive.customReplaceRegex"));
    let sequence = property("synapse.commons.json.json.output.disableAutoPrimitive.customReplaceSequence");
    let separator = property("synapse.commons.json.output.namespaceSepChar").and_then(|text| text.chars().next());
    JsonSettings {
        auto_primitive: mediation
            .enable_auto_primitive
            .unwrap_or_else(|| flag("synapse.commons.json.output.autoPrimitive", defaults.auto_primitive)),
        disable_auto_primitive: regex(disable),
        replace: regex(replace).map(|regex| (regex, sequence.unwrap_or_default().to_owned())),
        preserve_namespaces: mediation.preserve_namespace_on_xml_to_json
            || flag("synapse.commons.json.preserve.namespace", defaults.preserve_namespaces),
        namespace_declarations: mediation.enable_namespace_declaration.unwrap_or_else(|| {
            flag("synapse.commons.json.output.enableNSDeclarations", defaults.namespace_declarations)
        }),
        namespace_separator: separator.unwrap_or(defaults.namespace_separator),
        auto_array: mediation
            .json_out_auto_array
            .unwrap_or_else(|| flag("synapse.commons.json.output.jsonoutAutoArray", defaults.auto_array)),
        read_multiple_pi: flag("synapse.commons.json.output.jsonoutMultiplePI", defaults.read_multiple_pi),
        write_multiple_pi: flag("synapse.json.to.xml.processing.instruction.enabled", defaults.write_multiple_pi),
        xml_nil: mediation
            .enable_xml_nil
            .unwrap_or_else(|| flag("synapse.commons.enableXmlNilReadWrite", defaults.xml_nil)),
        null_for_empty: flag("synapse.commons.enableXmlNullForEmptyElement", defaults.null_for_empty),
        valid_names: mediation
            .build_valid_nc_name
            .unwrap_or_else(|| flag("synapse.commons.json.buildValidNCNames", defaults.valid_names)),
    }
}

/// Builders or formatters: the table's short names and the rows of the custom list.
fn formats(settings: &Settings, table: &str, custom: &str) -> FormatTable {
    let mut formats = FormatTable::default();
    let mut add = |content_type: &str, class: &str| match Format::of_class_name(class) {
        Some(format) => formats.insert(content_type, format),
        None => tracing::error!(
            target: "org.apache.axis2.transport.TransportUtils",
            "The class {class} for {content_type} is not known here; the content type keeps its default"
        ),
    };
    for (short, class) in settings.raw.below(table) {
        let content_type = match short.as_str() {
            "text_xml" => "text/xml",
            "application_xml" => "application/xml",
            "application_json" => "application/json",
            "text_plain" => "text/plain",
            "form_urlencoded" => "application/x-www-form-urlencoded",
            "multipart_form_data" => "multipart/form-data",
            "octet_stream" => "application/octet-stream",
            "application_binary" => "application/binary",
            other => other,
        };
        add(content_type, &class);
    }
    for row in 0..settings.raw.rows(custom) {
        let text = |key: &str| settings.raw.text(&format!("{custom}[{row}].{key}"));
        if let (Some(content_type), Some(class)) = (text("content_type"), text("class")) {
            add(&content_type, &class);
        }
    }
    formats
}

/// Where the listeners can be reached.
pub fn service_addresses(settings: &Settings) -> Vec<String> {
    let (host, listener) = (&settings.server.hostname, &settings.http.listener);
    let http = listener.enabled.then(|| format!("http://{host}:{}", settings.ports.http));
    let https = listener.secured_enabled.then(|| format!("https://{host}:{}", settings.ports.https));
    http.into_iter().chain(https).collect()
}

/// The address that expressions give as `SERVER_IP`: the one that the listener is bound to, else the host name's.
fn server_ip(settings: &Settings) -> String {
    use std::net::ToSocketAddrs as _;
    let bound = settings.http.listener.bind_address.as_ref().map(ToString::to_string);
    let bound = bound.filter(|address| !matches!(address.as_str(), "0.0.0.0" | "::" | ""));
    let host = settings.server.hostname.as_str();
    let resolved = || (host, 0).to_socket_addrs().ok()?.next().map(|address| address.ip().to_string());
    bound.or_else(resolved).unwrap_or_else(|| "127.0.0.1".to_owned())
}

/// Bounds of the listeners for messages.
pub fn limits(settings: &Settings) -> Limits {
    let http = &settings.http;
    Limits {
        socket_timeout: http.socket_timeout,
        head_timeout: http.socket_timeout,
        max_body: http.max_message_size,
        max_connections: http.max_open_connections,
        keep_alive: !http.disable_keepalive,
        ..Limits::default()
    }
}

/// The client side.
///
/// # Errors
/// When the key store or trust store of the sender cannot be used.
pub fn client(settings: &Settings, home: &Path) -> Result<ClientConfig, String> {
    let http = &settings.http;
    let idle = http.socket_timeout.saturating_sub(Duration::from_secs(10)).max(Duration::from_secs(1));
    Ok(ClientConfig {
        socket_timeout: http.socket_timeout,
        connect_timeout: http.connection_timeout,
        idle_timeout: idle,
        max_connections: http.max_connections_per_host_port,
        max_body: http.max_message_size,
        keep_alive: !http.disable_keepalive,
        tls: client_tls(settings, home)?,
        ..ClientConfig::default()
    })
}

fn client_tls(settings: &Settings, home: &Path) -> Result<Option<ClientTls>, String> {
    let sender = &settings.http.sender;
    let store = sender.truststore.locate(home);
    let trust = if sender.parameters.get("novalidatecert").is_some_and(|value| value == "true") {
        Trust::Anyone
    } else if store.is_file() {
        Trust::Certificates(open(&store, &sender.truststore.kind, &sender.truststore.password)?.trusted())
    } else {
        return Ok(None);
    };
    let hostname_verifier: HostnameVerifier = sender.hostname_verifier.parse()?;
    let key_store = sender.keystore.locate(home);
    let identity = if key_store.is_file() {
        let opened = open(&key_store, &sender.keystore.kind, &sender.keystore.password)?;
        opened.identity(None, &sender.keystore.key_password).ok()
    } else {
        None
    };
    let config = ClientTlsConfig {
        trust,
        identity,
        hostname_verifier,
        protocols: sender.secured_protocols.clone(),
        ..ClientTlsConfig::default()
    };
    ClientTls::new(config).map(Some).map_err(|error| error.to_string())
}

fn open(path: &Path, kind: &str, password: &str) -> Result<KeyStore, String> {
    let kind: StoreType = kind.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    KeyStore::open(path, kind, password).map_err(|error| format!("{}: {error}", path.display()))
}

/// TLS of the secured listener, and whether its certificate was made up for development.
///
/// # Errors
/// When the configured key store cannot be used.
pub fn server_tls(settings: &Settings, home: &Path) -> Result<(ServerTls, bool), String> {
    let listener = &settings.http.listener;
    let path = listener.keystore.locate(home);
    let (identity, made_up) = if path.is_file() {
        let store = open(&path, &listener.keystore.kind, &listener.keystore.password)?;
        let alias = Some(listener.keystore.alias.as_str()).filter(|alias| !alias.is_empty());
        let found = store.identity(alias, &listener.keystore.key_password);
        // A configured alias that is not there means the first key, as in MI.
        let identity = found.or_else(|_| store.identity(None, &listener.keystore.key_password));
        (identity.map_err(|error| format!("{}: {error}", path.display()))?, false)
    } else {
        (development(settings)?, true)
    };
    let mut config = ServerTlsConfig::new(identity);
    config.protocols.clone_from(&listener.secured_protocols);
    config.ciphers.clone_from(&listener.preferred_ciphers);
    config.verify_client = match listener.verify_client {
        mi_config::settings::VerifyClient::None => VerifyClient::None,
        mi_config::settings::VerifyClient::Optional => VerifyClient::Optional,
        mi_config::settings::VerifyClient::Require => VerifyClient::Require,
    };
    let trust = listener.truststore.locate(home);
    if config.verify_client != VerifyClient::None && trust.is_file() {
        config.trusted = open(&trust, &listener.truststore.kind, &listener.truststore.password)?.trusted();
    }
    ServerTls::new(config).map(|tls| (tls, made_up)).map_err(|error| error.to_string())
}

/// TLS of an `https` inbound endpoint; where it says nothing the secured listener's settings count.
///
/// # Errors
/// When a store of it cannot be used.
pub fn inbound_tls(tls: &Tls, settings: &Settings, home: &Path) -> Result<ServerTls, String> {
    let listener = &settings.http.listener;
    let Some(store) = &tls.keystore else {
        return match tls {
            Tls { truststore: None, verify_client: InboundVerify::None, protocols, ciphers, .. }
                if protocols.is_empty() && ciphers.is_empty() =>
            {
                server_tls(settings, home).map(|(tls, _)| tls)
            }
            _ => Err("it has no keystore".to_owned()),
        };
    };
    let opened = open(&home.join(&store.location), &store.kind, &store.password)?;
    let identity = opened.identity(None, &store.key_password);
    let identity = identity.map_err(|error| format!("{}: {error}", store.location))?;
    let mut config = ServerTlsConfig::new(identity);
    config.protocols.clone_from(if tls.protocols.is_empty() { &listener.secured_protocols } else { &tls.protocols });
    config.ciphers.clone_from(if tls.ciphers.is_empty() { &listener.preferred_ciphers } else { &tls.ciphers });
    config.verify_client = match tls.verify_client {
        InboundVerify::None => VerifyClient::None,
        InboundVerify::Optional => VerifyClient::Optional,
        InboundVerify::Require => VerifyClient::Require,
    };
    if let Some(store) = &tls.truststore {
        config.trusted = open(&home.join(&store.location), &store.kind, &store.password)?.trusted();
    }
    ServerTls::new(config).map_err(|error| error.to_string())
}

fn development(settings: &Settings) -> Result<Identity, String> {
    let mut names = vec!["localhost".to_owned()];
    if settings.server.hostname != "localhost" {
        names.push(settings.server.hostname.clone());
    }
    development_identity(&names).map_err(|error| error.to_string())
}

/// The address of a listener: the configured one, or all interfaces.
///
/// # Errors
/// When the configured text is no IP address.
pub fn bind_address(configured: Option<&str>, port: u16) -> Result<SocketAddr, String> {
    let ip = match configured.map(str::trim).filter(|text| !text.is_empty()) {
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Some("localhost") => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(text) => text.parse().map_err(|_| format!("the bind address {text:?} is not an IP address"))?,
    };
    Ok(SocketAddr::new(ip, port))
}
