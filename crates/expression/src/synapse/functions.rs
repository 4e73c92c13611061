//! The functions (spec, 4.6), but for those of text, which are in `text_functions`.

use std::borrow::Cow;
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use mi_payload::{Value, XmlFragment, java};
use serde_json::Value as Json;

use super::ast::{Function, Node, Tail};
use super::evaluate::{Evaluated, Evaluator, Fail, wrong_count};
use super::text_functions;
use super::value::{PlainNumber, Val, parse_double};
use crate::jsonpath::json_eval::read_json;
use crate::namespaces::Namespaces;
use crate::xpath::SynapseXPath;

impl<'m> Evaluator<'m, '_> {
    pub(super) fn call(&self, function: Function, arguments: &[Node], tail: &Tail, object: bool) -> Evaluated<'m> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.value(argument, false)?;
            if value.is_null() {
                return Err(Fail::Soft(format!("Null source value provided for the function: {}", function.name())));
            }
            values.push(value);
        }
        if let (Function::Registry, [path], Tail::Property(name)) = (function, values.as_slice(), tail) {
            let name = self.value(name, false)?;
            let found = self.message.registry_property(&path.text(), &name.text());
            return found.map(Val::Text).ok_or_else(|| Fail::Soft(format!("{} has no such property", path.text())));
        }
        let result = match (function, values.as_slice()) {
            (Function::Now, []) => Val::Long(self.message.now_millis()),
            (Function::Registry, [path]) => {
                let text = self.message.registry_resource(&path.text());
                Val::Text(text.ok_or_else(|| Fail::Soft(format!("there is no resource {}", path.text())))?)
            }
            (Function::WsoVault, [alias]) => {
                let secret = self.message.secret(&alias.text());
                Val::Text(secret.ok_or_else(|| Fail::Soft(format!("there is no secret {}", alias.text())))?)
            }
            (Function::HashicorpVault, [_, _] | [_, _, _]) => {
                return Err(Fail::Soft("no external vault is configured".to_owned()));
            }
            (Function::XPath, [text]) => self.runtime_xpath(text, None, object)?,
            (Function::XPath, [text, variable]) => self.runtime_xpath(text, Some(variable), object)?,
            (Function::FormatDateTime, values) => self.format_date_time(values)?,
            (Function::Object | Function::Array, [value]) => self.parsed(function, value)?,
            (
                Function::Abs
                | Function::Ceil
                | Function::Floor
                | Function::Round
                | Function::Sqrt
                | Function::Pow
                | Function::Log,
                values,
            ) => math(function, values)?,
            (
                Function::Boolean
                | Function::Float
                | Function::Integer
                | Function::IsArray
                | Function::IsNumber
                | Function::IsObject
                | Function::IsString
                | Function::Not
                | Function::String,
                [value],
            ) => convert(function, value)?,
            (Function::Base64Decode, [value]) => {
                let encoded = value.as_string().ok_or_else(|| invalid(function))?;
                let text = text_functions::base64_decode(encoded);
                Val::Text(text.map_err(|message| self.fault(message))?.into())
            }
            (function, values) => text_functions::call(function, values)?,
        };
        match tail {
            Tail::Nothing => Ok(result),
            Tail::Property(_) => Err(Fail::Soft(format!("{} has no properties", function.name()))),
            Tail::Path(path) => {
                let json = match &result {
                    Val::Json(json) => Cow::Borrowed(&**json),
                    other => Cow::Owned(
                        read_json(&other.text())
                            .map_err(|_| Fail::Soft(format!("{} gave no JSON", function.name())))?,
                    ),
                };
                self.walk_owned(path, &json)
            }
        }
    }

    /// `xpath(…)` on the message or on an XML variable.
    pub(super) fn xpath(&self, xpath: &SynapseXPath, variable: Option<&Node>, object: bool) -> Evaluated<'m> {
        let variable = variable.map(|variable| self.value(variable, false)).transpose()?;
        self.apply_xpath(xpath, variable.as_ref(), object)
    }

    fn runtime_xpath(&self, text: &Val<'m>, variable: Option<&Val<'m>>, object: bool) -> Evaluated<'m> {
        let xpath =
            SynapseXPath::compile(&text.text(), &Namespaces::none()).map_err(|error| self.fault(error.to_string()))?;
        self.apply_xpath(&xpath, variable, object)
    }

    fn apply_xpath(&self, xpath: &SynapseXPath, variable: Option<&Val<'m>>, object: bool) -> Evaluated<'m> {
        let fragment = variable.map(|name| self.xml_variable(&name.text())).transpose()?;
        if object {
            return match xpath.nodes(fragment.as_deref(), self.message)? {
                Some(Value::Nodes(items)) => Ok(Val::Nodes(items)),
                _ => Err(self.fault(format!("{} does not select nodes", xpath.text()))),
            };
        }
        let text = match fragment {
            Some(fragment) => Some(Cow::Owned(xpath.string_on(&fragment, self.message)?)),
            None => xpath.string(self.message)?,
        };
        Ok(text.map_or(Val::Null, Val::Text))
    }

    /// A variable that holds XML, or (`name.entry`) the entry of a map variable.
    fn xml_variable(&self, name: &str) -> Result<Cow<'m, XmlFragment>, Fail> {
        let entry = || {
            let (map, key) = name.split_once('.')?;
            match self.message.variable(map)? {
                Value::Map(entries) => entries.get(key),
                _ => None,
            }
        };
        match self.message.variable(name).or_else(entry) {
            Some(Value::Xml(fragment)) => Ok(Cow::Borrowed(fragment)),
            Some(Value::String(text)) => XmlFragment::parse(text)
                .map(Cow::Owned)
                .map_err(|error| Fail::Soft(format!("Variable {name} is not XML: {error}"))),
            Some(_) => Err(Fail::Soft(format!("Variable {name} is not XML"))),
            None => Err(Fail::Soft(format!("Variable {name} is not defined"))),
        }
    }

    fn format_date_time(&self, values: &[Val<'m>]) -> Evaluated<'m> {
        let formatter = |pattern: &Val<'_>| {
            java::DateTimeFormatter::parse(&pattern.text()).map_err(|error| self.fault(error.to_string()))
        };
        let soft = |error: String| Fail::Soft(error);
        match values {
            [millis, pattern] => {
                let long = millis.as_long().or_else(|| millis.as_integer().map(i64::from));
                // A JSON number counts as every class, and a timestamp does not fit the smallest one.
                let exact = match millis {
                    Val::Json(json) => json.as_i64(),
                    _ => long,
                };
                let millis = exact.or_else(|| millis.as_double().map(|double| double as i64));
                let millis = millis.ok_or_else(|| invalid(Function::FormatDateTime))?;
                let text = formatter(pattern)?.format_millis(millis).map_err(|error| soft(error.to_string()))?;
                Ok(Val::Text(text.into()))
            }
            [text, from, to] => {
                let text = text.as_string().ok_or_else(|| invalid(Function::FormatDateTime))?;
                let moment = formatter(from)?.read(text).map_err(|error| soft(error.to_string()))?;
                let text = formatter(to)?.format(&moment).map_err(|error| soft(error.to_string()))?;
                Ok(Val::Text(text.into()))
            }
            values => Err(wrong_count(Function::FormatDateTime, values.len())),
        }
    }

    /// `object(…)` and `array(…)`.
    fn parsed(&self, function: Function, value: &Val<'m>) -> Evaluated<'m> {
        let fits = |json: &Json| if function == Function::Object { json.is_object() } else { json.is_array() };
        match value {
            Val::Json(json) if fits(json) => Ok(value.clone()),
            Val::Json(json) if !json.is_string() => Err(invalid(function)),
            Val::Text(_) | Val::Json(_) => {
                // Only double quotes are taken off a literal, so that one in single quotes is no JSON.
                let raw = match value {
                    Val::Text(text) => Cow::Borrowed(&**text),
                    other => other.text(),
                };
                let bare = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&raw);
                match read_json(&bare.replace('\\', "")) {
                    Ok(json) if fits(&json) => Ok(Val::Json(Cow::Owned(json))),
                    _ => Err(invalid(function)),
                }
            }
            _ => Err(invalid(function)),
        }
    }
}

pub(super) fn invalid(function: Function) -> Fail {
    Fail::Soft(format!("Invalid argument provided for {} function", function.name()))
}

fn math<'m>(function: Function, values: &[Val<'m>]) -> Evaluated<'m> {
    let number = |value: &Val<'_>| value.as_plain_number().ok_or_else(|| invalid(function));
    match (function, values) {
        (Function::Round, [Val::Long(number), _]) => Ok(Val::Long(*number)),
        (Function::Abs | Function::Ceil | Function::Floor | Function::Round, [value]) => Ok(match number(value)? {
            PlainNumber::Integer(integer) if function == Function::Abs => Val::Integer(integer.wrapping_abs()),
            PlainNumber::Integer(integer) => Val::Integer(integer),
            PlainNumber::Double(double) => match function {
                Function::Abs => Val::Double(double.abs()),
                Function::Ceil => Val::Double(double.ceil()),
                Function::Floor => Val::Double(double.floor()),
                // Rounded to 64 bits, then cut to 32, as Java's casts do.
                _ => Val::Integer((double + 0.5).floor() as i64 as i32),
            },
        }),
        (Function::Round, [value, places]) => {
            let places = places.as_integer().filter(|places| *places > 0).ok_or_else(|| invalid(function))?;
            match number(value)? {
                PlainNumber::Integer(integer) => Ok(Val::Integer(integer)),
                PlainNumber::Double(double) => {
                    let exact = BigDecimal::from_str(&java::double_to_string(double)).map_err(|_| invalid(function))?;
                    // More places than a double has digits change nothing.
                    let rounded = exact.with_scale_round(i64::from(places.min(400)), RoundingMode::HalfUp);
                    Ok(Val::Double(rounded.to_f64().unwrap_or(double)))
                }
            }
        }
        (Function::Sqrt, [value]) => Ok(Val::Double(number(value)?.as_f64().sqrt())),
        (Function::Pow, [base, exponent]) => Ok(Val::Double(number(base)?.as_f64().powf(number(exponent)?.as_f64()))),
        (Function::Log, [value]) => Ok(Val::Double(number(value)?.as_f64().log10())),
        (Function::Log, [value, base]) => Ok(Val::Double(number(value)?.as_f64().ln() / number(base)?.as_f64().ln())),
        (function, values) => Err(wrong_count(function, values.len())),
    }
}

fn convert<'m>(function: Function, value: &Val<'m>) -> Evaluated<'m> {
    let holds = |kind: fn(&Json) -> bool| match value {
        Val::Json(json) if kind(json) => true,
        // As for `object(…)`: backslashes are dropped first.
        value => value.as_string().is_some_and(|text| read_json(&text.replace('\\', "")).is_ok_and(|json| kind(&json))),
    };
    Ok(match function {
        Function::IsString => Val::Boolean(value.as_string().is_some()),
        Function::IsNumber => Val::Boolean(value.as_plain_number().is_some()),
        Function::IsArray => Val::Boolean(holds(Json::is_array)),
        Function::IsObject => Val::Boolean(holds(Json::is_object)),
        Function::Not => Val::Boolean(!value.as_boolean().ok_or_else(|| invalid(function))?),
        Function::String => Val::Text(value.text().into_owned().into()),
        Function::Boolean => Val::Boolean(value.text().eq_ignore_ascii_case("true")),
        Function::Integer => {
            let integer = match (value.as_plain_number(), value.as_string()) {
                (Some(PlainNumber::Integer(integer)), _) => Some(integer),
                (None, Some(text)) => text.parse().ok(),
                _ => None,
            };
            Val::Integer(integer.ok_or_else(|| invalid(function))?)
        }
        _ => {
            let double = match (value.as_plain_number(), value.as_string()) {
                (Some(number), _) => Some(number.as_f64()),
                (None, Some(text)) => parse_double(text),
                _ => None,
            };
            Val::Double(double.ok_or_else(|| invalid(function))?)
        }
    })
}
