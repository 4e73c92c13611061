//! Parameters of queries (spec: runtime 8.1).

use std::sync::Arc;

use mi_datasource::SqlType;
use mi_mediation::{DeployError, Element};

use super::validator::Validator;
use super::{children, is_true};

/// A parameter of a query.
#[derive(Debug, Clone)]
pub(crate) struct Param {
    pub(crate) name: Arc<str>,
    pub(crate) kind: ParamKind,
    /// Its type as written, for who describes the service.
    pub(crate) sql_type: String,
    /// It takes several values.
    pub(crate) is_array: bool,
    /// The `?` that it stands for, from 1.
    pub(crate) ordinal: usize,
    pub(crate) default: Option<DefaultValue>,
    /// The default is also for a value that is NULL.
    pub(crate) force_default: bool,
    pub(crate) optional: bool,
    pub(crate) validators: Vec<Validator>,
}

/// How a value is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamKind {
    /// As text, also of types that only some databases have.
    Text,
    /// By its type.
    Sql(SqlType),
    /// Not at all: it becomes part of the statement's text.
    QueryString,
}

/// `defaultValue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    Text(String),
    /// The items of an array.
    Items(Vec<String>),
    /// `#{NULL}`, and what needs a user where nobody has signed in.
    Null,
    /// `#{TENANT_ID}`
    Tenant,
    /// `#{CURRENT_TIMESTAMP}`
    Now,
}

impl Param {
    /// The parameters of a query, in order.
    pub(crate) fn parse_all(query: Element<'_>) -> Result<Vec<Self>, DeployError> {
        let mut params: Vec<Self> = Vec::new();
        let mut highest = 0;
        for element in children(query, "param") {
            let param = Self::parse(element, &mut highest)?;
            if params.iter().any(|known| known.name == param.name) {
                let name = &param.name;
                return Err(element.attribute_error("name", format!("There are two params with the name '{name}'")));
            }
            params.push(param);
        }
        Ok(params)
    }

    fn parse(element: Element<'_>, highest: &mut usize) -> Result<Self, DeployError> {
        let name = element.required("name", "A param needs a name")?.trim();
        let given = element.integer("ordinal")?.and_then(|ordinal| usize::try_from(ordinal).ok()).unwrap_or_default();
        let ordinal = if given > 0 { given } else { *highest + 1 };
        *highest = ordinal.max(*highest);
        let direction = element.non_empty("type").unwrap_or("IN");
        if !direction.eq_ignore_ascii_case("IN") {
            let message = format!(
                "The param '{name}' is of the type {direction}: parameters that a procedure sets are not in this server"
            );
            return Err(element.attribute_error("type", message).hint("let the procedure answer with a row"));
        }
        let is_array = match element.non_empty("paramType").map(str::to_uppercase).as_deref() {
            None | Some("SCALAR") => false,
            Some("ARRAY") => true,
            Some(other) => {
                let message = format!("The paramType {other} of the param '{name}' is not known");
                return Err(element.attribute_error("paramType", message).hint("SCALAR and ARRAY are"));
            }
        };
        let sql_type = element.required("sqlType", &format!("The param '{name}' needs a sqlType"))?.to_uppercase();
        let kind = kind(&sql_type).ok_or_else(|| {
            let message = format!("The sqlType {sql_type} of the param '{name}' is not in this server");
            element.attribute_error("sqlType", message)
        })?;
        let default = element.attribute("defaultValue").map(|text| default(element, text, is_array)).transpose()?;
        Ok(Self {
            name: name.into(),
            kind,
            sql_type,
            is_array,
            ordinal,
            default,
            force_default: is_true(element, "forceDefault"),
            optional: is_true(element, "optional"),
            validators: Validator::parse_all(element)?,
        })
    }
}

/// How values of a type are bound; text for types that are not known, as in MI.
fn kind(sql_type: &str) -> Option<ParamKind> {
    Some(match sql_type {
        "QUERY_STRING" => ParamKind::QueryString,
        "INTEGER" => ParamKind::Sql(SqlType::Integer),
        "BIGINT" => ParamKind::Sql(SqlType::Big),
        "TINYINT" | "SMALLINT" => ParamKind::Sql(SqlType::Small),
        "NUMERIC" | "DECIMAL" | "MONEY" | "SMALLMONEY" => ParamKind::Sql(SqlType::Decimal),
        "DOUBLE" | "FLOAT" => ParamKind::Sql(SqlType::Double),
        "REAL" => ParamKind::Sql(SqlType::Real),
        "BIT" | "BOOLEAN" => ParamKind::Sql(SqlType::Bit),
        "DATE" => ParamKind::Sql(SqlType::Date),
        "TIME" => ParamKind::Sql(SqlType::Time),
        "TIMESTAMP" => ParamKind::Sql(SqlType::Timestamp),
        "BINARY" | "BLOB" | "VARBINARY" | "LONG VARBINARY" | "IMAGE" => ParamKind::Sql(SqlType::Bytes),
        "STRUCT" | "ARRAY" | "ORACLE_REF_CURSOR" | "VARINT" => return None,
        _ => ParamKind::Text,
    })
}

fn default(element: Element<'_>, text: &str, is_array: bool) -> Result<DefaultValue, DeployError> {
    let property = text.strip_prefix("#{").and_then(|rest| rest.strip_suffix('}')).map(str::trim);
    Ok(match property {
        Some("TENANT_ID") => DefaultValue::Tenant,
        Some("CURRENT_TIMESTAMP") => DefaultValue::Now,
        Some(_) => DefaultValue::Null,
        None if is_array => {
            DefaultValue::Items(items(text).map_err(|why| element.attribute_error("defaultValue", why))?)
        }
        None => DefaultValue::Text(text.to_owned()),
    })
}

/// The items of a list with commas; an item may be in quotes, and a backslash takes the next character as it is.
fn items(text: &str) -> Result<Vec<String>, String> {
    let mut items = Vec::new();
    let mut item = String::new();
    let mut quote = None;
    let mut at_begin = true;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' if at_begin => {
                quote = Some(c);
                at_begin = false;
                continue;
            }
            '\\' => item.push(match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(other) => other,
                None => return Err("Input ended abruptly with \\".to_owned()),
            }),
            c if quote == Some(c) => match chars.next() {
                None => {
                    items.push(item);
                    return Ok(items);
                }
                Some(',') => {
                    items.push(std::mem::take(&mut item));
                    quote = None;
                    at_begin = true;
                    continue;
                }
                Some(_) => return Err(format!("Something follows the closing quote of '{item}'; a comma is expected")),
            },
            ',' if quote.is_none() => {
                items.push(std::mem::take(&mut item));
                at_begin = true;
                continue;
            }
            c => item.push(c),
        }
        at_begin = false;
    }
    if quote.is_some() {
        return Err("At the end there was a quote present without ending quote.".to_owned());
    }
    items.push(item);
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_default_values() {
        for (text, expected) in [
            ("a,b", Ok(vec!["a", "b"])),
            ("'a,b',\"c\"", Ok(vec!["a,b", "c"])),
            ("a\\,b,", Ok(vec!["a,b", ""])),
            ("", Ok(vec![""])),
            ("'a'b", Err("Something follows the closing quote of 'a'; a comma is expected")),
            ("'a", Err("At the end there was a quote present without ending quote.")),
            ("a\\", Err("Input ended abruptly with \\")),
        ] {
            let found = items(text);
            let found = found.as_ref().map(|items| items.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(found.map_err(|error| error.as_str()), expected, "{text}");
        }
    }
}
