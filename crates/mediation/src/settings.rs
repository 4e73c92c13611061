//! Settings of mediation, from `deployment.toml` (`[mediation]`, `[transport.http]`, builders and formatters).

use std::collections::HashMap;
use std::time::Duration;

use mi_payload::FormatTable;
use mi_payload::json::JsonSettings;
use mi_script::Limits;
use mi_xml::ParseOptions;

use crate::api::cors::CorsRules;
use crate::users::Users;

/// See the module's documentation. The defaults are MI's as shipped.
#[derive(Debug, Clone)]
pub struct MediationSettings {
    /// How JSON and XML become one another.
    pub json: JsonSettings,
    /// Builders by content type.
    pub builders: FormatTable,
    /// Formatters by message type.
    pub formatters: FormatTable,
    /// Limits of the XML parser for messages.
    pub parse_options: ParseOptions,
    /// The largest body that is built in memory, in bytes. Default 512 MiB; bodies that pass through have no limit.
    pub build_limit: u64,
    /// `force.json.message.validation` (false): parse every JSON message when it is built.
    pub validate_json: bool,
    /// `synapse.global_timeout_interval` (120 s): how long a back end may take when the endpoint does not say.
    pub global_timeout: Duration,
    /// `http.socket.timeout` (180 s): how long a client waits for an answer at most.
    pub socket_timeout: Duration,
    /// `http.headers.preserve`: header names (lower case) that are kept between hops.
    pub preserve_headers: Vec<String>,
    /// `http.user.agent.preserve` (false).
    pub preserve_user_agent: bool,
    /// `http.server.preserve` (true).
    pub preserve_server: bool,
    /// Name of the header that carries the correlation id (`activityid`).
    pub correlation_header: http::HeaderName,
    /// The engine's own CORS rules (`synapse.rest.CORSConfig.*`); none when they are switched off.
    pub cors: Option<CorsRules>,
    /// `synapse.allow.subdelims` (false): raw sub-delimiters in path variables.
    pub allow_sub_delimiters: bool,
    /// First segment of proxy service URLs (`services`).
    pub service_path: String,
    /// Where the listeners can be reached, `http://host:port` each; for documents about services.
    pub service_addresses: Vec<String>,
    /// What `get-property('SERVER_HOST')` says (`localhost`).
    pub server_host: String,
    /// What `get-property('SERVER_IP')` says: the bind address of the listener, else the host's address (`127.0.0.1`).
    pub server_ip: String,
    /// `http.block_service_list` (true): `GET /services` is answered with 403.
    pub block_service_list: bool,
    /// `maximum.failover.retries` (-1, unlimited).
    pub maximum_failover_retries: i64,
    /// `synapse.global_endpoint_suspend_duration` (30 s).
    pub suspend_duration: Duration,
    /// `synapse.endpoint.http.oauth.cache.timeout` (3000 s).
    pub oauth_cache: Duration,
    /// `synapse.xpath.dom.failover.enabled` (false).
    pub xpath_dom_failover: bool,
    /// Who may call with basic authentication.
    pub users: Users,
    /// What a script may use (10 s, 64 MiB).
    pub script_limits: Limits,
    /// Mediators that may not be used (`synapse.mediators.access.control.*`).
    pub access_control: AccessControl,
    /// All other synapse properties, by name.
    pub properties: HashMap<String, String>,
}

/// Which mediators artifacts may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AccessControl {
    /// All.
    #[default]
    None,
    /// Only these (lower case).
    AllowList(Vec<String>),
    /// All but these (lower case).
    BlockList(Vec<String>),
}

impl Default for MediationSettings {
    fn default() -> Self {
        Self {
            json: JsonSettings::default(),
            builders: FormatTable::default(),
            formatters: FormatTable::default(),
            parse_options: ParseOptions::default(),
            build_limit: 512 << 20,
            validate_json: false,
            global_timeout: Duration::from_millis(120_000),
            socket_timeout: Duration::from_millis(180_000),
            preserve_headers: vec!["content-type".to_owned()],
            preserve_user_agent: false,
            preserve_server: true,
            correlation_header: http::HeaderName::from_static("activityid"),
            cors: Some(CorsRules::default()),
            allow_sub_delimiters: false,
            service_path: "services".to_owned(),
            service_addresses: Vec::new(),
            server_host: "localhost".to_owned(),
            server_ip: "127.0.0.1".to_owned(),
            block_service_list: true,
            maximum_failover_retries: -1,
            suspend_duration: Duration::from_millis(30_000),
            oauth_cache: Duration::from_secs(3_000),
            xpath_dom_failover: false,
            users: Users::default(),
            script_limits: Limits::default(),
            access_control: AccessControl::None,
            properties: HashMap::new(),
        }
    }
}
