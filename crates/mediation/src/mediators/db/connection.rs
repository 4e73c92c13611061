//! `<connection><pool>…`: which database a mediator talks to (spec: EIP mediators part 16).

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::context::MessageContext;
use crate::database::{Database, InlinePool};
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;

/// The database of a mediator.
pub(in crate::mediators) struct Connection {
    /// What messages call it.
    pub(in crate::mediators) label: String,
    source: Source,
}

enum Source {
    /// The name of a data source, which may not be there yet.
    Named(OnceLock<Arc<dyn Database>>),
    Pool(Arc<dyn Database>),
}

impl Connection {
    pub(in crate::mediators) fn parse(
        element: Element<'_>,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        let missing = "The DataSource connection information must be specified for using a custom DataSource connection \
                       pool or for a JNDI lookup";
        let pool = element.child("connection").and_then(|connection| connection.child("pool"));
        let pool = pool.ok_or_else(|| element.error(missing))?;
        let databases = &definitions.environment.databases;
        if let Some(name) = pool.child("dsName") {
            let label = text(name, definitions)?;
            let found = OnceLock::new();
            match databases.named(&label) {
                Some(database) => drop(found.set(database)),
                None => definitions.warn(
                    name,
                    format!("DataSource: {label} was not initialized for given JNDI properties :{{}}; is there a [[datasource]] with this id?"),
                ),
            }
            return Ok(Self { label, source: Source::Named(found) });
        }
        if pool.child("driver").is_none() {
            return Err(pool.error(missing).hint("give <dsName>, or <driver>, <url>, <user> and <password>"));
        }
        let part = |name: &str| -> Result<String, DeployError> {
            let child = pool.child(name).ok_or_else(|| {
                pool.error(format!("Unable to read configuration value for : {name}"))
                    .hint(format!("<{name}> is missing"))
            })?;
            text(child, definitions)
        };
        let properties = pool.children_named("property");
        let properties: BTreeMap<_, _> = properties
            .filter_map(|property| {
                Some((property.attribute("name")?.to_owned(), property.attribute("value")?.to_owned()))
            })
            .collect();
        let password = part("password")?;
        let inline = InlinePool {
            url: part("url")?,
            user: part("user")?,
            password: secret(&password, definitions).unwrap_or(password),
            properties,
        };
        let url = pool.child("url").unwrap_or(pool);
        let database =
            databases.pool(&inline).map_err(|reason| url.error("The database cannot be used").hint(reason))?;
        Ok(Self { label: database.name().to_owned(), source: Source::Pool(database) })
    }

    /// The database. A data source that was missing at deployment may be there by now.
    pub(in crate::mediators) fn database(&self, context: &MessageContext) -> Result<Arc<dyn Database>, Fault> {
        match &self.source {
            Source::Pool(database) => Ok(database.clone()),
            Source::Named(found) => {
                if let Some(database) = found.get() {
                    return Ok(database.clone());
                }
                let database = context.configuration.environment.databases.named(&self.label);
                let database = database
                    .ok_or_else(|| Fault::new(format!("Connection from DataSource {} is null.", self.label)))?;
                Ok(found.get_or_init(|| database).clone())
            }
        }
    }
}

/// The text of an element, or of the registry entry that its `key` names.
fn text(element: Element<'_>, definitions: &Definitions<'_>) -> Result<String, DeployError> {
    match element.non_empty("key") {
        None => definitions.resolve(element, element.text().trim()),
        Some(key) => match definitions.environment.resources.read(key) {
            Some(resource) => Ok(String::from_utf8_lossy(&resource.content).trim().to_owned()),
            None => Err(element.attribute_error("key", format!("The registry has no resource {key}"))),
        },
    }
}

/// The secret that `{wso2:vault-lookup('alias')}` stands for.
fn secret(text: &str, definitions: &Definitions<'_>) -> Option<String> {
    let inside = text.trim().strip_prefix("{wso2:vault-lookup('")?.strip_suffix("')}")?;
    definitions.environment.secrets.get(inside).cloned()
}
