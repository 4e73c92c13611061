//! What a `cache` element says (spec: EIP mediators 9).

use mi_payload::java::JavaRegex;

use crate::definition::{DeployError, Element};

/// What a request is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generator {
    /// Address, headers and, but for GET, DELETE and HEAD, the payload.
    Http,
    /// The payload.
    Dom,
    /// Payload and address.
    Request,
}

/// Which headers count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Headers {
    All,
    None,
    Only(Vec<String>),
    But(Vec<String>),
}

/// Settings of a finder.
#[derive(Debug)]
pub(super) struct Settings {
    pub generator: Generator,
    pub headers: Headers,
    /// Largest response that is stored, in bytes.
    pub most_bytes: Option<usize>,
    /// Methods whose responses are stored; empty means all.
    pub methods: Vec<String>,
    pub status: Option<JavaRegex>,
    pub cache_control: bool,
    pub age: bool,
    /// Checks of status and method apply.
    pub http: bool,
}

const METHODS: &[&str] = &["POST", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "*"];

impl Settings {
    pub fn parse(element: Element<'_>) -> Result<Self, DeployError> {
        let most_bytes = element.integer("maxMessageSize")?.and_then(|size| usize::try_from(size).ok());
        let mut settings = Self {
            generator: Generator::Http,
            headers: Headers::All,
            most_bytes,
            methods: Vec::new(),
            status: None,
            cache_control: false,
            age: false,
            http: true,
        };
        match element.child("protocol") {
            Some(protocol) => {
                if let Some(kind) = protocol.attribute("type") {
                    settings.http = kind.eq_ignore_ascii_case("HTTP");
                    settings.protocol(protocol)?;
                }
            }
            None => {
                if let Some(class) = element.non_empty("hashGenerator") {
                    settings.generator = generator(class)
                        .ok_or_else(|| element.attribute_error("hashGenerator", CANNOT_LOAD).hint(class))?;
                }
            }
        }
        Ok(settings)
    }

    fn protocol(&mut self, protocol: Element<'_>) -> Result<(), DeployError> {
        let text = |name: &str| protocol.child(name).and_then(Element::trimmed_text);
        let list = |name: &str| -> Vec<String> {
            let text = text(name).unwrap_or_default();
            text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
        };
        for method in list("methods") {
            let method = method.to_uppercase();
            if !METHODS.contains(&method.as_str()) {
                return Err(protocol.error(format!("Unexpected method type: {method}")).hint(METHODS.join(", ")));
            }
            self.methods.push(method);
        }
        if self.methods.iter().any(|method| method == "*") {
            self.methods.clear();
        }
        let (included, excluded) = (list("headersToIncludeInHash"), list("headersToExcludeInHash"));
        self.headers = match (included.first(), excluded.first()) {
            (Some(first), _) if first == "*" => Headers::All,
            (Some(_), _) => Headers::Only(included),
            (None, Some(first)) if first == "*" => Headers::None,
            (None, Some(_)) => Headers::But(excluded),
            (None, None) => Headers::All,
        };
        if let Some(pattern) = text("responseCodes").filter(|pattern| pattern != ".*") {
            let regex = JavaRegex::new(&pattern).map_err(|error| {
                protocol.error(format!("Invalid regular expression: {pattern}")).hint(error.message)
            })?;
            self.status = Some(regex);
        }
        self.cache_control = text("enableCacheControl").as_deref() == Some("true");
        self.age = text("includeAgeHeader").as_deref() == Some("true");
        if let Some(class) = text("hashGenerator") {
            self.generator = generator(&class).ok_or_else(|| protocol.error(CANNOT_LOAD).hint(class))?;
        }
        Ok(())
    }
}

const CANNOT_LOAD: &str = "Unable to load the hash generator class";

/// The generator of a class of MI.
fn generator(class: &str) -> Option<Generator> {
    match class.trim().rsplit('.').next()? {
        "HttpRequestHashGenerator" => Some(Generator::Http),
        "DOMHASHGenerator" => Some(Generator::Dom),
        "REQUESTHASHGenerator" => Some(Generator::Request),
        _ => None,
    }
}
