//! `[mediation]` and `[synapse_properties]`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::read::Reader;

/// `[mediation]` (spec 2.6).
#[derive(Debug, Clone)]
pub struct Mediation {
    /// How long an endpoint may take at most; 120 s by default.
    pub global_timeout: Duration,
    /// Whether namespace declarations are kept when XML becomes JSON.
    pub preserve_namespace_on_xml_to_json: bool,
    /// Whether XPath 2.0 is tried where 1.0 fails.
    pub xpath_dom_failover: Option<bool>,
    /// How many script engines are kept per script.
    pub script_pool_size: usize,
    /// How long a script may run; 10 s by default.
    pub script_time_limit: Duration,
    /// How much memory a script may have, in bytes; 64 MiB by default.
    pub script_memory_limit: usize,
    /// Whether JSON null becomes `xsi:nil`.
    pub enable_xml_nil: Option<bool>,
    /// Texts that stay texts when XML becomes JSON (a regular expression).
    pub disable_auto_primitive_regex: Option<String>,
    /// Characters that are replaced in such texts (a regular expression).
    pub disable_custom_replace_regex: Option<String>,
    /// Whether numbers in XML become numbers in JSON.
    pub enable_auto_primitive: Option<bool>,
    /// Whether repeated elements become arrays.
    pub json_out_auto_array: Option<bool>,
    /// Whether JSON output has namespace declarations.
    pub enable_namespace_declaration: Option<bool>,
    /// Whether JSON keys are made valid XML names.
    pub build_valid_nc_name: Option<bool>,
    /// The most endpoints tried in a failover.
    pub maximum_failover_retries: Option<i64>,
    /// The suspension after that many.
    pub suspend_duration_on_maximum_failover: Option<Duration>,
    /// The folder of included FreeMarker templates.
    pub freemarker_base_path: Option<String>,
    /// Whether statistics of flows are kept, and of all artifacts.
    pub statistics: (bool, bool),
    /// Whether the offset is added to the ports of inbound endpoints.
    pub inbound_port_offset: bool,
    /// How many messages that inbound endpoints found may be mediated at once beside their pollers.
    pub inbound_threads: usize,
    /// Whether probes and metrics are served.
    pub internal_http_api: bool,
    /// `[synapse_properties]`, as written.
    pub synapse_properties: BTreeMap<String, String>,
}

impl Mediation {
    /// An entry of `synapse.properties` that has no key of its own in `[mediation]`.
    pub fn synapse_property(&self, name: &str) -> Option<&str> {
        self.synapse_properties.get(name).map(String::as_str)
    }
}

pub(super) fn mediation(reader: &Reader<'_>) -> Mediation {
    let key = |name: &str| format!("mediation.synapse.{name}");
    Mediation {
        global_timeout: reader.millis(&key("global_timeout_interval")),
        preserve_namespace_on_xml_to_json: reader.flag(&key("preserve_namespace_on_xml_to_json")),
        xpath_dom_failover: reader.maybe_flag(&key("enable_xpath_dom_failover")),
        script_pool_size: reader.number(&key("script_mediator_pool_size")),
        script_time_limit: reader.millis("mediation.script.time_limit"),
        script_memory_limit: reader.number::<usize>("mediation.script.memory_limit").saturating_mul(1 << 20),
        enable_xml_nil: reader.maybe_flag(&key("enable_xml_nil")),
        disable_auto_primitive_regex: reader.maybe_text(&key("disable_auto_primitive_regex")),
        disable_custom_replace_regex: reader.maybe_text(&key("disable_custom_replace_regex")),
        enable_auto_primitive: reader.maybe_flag(&key("enable_auto_primitive")),
        json_out_auto_array: reader.maybe_flag(&key("json_out_auto_array")),
        enable_namespace_declaration: reader.maybe_flag(&key("enable_namespace_declaration")),
        build_valid_nc_name: reader.maybe_flag(&key("build_valid_nc_name")),
        maximum_failover_retries: reader.maybe_number(&key("maximum_failover_retries")),
        suspend_duration_on_maximum_failover: reader.maybe_millis(&key("suspend_duration_on_maximum_failover")),
        freemarker_base_path: reader.maybe_text(&key("freemarker_templates_base_path")),
        statistics: (
            reader.flag("mediation.flow.statistics.enable"),
            reader.flag("mediation.flow.statistics.capture_all"),
        ),
        inbound_threads: reader.number("mediation.inbound.max_threads"),
        inbound_port_offset: reader.flag("mediation.inbound.port_offset_enable"),
        internal_http_api: reader.flag("mediation.internal_http_api_enable"),
        synapse_properties: reader.raw.below("synapse_properties"),
    }
}
