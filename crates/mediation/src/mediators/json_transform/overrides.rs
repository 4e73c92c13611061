//! Settings of the conversion by name.

use mi_payload::java::JavaRegex;
use mi_payload::json::JsonSettings;

/// Sets one; names that nobody knows are ignored, as in MI.
pub(super) fn set(settings: &mut JsonSettings, name: &str, value: &str) -> Result<(), String> {
    let flag = value.trim().eq_ignore_ascii_case("true");
    match name {
        "synapse.commons.json.output.autoPrimitive" => settings.auto_primitive = flag,
        "synapse.commons.json.output.jsonoutAutoArray" => settings.auto_array = flag,
        "synapse.commons.json.output.jsonoutMultiplePI" => settings.read_multiple_pi = flag,
        "synapse.commons.json.output.enableNSDeclarations" => settings.namespace_declarations = flag,
        "synapse.commons.json.preserve.namespace" => settings.preserve_namespaces = flag,
        "synapse.commons.json.buildValidNCNames" => settings.valid_names = flag,
        "synapse.commons.enableXmlNilReadWrite" => settings.xml_nil = flag,
        "synapse.commons.enableXmlNullForEmptyElement" => settings.null_for_empty = flag,
        "synapse.commons.json.output.namespaceSepChar" => {
            settings.namespace_separator = value.trim().chars().next().ok_or("a character is expected")?;
        }
        "synapse.commons.json.output.disableAutoPrimitive.regex" => {
            settings.disable_auto_primitive = Some(JavaRegex::new(value).map_err(|error| error.to_string())?);
        }
        "synapse.commons.json.json.output.disableAutoPrimitive.customReplaceRegex" => {
            let regex = JavaRegex::new(value).map_err(|error| error.to_string())?;
            let with = settings.replace.take().map(|(_, with)| with).unwrap_or_default();
            settings.replace = Some((regex, with));
        }
        "synapse.commons.json.json.output.disableAutoPrimitive.customReplaceSequence" => {
            if let Some((_, with)) = &mut settings.replace {
                value.clone_into(with);
            }
        }
        _ => {}
    }
    Ok(())
}
