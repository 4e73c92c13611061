//! `cache`: answers a request with the response that an equal one got before (spec: EIP mediators 9). In memory, on each
//! node, for each mediator.

mod settings;
mod store;

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use http::header::{AGE, CACHE_CONTROL, DATE, ETAG, HeaderMap, HeaderName, HeaderValue};
use mi_payload::Payload;
use mi_payload::value::Value;
use ring::digest::{Context as Digest, SHA256};

use super::MediatorType;
use crate::context::{MessageContext, StatusProperty};
use crate::definition::syntax::{
    AttributeKind, ChildSyntax, Content, Occurs, Syntax, attribute, child, defaulted, required,
};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::mediator::{BoxFuture, Flow, Mediation, Mediator, MediatorList, Nature, Reference};
use crate::sequence::{Sequence, SequenceRef};
use settings::{Generator, Headers, Settings};
use store::{Key, Store, Stored, StoredBody};

const fn text(element: &'static str, doc: &'static str) -> ChildSyntax {
    child(element, Occurs::Optional, &[], Content::Text, doc)
}

/// Syntax of `cache`.
pub const SYNTAX: Syntax = Syntax {
    element: "cache",
    summary: "Answers a request with the response that an equal one got before. A finder stands before the back end is \
              called, a collector where its response comes back.",
    attributes: &[
        required("collector", AttributeKind::Boolean, "`false`: looks for a response. `true`: stores one."),
        defaulted("timeout", AttributeKind::Integer, "5000", "Seconds that a response is kept, from the request on."),
        defaulted(
            "maxMessageSize",
            AttributeKind::Integer,
            "-1",
            "Largest response that is stored, in bytes; -1: any.",
        ),
        attribute("id", AttributeKind::Text, "A name; it has no effect."),
        attribute("scope", AttributeKind::Text, "Has no effect."),
        attribute("hashGenerator", AttributeKind::Text, "As `protocol/hashGenerator`, without a `protocol`."),
    ],
    children: &[
        child(
            "onCacheHit",
            Occurs::Optional,
            &[attribute("sequence", AttributeKind::Key("sequence"), "A named sequence instead of mediators.")],
            Content::Mediators,
            "Runs when there is a response; without it that is sent back. The flow ends there in any case.",
        ),
        child(
            "protocol",
            Occurs::Optional,
            &[attribute(
                "type",
                AttributeKind::Text,
                "`HTTP`. Without it the children are ignored; with another one, status and method do not count.",
            )],
            Content::Children(&[
                text("methods", "Methods whose responses are stored, with commas; `*`: all."),
                text("headersToExcludeInHash", "Headers by which requests do not differ; `*`: all."),
                text("headersToIncludeInHash", "The only headers by which requests differ; wins."),
                text("responseCodes", "Regular expression of statuses that are stored. Default: `.*`."),
                text("enableCacheControl", "`true`: honours `Cache-Control` of the response."),
                text("includeAgeHeader", "`true`: says in `Age` how old the response is."),
                text(
                    "hashGenerator",
                    "`HttpRequestHashGenerator` (default), `DOMHASHGenerator` or `REQUESTHASHGenerator`, with package.",
                ),
            ]),
            "What makes requests equal and which responses are stored.",
        ),
        child(
            "implementation",
            Occurs::Optional,
            &[
                defaulted(
                    "maxSize",
                    AttributeKind::Integer,
                    "1000",
                    "Most responses that are kept; all of them take 64 MiB at most.",
                ),
                attribute("type", AttributeKind::Text, "Has no effect."),
            ],
            Content::Nothing,
            "How much is kept.",
        ),
    ],
    example: "<cache collector=\"false\" timeout=\"60\">\n    <protocol type=\"HTTP\"><methods>GET</methods></protocol>\n</cache>",
};

pub(super) const TYPE: MediatorType = MediatorType { syntax: &SYNTAX, parse };

fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Box<dyn Mediator>, DeployError> {
    match element.required("collector", "The collector attribute must be specified")? {
        "true" => Ok(Box::new(Collector)),
        "false" => Ok(Box::new(Finder::parse(element, definitions)?)),
        other => Err(element
            .attribute_error("collector", "The value for collector has to be either true or false")
            .hint(format!("not {other}"))),
    }
}

/// Looks for a response.
struct Finder {
    cache: Arc<Cache>,
    on_hit: Option<SequenceRef>,
}

/// Stores a response.
struct Collector;

/// A finder's responses and settings, which the collector uses too.
#[derive(Debug)]
struct Cache {
    settings: Settings,
    store: Store,
    clock: Clock,
}

/// The time since 1970 that never goes back.
#[derive(Debug)]
struct Clock {
    began: u64,
    since: Instant,
}

impl Clock {
    fn new() -> Self {
        let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self { began: u64::try_from(began).unwrap_or(0), since: Instant::now() }
    }

    fn now(&self) -> u64 {
        self.began.saturating_add(u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// A request that a finder has seen, and whose response a collector may store.
#[derive(Debug, Clone)]
pub struct Cacheable {
    cache: Arc<Cache>,
    key: Key,
    method: Arc<str>,
}

impl Finder {
    fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let seconds = element.integer("timeout")?.unwrap_or(5000);
        let lifetime = u64::try_from(seconds).unwrap_or(0).saturating_mul(1000);
        let implementation = element.child("implementation");
        let most = implementation.map(|implementation| implementation.integer("maxSize")).transpose()?.flatten();
        let most = most.and_then(|most| usize::try_from(most).ok());
        let on_hit = match element.child("onCacheHit") {
            None => None,
            Some(hit) => match SequenceRef::parse(hit, "sequence")? {
                Some(sequence) => Some(sequence),
                None if hit.children().next().is_none() => None,
                None => Some(SequenceRef::Inline(Arc::new(Sequence::inline(hit, definitions)?))),
            },
        };
        let cache =
            Cache { settings: Settings::parse(element)?, store: Store::new(most, lifetime), clock: Clock::new() };
        Ok(Self { cache: Arc::new(cache), on_hit })
    }

    /// The response for the message, if it is to be answered by it.
    fn find(&self, context: &mut MessageContext) -> Result<Option<Arc<Stored>>, Fault> {
        if context.is_response {
            return Err(Fault::new("Response messages cannot be handled in a non collector cache"));
        }
        let settings = &self.cache.settings;
        let method = context.method.as_ref().map_or("", |method| method.as_str());
        let key = key(context, settings, method)?;
        let method: Arc<str> = method.into();
        context.properties.set("requestHash", Value::from(printed(&key)));
        context.properties.set("CachableResponse", Value::Opaque("CachableResponse".into()));
        let now = self.cache.clock.now();
        let found = self.cache.store.find(key, now);
        context.cacheable = Some(Cacheable { cache: Arc::clone(&self.cache), key, method });
        let Some(stored) = found else { return Ok(None) };
        if settings.cache_control {
            let control = control(&stored.headers);
            if control.max_age.is_some_and(|age| now.saturating_sub(stored.born) > age.saturating_mul(1000)) {
                return Ok(None);
            }
            if control.no_cache
                && let Some(tag) = stored.headers.get(ETAG)
            {
                // The back end says whether the response still holds.
                context.headers.clear();
                context.headers.insert(http::header::IF_NONE_MATCH, tag.clone());
                return Ok(None);
            }
        }
        Ok(Some(stored))
    }

    async fn hit(&self, context: &mut MessageContext, stored: &Stored) -> Result<(), Fault> {
        restore(context, stored);
        if self.cache.settings.age {
            let age = self.cache.clock.now().saturating_sub(stored.born) / 1000;
            context.headers.insert(AGE, HeaderValue::from(age));
        }
        match &self.on_hit {
            None => context.respond().await,
            Some(sequence) => {
                if let SequenceRef::Named(name) = sequence
                    && context.configuration.sequence(name).is_none()
                {
                    return Err(Fault::new(format!("Sequence named '{}' does not exist", name.as_str())));
                }
                sequence.run(context).await.map(|_| ())
            }
        }
    }
}

/// Makes the message the stored response.
fn restore(context: &mut MessageContext, stored: &Stored) {
    context.is_response = true;
    // What goes out is an answer, not the request's own headers.
    context.dispatched = true;
    context.payload = stored.body.payload();
    context.headers.clone_from(&stored.headers);
    context.content_types.clone_from(&stored.content_types);
    context.rest = stored.rest;
    context.axis2.forget("NO_ENTITY_BODY");
    context.status = stored.status.map_or(StatusProperty::Unset, StatusProperty::OfAnswer);
    if let Some(reason) = &stored.reason {
        context.axis2.set("HTTP_SC_DESC", Value::from(reason.as_str()));
    }
}

impl Collector {
    /// Stores the response; the stored one when the back end says that it still holds.
    fn collect(context: &mut MessageContext) -> Result<Option<Arc<Stored>>, Fault> {
        if !context.is_response {
            return Err(Fault::new("Request messages cannot be handled in a collector cache"));
        }
        let Some(Cacheable { cache, key, method }) = context.cacheable.clone() else {
            tracing::warn!(
                target: "AUDIT_LOG",
                "A response message without a valid mapping to the request hash found. Unable to store the response in cache"
            );
            return Ok(None);
        };
        let now = cache.clock.now();
        let settings = &cache.settings;
        let status = match &context.status {
            StatusProperty::Unset => None,
            StatusProperty::OfAnswer(code) => Some(*code),
            StatusProperty::Set(value) => value.string_value().trim().parse().ok(),
        };
        if status == Some(304)
            && let Some(stored) = cache.store.peek(&key, now)
        {
            return Ok(Some(stored));
        }
        let fits = !settings.http
            || settings.methods.is_empty()
            || settings.methods.iter().any(|known| known.eq_ignore_ascii_case(&method));
        let answers = !settings.http
            || match (&settings.status, status) {
                (Some(pattern), Some(status)) => pattern.matches(&status.to_string()),
                _ => true,
            };
        if !fits || !answers || settings.cache_control && control(&context.headers).no_store {
            cache.store.put(&key, None, now);
            return Ok(None);
        }
        let Some((body, size)) = StoredBody::of(&context.payload) else { return Ok(None) };
        if settings.most_bytes.is_some_and(|most| size > most) {
            tracing::debug!(
                target: "org.wso2.carbon.mediator.cache.CacheMediator",
                "Message size exceeds the upper bound for caching, request will not be cached"
            );
            return Ok(None);
        }
        if let Some(kind) = context.content_types.message_type.clone() {
            context.set_header("messageType", &kind);
        }
        context.set_header("cacheKey", &printed(&key));
        let headers = context.headers.clone();
        let weight = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum::<usize>();
        // A tree takes several times the room of its text.
        let room = if matches!(body, StoredBody::Xml(_)) { size.saturating_mul(4) } else { size };
        let stored = Stored {
            body,
            status,
            reason: context.axis2.text("HTTP_SC_DESC").map(std::borrow::Cow::into_owned),
            born: date(&headers).unwrap_or(now),
            headers,
            content_types: context.content_types.clone(),
            rest: context.rest,
            size: room + weight + 256,
        };
        cache.store.put(&key, Some(Arc::new(stored)), now);
        Ok(None)
    }
}

/// What equal requests have in common.
fn key(context: &MessageContext, settings: &Settings, method: &str) -> Result<Key, Fault> {
    let mut digest = Digest::new(&SHA256);
    // Parts are set apart by their lengths: no two different requests run together to one text.
    let mut part = |bytes: &[u8]| {
        digest.update(&(bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    if settings.generator != Generator::Dom {
        part(context.to_address().unwrap_or("").as_bytes());
    }
    let http = settings.generator == Generator::Http;
    if http {
        part(method.as_bytes());
        let mut headers: Vec<_> = context.headers.iter().filter(|(name, _)| counts(context, settings, name)).collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        for (name, value) in headers {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
    }
    if !(http && context.rest && matches!(method, "GET" | "DELETE" | "HEAD")) {
        match &context.payload {
            Payload::Json(json) => part(json.text()),
            Payload::Text(text) => part(text.as_str().as_bytes()),
            Payload::Binary(binary) => part(binary.bytes()),
            payload => {
                let envelope = payload.envelope(&context.configuration.settings.json)?;
                let body = envelope.document.to_xml(envelope.body);
                part(body.as_bytes());
            }
        }
    }
    let hash = digest.finish();
    let mut key = Key::default();
    for (slot, byte) in key.iter_mut().zip(hash.as_ref()) {
        *slot = *byte;
    }
    Ok(key)
}

fn counts(context: &MessageContext, settings: &Settings, name: &HeaderName) -> bool {
    if name == DATE || name == http::header::USER_AGENT || *name == context.configuration.settings.correlation_header {
        return false;
    }
    let listed = |names: &[String]| names.iter().any(|known| known.eq_ignore_ascii_case(name.as_str()));
    match &settings.headers {
        Headers::All => true,
        Headers::None => false,
        Headers::Only(names) => listed(names),
        Headers::But(names) => !listed(names),
    }
}

/// The digest in MI's notation: its bytes as signed decimals, one after the other.
fn printed(key: &Key) -> String {
    key.iter().map(|byte| byte.cast_signed().to_string()).collect()
}

/// What `Cache-Control` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Control {
    max_age: Option<u64>,
    no_cache: bool,
    no_store: bool,
}

fn control(headers: &HeaderMap) -> Control {
    let mut control = Control::default();
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().unwrap_or("").split(',') {
            match directive.trim().to_ascii_lowercase().as_str() {
                "no-cache" => control.no_cache = true,
                "no-store" => control.no_store = true,
                other => {
                    if let Some(age) = other.strip_prefix("max-age=") {
                        control.max_age = age.trim_matches('"').parse().ok();
                    }
                }
            }
        }
    }
    control
}

fn date(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    u64::try_from(date.timestamp_millis()).ok()
}

impl Mediator for Finder {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            match self.find(context)? {
                None => Ok(Flow::Continue),
                Some(stored) => {
                    self.hit(context, &stored).await?;
                    Ok(Flow::Stop)
                }
            }
        })
    }

    fn children(&self) -> Vec<&MediatorList> {
        self.on_hit.iter().filter_map(SequenceRef::inline_mediators).collect()
    }

    fn references(&self) -> Vec<Reference> {
        self.on_hit.iter().filter_map(SequenceRef::reference).collect()
    }
}

impl Mediator for Collector {
    fn name(&self) -> &'static str {
        "cache"
    }

    fn nature(&self) -> Nature {
        Nature { content_aware: true, reads_body: true, waits: true }
    }

    fn mediate_async<'a>(&'a self, context: &'a mut MessageContext) -> BoxFuture<'a, Mediation> {
        Box::pin(async move {
            if let Some(stored) = Self::collect(context)? {
                restore(context, &stored);
                context.respond().await?;
            }
            Ok(Flow::Continue)
        })
    }
}

#[cfg(test)]
mod tests;
