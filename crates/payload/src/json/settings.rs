//! The `synapse.commons.json.*` settings that change how JSON and XML become one another (spec 2.2).

use crate::java::JavaRegex;

/// How JSON and XML are converted; the defaults are MI's.
#[derive(Debug, Clone)]
pub struct JsonSettings {
    /// `…output.autoPrimitive` (true): text that looks like a number, boolean or null becomes that JSON type.
    pub auto_primitive: bool,
    /// `…output.disableAutoPrimitive.regex` (unset): text matching it as a whole stays a string.
    pub disable_auto_primitive: Option<JavaRegex>,
    /// `…disableAutoPrimitive.customReplaceRegex` and `…Sequence` (unset): text that begins with a match gets the first
    /// match replaced and stays a string.
    pub replace: Option<(JavaRegex, String)>,
    /// `synapse.commons.json.preserve.namespace` (false): keep prefixes in member names.
    pub preserve_namespaces: bool,
    /// `…output.enableNSDeclarations` (false): with the former, also write `@xmlns…` members.
    pub namespace_declarations: bool,
    /// `…output.namespaceSepChar` (`_`): joins prefix and local name.
    pub namespace_separator: char,
    /// `…output.jsonoutAutoArray` (true): adjacent elements of one name become an array.
    pub auto_array: bool,
    /// `…output.jsonoutMultiplePI` (true): honour `<?xml-multiple name?>`.
    pub read_multiple_pi: bool,
    /// `synapse.json.to.xml.processing.instruction.enabled` (false): write `<?xml-multiple name?>` before each array.
    pub write_multiple_pi: bool,
    /// `synapse.commons.enableXmlNilReadWrite` (false): null is the attribute `nil="true"`.
    pub xml_nil: bool,
    /// `synapse.commons.enableXmlNullForEmptyElement` (true): an empty element is null rather than `""`.
    pub null_for_empty: bool,
    /// `synapse.commons.json.buildValidNCNames` (false): escape characters that no XML name can hold.
    pub valid_names: bool,
}

impl Default for JsonSettings {
    fn default() -> Self {
        Self {
            auto_primitive: true,
            disable_auto_primitive: None,
            replace: None,
            preserve_namespaces: false,
            namespace_declarations: false,
            namespace_separator: '_',
            auto_array: true,
            read_multiple_pi: true,
            write_multiple_pi: false,
            xml_nil: false,
            null_for_empty: true,
            valid_names: false,
        }
    }
}
