//! The names that templates may use: built-ins, special variables, settings, output formats.

use super::ast::{OutputFormat, Setting, Special};

/// A built-in, as in `x?name`.
#[derive(Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name, in snake case.
    pub name: &'static str,
    /// What it works on.
    pub group: Group,
    /// How many arguments it takes at least; 0 when it may stand without parentheses.
    pub least: u8,
    /// How many arguments it takes at most; 0 when it takes none.
    pub most: u8,
}

/// What built-ins work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// A string.
    Text,
    /// A string and a pattern or a list of its parts.
    Pattern,
    /// A string that is written for some language.
    Escape,
    /// A number.
    Number,
    /// A date.
    Date,
    /// A sequence.
    Sequence,
    /// A hash.
    Hash,
    /// An XML node.
    Node,
    /// A loop variable, by its name.
    Loop,
    /// Something that may be missing.
    Existence,
    /// Conditions: arguments are evaluated when needed.
    Lazy,
    /// Any value.
    Any,
    /// What a value is.
    Is,
}

const fn entry(name: &'static str, group: Group, least: u8, most: u8) -> Builtin {
    Builtin { name, group, least, most }
}

/// All built-ins, in the order of their names.
pub static BUILTINS: &[Builtin] = &[
    entry("abs", Group::Number, 0, 0),
    entry("ancestors", Group::Node, 0, 1),
    entry("boolean", Group::Text, 0, 0),
    entry("byte", Group::Number, 0, 0),
    entry("c", Group::Any, 0, 0),
    entry("cap_first", Group::Text, 0, 0),
    entry("capitalize", Group::Text, 0, 0),
    entry("ceiling", Group::Number, 0, 0),
    entry("children", Group::Node, 0, 0),
    entry("chop_linebreak", Group::Text, 0, 0),
    entry("chunk", Group::Sequence, 1, 2),
    entry("contains", Group::Text, 1, 1),
    entry("counter", Group::Loop, 0, 0),
    entry("date", Group::Date, 0, 1),
    entry("date_if_unknown", Group::Date, 0, 0),
    entry("datetime", Group::Date, 0, 1),
    entry("datetime_if_unknown", Group::Date, 0, 0),
    entry("default", Group::Existence, 1, 99),
    entry("double", Group::Number, 0, 0),
    entry("drop_while", Group::Sequence, 1, 1),
    entry("ends_with", Group::Text, 1, 1),
    entry("ensure_ends_with", Group::Text, 1, 1),
    entry("ensure_starts_with", Group::Pattern, 1, 3),
    entry("esc", Group::Escape, 0, 0),
    entry("eval", Group::Any, 0, 0),
    entry("eval_json", Group::Any, 0, 0),
    entry("exists", Group::Existence, 0, 0),
    entry("filter", Group::Sequence, 1, 1),
    entry("first", Group::Sequence, 0, 0),
    entry("float", Group::Number, 0, 0),
    entry("floor", Group::Number, 0, 0),
    entry("groups", Group::Pattern, 0, 0),
    entry("has_content", Group::Existence, 0, 0),
    entry("has_next", Group::Loop, 0, 0),
    entry("html", Group::Escape, 0, 0),
    entry("if_exists", Group::Existence, 0, 0),
    entry("index", Group::Loop, 0, 0),
    entry("index_of", Group::Text, 1, 2),
    entry("int", Group::Number, 0, 0),
    entry("is_boolean", Group::Is, 0, 0),
    entry("is_collection", Group::Is, 0, 0),
    entry("is_collection_ex", Group::Is, 0, 0),
    entry("is_date", Group::Is, 0, 0),
    entry("is_date_like", Group::Is, 0, 0),
    entry("is_date_only", Group::Is, 0, 0),
    entry("is_datetime", Group::Is, 0, 0),
    entry("is_directive", Group::Is, 0, 0),
    entry("is_enumerable", Group::Is, 0, 0),
    entry("is_even_item", Group::Loop, 0, 0),
    entry("is_first", Group::Loop, 0, 0),
    entry("is_hash", Group::Is, 0, 0),
    entry("is_hash_ex", Group::Is, 0, 0),
    entry("is_indexable", Group::Is, 0, 0),
    entry("is_infinite", Group::Number, 0, 0),
    entry("is_last", Group::Loop, 0, 0),
    entry("is_macro", Group::Is, 0, 0),
    entry("is_markup_output", Group::Is, 0, 0),
    entry("is_method", Group::Is, 0, 0),
    entry("is_nan", Group::Number, 0, 0),
    entry("is_node", Group::Is, 0, 0),
    entry("is_number", Group::Is, 0, 0),
    entry("is_odd_item", Group::Loop, 0, 0),
    entry("is_sequence", Group::Is, 0, 0),
    entry("is_string", Group::Is, 0, 0),
    entry("is_time", Group::Is, 0, 0),
    entry("is_unknown_date_like", Group::Is, 0, 0),
    entry("iso", Group::Date, 1, 1),
    entry("iso_h", Group::Date, 1, 1),
    entry("iso_h_nz", Group::Date, 1, 1),
    entry("iso_local", Group::Date, 0, 0),
    entry("iso_local_h", Group::Date, 0, 0),
    entry("iso_local_h_nz", Group::Date, 0, 0),
    entry("iso_local_m", Group::Date, 0, 0),
    entry("iso_local_m_nz", Group::Date, 0, 0),
    entry("iso_local_ms", Group::Date, 0, 0),
    entry("iso_local_ms_nz", Group::Date, 0, 0),
    entry("iso_local_nz", Group::Date, 0, 0),
    entry("iso_m", Group::Date, 1, 1),
    entry("iso_m_nz", Group::Date, 1, 1),
    entry("iso_ms", Group::Date, 1, 1),
    entry("iso_ms_nz", Group::Date, 1, 1),
    entry("iso_nz", Group::Date, 1, 1),
    entry("iso_utc", Group::Date, 0, 0),
    entry("iso_utc_fz", Group::Date, 0, 0),
    entry("iso_utc_h", Group::Date, 0, 0),
    entry("iso_utc_h_nz", Group::Date, 0, 0),
    entry("iso_utc_m", Group::Date, 0, 0),
    entry("iso_utc_m_nz", Group::Date, 0, 0),
    entry("iso_utc_ms", Group::Date, 0, 0),
    entry("iso_utc_ms_nz", Group::Date, 0, 0),
    entry("iso_utc_nz", Group::Date, 0, 0),
    entry("item_cycle", Group::Loop, 1, 99),
    entry("item_parity", Group::Loop, 0, 0),
    entry("item_parity_cap", Group::Loop, 0, 0),
    entry("j_string", Group::Escape, 0, 0),
    entry("join", Group::Sequence, 1, 3),
    entry("js_string", Group::Escape, 0, 0),
    entry("json_string", Group::Escape, 0, 0),
    entry("keep_after", Group::Pattern, 1, 2),
    entry("keep_after_last", Group::Pattern, 1, 2),
    entry("keep_before", Group::Pattern, 1, 2),
    entry("keep_before_last", Group::Pattern, 1, 2),
    entry("keys", Group::Hash, 0, 0),
    entry("last", Group::Sequence, 0, 0),
    entry("last_index_of", Group::Text, 1, 2),
    entry("left_pad", Group::Text, 1, 2),
    entry("length", Group::Text, 0, 0),
    entry("long", Group::Any, 0, 0),
    entry("lower_abc", Group::Number, 0, 0),
    entry("lower_case", Group::Text, 0, 0),
    entry("map", Group::Sequence, 1, 1),
    entry("markup_string", Group::Escape, 0, 0),
    entry("matches", Group::Pattern, 1, 2),
    entry("max", Group::Sequence, 0, 0),
    entry("min", Group::Sequence, 0, 0),
    entry("next_sibling", Group::Node, 0, 0),
    entry("no_esc", Group::Escape, 0, 0),
    entry("node_name", Group::Node, 0, 0),
    entry("node_namespace", Group::Node, 0, 0),
    entry("node_type", Group::Node, 0, 0),
    entry("number", Group::Text, 0, 0),
    entry("number_to_date", Group::Number, 0, 0),
    entry("number_to_datetime", Group::Number, 0, 0),
    entry("number_to_time", Group::Number, 0, 0),
    entry("parent", Group::Node, 0, 0),
    entry("previous_sibling", Group::Node, 0, 0),
    entry("remove_beginning", Group::Text, 1, 1),
    entry("remove_ending", Group::Text, 1, 1),
    entry("replace", Group::Pattern, 2, 3),
    entry("reverse", Group::Sequence, 0, 0),
    entry("right_pad", Group::Text, 1, 2),
    entry("root", Group::Node, 0, 0),
    entry("round", Group::Number, 0, 0),
    entry("rtf", Group::Escape, 0, 0),
    entry("seq_contains", Group::Sequence, 1, 1),
    entry("seq_index_of", Group::Sequence, 1, 2),
    entry("seq_last_index_of", Group::Sequence, 1, 2),
    entry("sequence", Group::Sequence, 0, 0),
    entry("short", Group::Number, 0, 0),
    entry("size", Group::Any, 0, 0),
    entry("sort", Group::Sequence, 0, 0),
    entry("sort_by", Group::Sequence, 1, 1),
    entry("split", Group::Pattern, 1, 2),
    entry("starts_with", Group::Text, 1, 1),
    entry("string", Group::Any, 0, 2),
    entry("substring", Group::Text, 1, 2),
    entry("switch", Group::Lazy, 2, 99),
    entry("take_while", Group::Sequence, 1, 1),
    entry("then", Group::Lazy, 2, 2),
    entry("time", Group::Date, 0, 1),
    entry("time_if_unknown", Group::Date, 0, 0),
    entry("trim", Group::Text, 0, 0),
    entry("truncate", Group::Text, 1, 2),
    entry("truncate_c", Group::Text, 1, 2),
    entry("truncate_w", Group::Text, 1, 2),
    entry("uncap_first", Group::Text, 0, 0),
    entry("upper_abc", Group::Number, 0, 0),
    entry("upper_case", Group::Text, 0, 0),
    entry("url", Group::Escape, 0, 1),
    entry("url_path", Group::Escape, 0, 1),
    entry("values", Group::Hash, 0, 0),
    entry("web_safe", Group::Escape, 0, 0),
    entry("word_list", Group::Pattern, 0, 0),
    entry("xhtml", Group::Escape, 0, 0),
    entry("xml", Group::Escape, 0, 0),
];

/// Built-ins of FreeMarker that are refused, with why.
const REFUSED: &[&str] = &[
    "absolute_template_name",
    "api",
    "has_api",
    "interpret",
    "is_transform",
    "namespace",
    "new",
    "truncate_c_m",
    "truncate_m",
    "truncate_w_m",
    "with_args",
    "with_args_last",
];

/// Directives that are refused.
pub const REFUSED_DIRECTIVES: &[&str] =
    &["call", "comment", "fallback", "import", "include", "recurse", "transform", "visit"];

/// Directives that are known.
pub const DIRECTIVES: &[&str] = &[
    "assign",
    "attempt",
    "autoesc",
    "break",
    "case",
    "compress",
    "continue",
    "default",
    "else",
    "elseif",
    "escape",
    "flush",
    "foreach",
    "ftl",
    "function",
    "global",
    "if",
    "items",
    "list",
    "local",
    "lt",
    "macro",
    "nested",
    "noautoesc",
    "noescape",
    "noparse",
    "nt",
    "outputformat",
    "recover",
    "return",
    "rt",
    "sep",
    "setting",
    "stop",
    "switch",
    "t",
];

/// The built-in of a name in either of FreeMarker's spellings, or what to say instead.
pub fn builtin(name: &str) -> Result<&'static Builtin, (String, Option<String>)> {
    let snake = snake_case(name);
    if let Ok(at) = BUILTINS.binary_search_by(|entry| entry.name.cmp(&snake)) {
        return BUILTINS.get(at).ok_or_else(|| (String::new(), None));
    }
    if REFUSED.contains(&snake.as_str()) {
        return Err((format!("The built-in ?{name} of FreeMarker is not supported"), None));
    }
    let hint = nearest(&snake, BUILTINS.iter().map(|entry| entry.name));
    Err((format!("Unknown built-in: \"{name}\""), hint.map(|name| format!("did you mean ?{name}?"))))
}

/// The candidate that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let best = candidates.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate)).min()?;
    (best.0 <= 2.max(name.len() / 3)).then_some(best.1)
}

/// `hasContent` as `has_content`.
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            if before_lower {
                out.push('_');
            }
            out.push(character.to_ascii_lowercase());
        } else {
            out.push(character);
        }
        before_lower = character.is_ascii_lowercase();
    }
    out
}

/// The special variable of a name.
pub fn special(name: &str) -> Option<Special> {
    Some(match snake_case(name).as_str() {
        "now" => Special::Now,
        "data_model" => Special::DataModel,
        "globals" => Special::Globals,
        "locals" => Special::Locals,
        "namespace" | "main" => Special::Namespace,
        "vars" => Special::Vars,
        "lang" => Special::Lang,
        "locale" => Special::Locale,
        "template_name" | "current_template_name" | "main_template_name" => Special::TemplateName,
        "version" => Special::Version,
        "error" => Special::Error,
        "output_format" => Special::OutputFormat,
        "auto_esc" => Special::AutoEsc,
        _ => return None,
    })
}

/// Its name, in snake case.
pub const fn special_name(special: Special) -> &'static str {
    match special {
        Special::Now => "now",
        Special::DataModel => "data_model",
        Special::Globals => "globals",
        Special::Locals => "locals",
        Special::Namespace => "namespace",
        Special::Vars => "vars",
        Special::Lang => "lang",
        Special::Locale => "locale",
        Special::TemplateName => "template_name",
        Special::Version => "version",
        Special::Error => "error",
        Special::OutputFormat => "output_format",
        Special::AutoEsc => "auto_esc",
    }
}

/// The setting of a name.
pub fn setting(name: &str) -> Option<Setting> {
    Some(match snake_case(name).as_str() {
        "number_format" => Setting::NumberFormat,
        "boolean_format" => Setting::BooleanFormat,
        "date_format" => Setting::DateFormat,
        "time_format" => Setting::TimeFormat,
        "datetime_format" => Setting::DateTimeFormat,
        "locale" => Setting::Locale,
        "time_zone" => Setting::TimeZone,
        "url_escaping_charset" => Setting::UrlCharset,
        "output_encoding" => Setting::OutputEncoding,
        _ => return None,
    })
}

/// The output format of a name.
pub fn output_format(name: &str) -> Option<OutputFormat> {
    Some(match name {
        "undefined" => OutputFormat::Undefined,
        "HTML" => OutputFormat::Html,
        "XHTML" => OutputFormat::Xhtml,
        "XML" => OutputFormat::Xml,
        "RTF" => OutputFormat::Rtf,
        "plainText" => OutputFormat::PlainText,
        "CSS" => OutputFormat::Css,
        "JavaScript" => OutputFormat::JavaScript,
        "JSON" => OutputFormat::Json,
        _ => return None,
    })
}

impl OutputFormat {
    /// Whether texts can be escaped for it, and so are by default.
    pub const fn is_markup(self) -> bool {
        matches!(self, Self::Html | Self::Xhtml | Self::Xml | Self::Rtf)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Html => "HTML",
            Self::Xhtml => "XHTML",
            Self::Xml => "XML",
            Self::Rtf => "RTF",
            Self::PlainText => "plainText",
            Self::Css => "CSS",
            Self::JavaScript => "JavaScript",
            Self::Json => "JSON",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_for_the_search() {
        assert!(BUILTINS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn both_spellings_and_what_is_meant() {
        assert_eq!(builtin("hasContent").map(|entry| entry.name), Ok("has_content"));
        assert_eq!(builtin("isoUtcMsNZ").map(|entry| entry.name), Ok("iso_utc_ms_nz"));
        assert_eq!(builtin("upercase").expect_err("unknown").1.as_deref(), Some("did you mean ?upper_case?"));
        assert!(builtin("new").expect_err("refused").0.contains("not supported"));
    }
}
