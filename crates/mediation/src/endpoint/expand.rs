//! URLs from templates: RFC 6570 with Synapse's variables (spec: services 4.3, payload 5.5).

use std::borrow::Cow;
use std::sync::Arc;

use mi_payload::value::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::context::MessageContext;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const RESERVED: &AsciiSet = &UNRESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'#')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// A `uri-template`, taken apart at deployment.
#[derive(Debug, Clone)]
pub struct UrlTemplate {
    text: Arc<str>,
    parts: Vec<Part>,
    legacy: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Expression { operator: Operator, variables: Vec<Variable> },
}

#[derive(Debug, Clone)]
struct Variable {
    name: String,
    prefix: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operator {
    first: &'static str,
    separator: &'static str,
    named: bool,
    if_empty: &'static str,
    reserved: bool,
}

impl Operator {
    fn of(sign: u8) -> Option<Self> {
        let plain = Self { first: "", separator: ",", named: false, if_empty: "", reserved: false };
        Some(match sign {
            b'+' => Self { reserved: true, ..plain },
            b'#' => Self { first: "#", reserved: true, ..plain },
            b'.' => Self { first: ".", separator: ".", ..plain },
            b'/' => Self { first: "/", separator: "/", ..plain },
            b';' => Self { first: ";", separator: ";", named: true, ..plain },
            b'?' => Self { first: "?", separator: "&", named: true, if_empty: "=", ..plain },
            b'&' => Self { first: "&", separator: "&", named: true, if_empty: "=", ..plain },
            _ => return None,
        })
    }
}

impl UrlTemplate {
    /// Takes a template apart. What is no valid template is sent as it is, as MI does.
    pub fn parse(text: &str) -> Self {
        let (legacy, body) = match text.strip_prefix("legacy-encoding:") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        // The idiom `{uri.var.url}` passes a whole URL: it is read as `{+uri.var.url}`.
        let body = match body.strip_prefix('{') {
            Some(rest) if !rest.starts_with('+') => Cow::Owned(format!("{{+{rest}")),
            _ => Cow::Borrowed(body),
        };
        let parts = parts(&body).unwrap_or_else(|| vec![Part::Literal(body.clone().into_owned())]);
        Self { text: body.as_ref().into(), parts, legacy }
    }

    /// The template as it is used.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The URL for a message. Without any variable of the kinds `uri.var.*` and `query.param.*` on the message, the
    /// template is taken literally.
    pub fn expand(&self, context: &MessageContext) -> Arc<str> {
        if let [Part::Literal(_)] = self.parts.as_slice() {
            return self.text.clone();
        }
        let is_variable = |name: &str| name.starts_with("uri.var.") || name.starts_with("query.param.");
        if !context.properties.iter().any(|(name, _)| is_variable(name)) {
            return self.text.clone();
        }
        let lookup = |name: &str| {
            let value = context.properties.get(name).filter(|_| is_variable(name))?;
            let text = value.string_value().into_owned();
            Some(if self.legacy { mi_payload::build::form_decode(&text) } else { text })
        };
        let mut url = String::with_capacity(self.text.len() + 32);
        for part in &self.parts {
            match part {
                Part::Literal(literal) => url.push_str(literal),
                Part::Expression { operator, variables } => expand(*operator, variables, &lookup, &mut url),
            }
        }
        url.into()
    }
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}')? + open;
        if open > 0 {
            parts.push(Part::Literal(rest[..open].to_owned()));
        }
        let inner = &rest[open + 1..close];
        let operator = inner.bytes().next().and_then(Operator::of);
        let names = if operator.is_some() { &inner[1..] } else { inner };
        let variables = names.split(',').map(variable).collect::<Option<Vec<_>>>()?;
        let plain = Operator { first: "", separator: ",", named: false, if_empty: "", reserved: false };
        parts.push(Part::Expression { operator: operator.unwrap_or(plain), variables });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Some(parts)
}

fn variable(text: &str) -> Option<Variable> {
    // The explode modifier changes nothing: a variable is one text.
    let text = text.strip_suffix('*').unwrap_or(text);
    let (name, prefix) = match text.split_once(':') {
        Some((name, length)) => (name, Some(length.parse().ok()?)),
        None => (text, None),
    };
    let valid =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'%' | b'-'));
    valid.then(|| Variable { name: name.to_owned(), prefix })
}

fn expand(operator: Operator, variables: &[Variable], lookup: &dyn Fn(&str) -> Option<String>, url: &mut String) {
    let mut first = true;
    for variable in variables {
        let Some(mut value) = lookup(&variable.name) else { continue };
        if let Some(length) = variable.prefix {
            value = value.chars().take(length).collect();
        }
        url.push_str(if first { operator.first } else { operator.separator });
        first = false;
        if operator.named {
            url.push_str(&variable.name);
            url.push_str(if value.is_empty() { operator.if_empty } else { "=" });
        }
        if operator.reserved {
            push_reserved(&value, url);
        } else {
            url.extend(utf8_percent_encode(&value, UNRESERVED));
        }
    }
}

/// Reserved characters and escapes that are there already stay.
fn push_reserved(value: &str, url: &mut String) {
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        url.extend(utf8_percent_encode(&rest[..at], RESERVED));
        let escape = rest.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        url.push_str(if escape { "%" } else { "%25" });
        rest = &rest[at + 1..];
    }
    url.extend(utf8_percent_encode(rest, RESERVED));
}

/// An address with `${name}` parts, each replaced by the property of that name; unknown names stay as they are.
#[derive(Debug, Clone)]
pub struct AddressTemplate {
    text: Arc<str>,
    dynamic: bool,
}

impl AddressTemplate {
    /// Looks for `${…}` in `text`.
    pub fn parse(text: &str) -> Self {
        Self { text: text.into(), dynamic: text.contains("${") }
    }

    /// The address as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The address for a message.
    pub fn expand(&self, context: &MessageContext) -> Arc<str> {
        if !self.dynamic {
            return self.text.clone();
        }
        let mut out = String::with_capacity(self.text.len());
        let mut rest: &str = &self.text;
        while let Some(at) = rest.find("${") {
            let Some(end) = rest[at..].find('}').map(|end| at + end) else { break };
            out.push_str(&rest[..at]);
            let value = context.property(crate::context::Scope::Default, &rest[at + 2..end]);
            match value.as_deref().map(Value::string_value) {
                Some(text) => out.push_str(&text),
                None => out.push_str(&rest[at..=end]),
            }
            rest = &rest[end + 1..];
        }
        out.push_str(rest);
        out.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn expanded(template: &str, properties: &[(&str, &str)]) -> String {
        let mut context = testing::context();
        for (name, value) in properties {
            context.properties.set(*name, Value::from(*value));
        }
        UrlTemplate::parse(template).expand(&context).to_string()
    }

    #[test]
    fn expands_synapse_variables() {
        let properties = [("uri.var.id", "a/b c"), ("query.param.q", "x&y"), ("other", "z"), ("uri.var.e", "")];
        for (template, url) in [
            ("http://h/{uri.var.id}", "http://h/a%2Fb%20c"),
            ("http://h/{+uri.var.id}", "http://h/a/b%20c"),
            ("http://h/x{?query.param.q}", "http://h/x?query.param.q=x%26y"),
            ("http://h/x?y=1{&query.param.q,uri.var.e}", "http://h/x?y=1&query.param.q=x%26y&uri.var.e="),
            ("http://h/{uri.var.none}", "http://h/"),
            ("http://h/{other}", "http://h/"),
            ("http://h{/uri.var.id}", "http://h/a%2Fb%20c"),
            ("http://h/{uri.var.id:1}", "http://h/a"),
            ("http://h/{broken", "http://h/{broken"),
        ] {
            assert_eq!(expanded(template, &properties), url, "{template}");
        }
    }

    #[test]
    fn a_template_that_is_one_variable_passes_a_whole_url() {
        let url = "http://h:1/p%20q/?a=b";
        assert_eq!(expanded("{uri.var.u}", &[("uri.var.u", url)]), url);
    }

    #[test]
    fn without_variables_the_template_is_literal() {
        assert_eq!(expanded("http://h/{uri.var.id}", &[]), "http://h/{uri.var.id}");
    }

    #[test]
    fn addresses_take_properties() {
        let mut context = testing::context();
        context.properties.set("host", Value::from("h"));
        let template = AddressTemplate::parse("http://${host}/${none}/x");
        assert_eq!(&*template.expand(&context), "http://h/${none}/x");
    }
}
