//! Artifacts by key that no folder of artifacts holds: sequences and endpoints in local entries or in the registry, built
//! when first used and again when the resource has changed (spec: runtime 4.2).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use mi_payload::XmlFragment;
use mi_payload::value::Value;

use crate::configuration::Configuration;
use crate::definition::{Definitions, DeployError, Element};
use crate::endpoint::Endpoint;
use crate::import::Imports;
use crate::mediator::MediatorList;
use crate::sequence::Sequence;

/// What was built of a resource, and of which version of it.
struct Built<T> {
    version: u64,
    /// The local entry that it was built of; holding it keeps its address from being given to another one.
    entry: Option<Arc<XmlFragment>>,
    /// The imports that its connector operations were found by.
    imports: Imports,
    artifact: Arc<T>,
}

type Cache<T> = LazyLock<Mutex<HashMap<String, Built<T>>>>;

static SEQUENCES: Cache<Sequence> = LazyLock::new(Mutex::default);
static ENDPOINTS: Cache<Endpoint> = LazyLock::new(Mutex::default);
static CONNECTIONS: Cache<MediatorList> = LazyLock::new(Mutex::default);

pub(crate) fn sequence(configuration: &Configuration, key: &str) -> Option<Arc<Sequence>> {
    built(configuration, key, &SEQUENCES, Sequence::parse)
}

pub(crate) fn endpoint(configuration: &Configuration, key: &str) -> Option<Arc<Endpoint>> {
    built(configuration, key, &ENDPOINTS, Endpoint::parse)
}

pub(crate) fn connection(configuration: &Configuration, key: &str) -> Option<Arc<MediatorList>> {
    built(configuration, key, &CONNECTIONS, |element, definitions| definitions.mediators_among([element].into_iter()))
}

pub(crate) fn resource(configuration: &Configuration, key: &str) -> Option<Value> {
    let resource = configuration.environment.resources.read(key)?;
    let text = String::from_utf8_lossy(&resource.content);
    Some(match XmlFragment::parse(&text) {
        Ok(fragment) => Value::Xml(Arc::new(fragment)),
        // Lines joined, the last line's end removed: what MI's text nodes hold.
        Err(_) => Value::from(text.strip_suffix('\n').unwrap_or(&text)),
    })
}

fn built<T>(
    configuration: &Configuration,
    key: &str,
    cache: &Cache<T>,
    parse: impl Fn(Element<'_>, &Definitions<'_>) -> Result<T, DeployError>,
) -> Option<Arc<T>> {
    let (entry, resource) = match configuration.local_entries.find(key).map(|entry| &entry.value) {
        Some(Value::Xml(fragment)) => (Some(fragment.clone()), None),
        Some(_) => return None,
        None => (None, Some(configuration.environment.resources.read(key)?)),
    };
    let version = resource.as_ref().map_or(0, |resource| resource.version);
    if let Some(known) = cache.lock().unwrap_or_else(PoisonError::into_inner).get(key)
        && known.version == version
        && known.imports == configuration.imports
        && known.entry.as_ref().map(Arc::as_ptr) == entry.as_ref().map(Arc::as_ptr)
    {
        return Some(known.artifact.clone());
    }
    let fragment = match (&entry, resource) {
        (Some(fragment), _) => fragment.clone(),
        (None, Some(resource)) => Arc::new(XmlFragment::parse(&String::from_utf8_lossy(&resource.content)).ok()?),
        (None, None) => return None,
    };
    let definitions =
        Definitions::new(&configuration.environment, &configuration.settings).importing(&configuration.imports);
    let element = Element::new(fragment.document(), fragment.node(), key)
        .allowing_xpath2(configuration.settings.xpath_dom_failover);
    match parse(element, &definitions) {
        Ok(artifact) => {
            let artifact = Arc::new(artifact);
            let known = Built { version, entry, imports: configuration.imports.clone(), artifact: artifact.clone() };
            cache.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), known);
            Some(artifact)
        }
        Err(error) => {
            tracing::error!(target: "org.apache.synapse.config.SynapseConfiguration", "{error}");
            None
        }
    }
}
