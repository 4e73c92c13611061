//! `config`: the databases of a data service (spec: runtime 8.1).

use std::collections::BTreeMap;

use mi_mediation::database::InlinePool;
use mi_mediation::{Definitions, DeployError, Element};

use super::{Place, children, is_true};

const SUPPORTED: &str = "supported are a database of its own (url, username, password) and a data source of the server (carbon_datasource_name)";

const SECURE_VAULT: &str = "http://org.wso2.securevault/configuration";

/// A database.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    /// Its properties without secrets, for who describes the service.
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) place: Place,
}

/// Where it comes from.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// A pool of its own.
    Pool(InlinePool),
    /// A data source of the server.
    Named(String),
}

impl Origin {
    /// MI's word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Pool(_) => "RDBMS",
            Self::Named(_) => "CARBON_DATASOURCE",
        }
    }
}

/// Properties that tell of a kind of data source that is not here, and what it is.
const OTHERS: [(&str, &str); 13] = [
    ("excel_datasource", "Excel"),
    ("rdf_datasource", "RDF"),
    ("sparql_datasource", "SPARQL"),
    ("csv_datasource", "CSV"),
    ("jndi_resource_name", "JNDI"),
    ("mongoDB_servers", "MongoDB"),
    ("gspread_datasource", "Google spreadsheets"),
    ("web_harvest_config", "web harvest"),
    ("custom_tabular_datasource_class", "a Java class"),
    ("custom_query_datasource_class", "a Java class"),
    ("cassandraServers", "Cassandra"),
    ("dataSourceClassName", "a Java class of XA"),
    ("org.wso2.ws.dataservice.xa_datasource_class", "a Java class of XA"),
];

impl Config {
    pub(crate) fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let id = element.attribute("id").unwrap_or("default").to_owned();
        if is_true(element, "enableOData") {
            let error = element.attribute_error("enableOData", format!("The data source '{id}' asks for OData"));
            return Err(error.hint("OData is not in this server; define resources"));
        }
        let mut properties = BTreeMap::new();
        let mut shown = Vec::new();
        for child in children(element, "property") {
            let name = child.required("name", "A property needs a name")?;
            let value = value(child, definitions)?;
            if !current_name(name).eq_ignore_ascii_case("password") {
                shown.push((name.to_owned(), value.clone()));
            }
            properties.insert(current_name(name).to_owned(), value);
        }
        if let Some((_, kind)) = OTHERS.iter().find(|(name, _)| properties.contains_key(*name)) {
            let message = format!("The data source '{id}' is of a kind that this server does not support: {kind}");
            return Err(element.error(message).hint(SUPPORTED));
        }
        let origin = match (properties.remove("carbon_datasource_name"), properties.remove("url")) {
            (_, Some(url)) => Origin::Pool(InlinePool {
                url,
                user: properties.remove("username").unwrap_or_default(),
                password: properties.remove("password").unwrap_or_default(),
                properties,
            }),
            (Some(name), None) => Origin::Named(name.trim().to_owned()),
            (None, None) => {
                let names: Vec<_> = shown.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("Cannot create config '{id}' with properties: {{{}}}", names.join(", "));
                return Err(element.error(message).hint(SUPPORTED));
            }
        };
        Ok(Self { id, origin, properties: shown, place: Place::of(element) })
    }
}

/// The name that a property has had since DSS 3.
fn current_name(name: &str) -> &str {
    match name {
        "org.wso2.ws.dataservice.driver" => "driverClassName",
        "org.wso2.ws.dataservice.protocol" => "url",
        "org.wso2.ws.dataservice.user" => "username",
        "org.wso2.ws.dataservice.password" => "password",
        "org.wso2.ws.dataservice.minpoolsize" => "minIdle",
        "org.wso2.ws.dataservice.maxpoolsize" => "maxActive",
        "org.wso2.ws.dataservice.validation_query" => "validationQuery",
        other => other,
    }
}

/// A property's value: its text, `$SYSTEM:` and its like resolved, or a secret.
fn value(property: Element<'_>, definitions: &Definitions<'_>) -> Result<String, DeployError> {
    let text = property.text();
    let text = text.trim();
    let in_text = text.strip_prefix("{wso2:vault-lookup('").and_then(|rest| rest.strip_suffix("')}"));
    let Some(alias) = property.document().attribute(property.node(), SECURE_VAULT, "secretAlias").or(in_text) else {
        return definitions.resolve(property, text);
    };
    let secret = definitions.environment.secrets.get(alias).cloned();
    secret.ok_or_else(|| property.error(format!("There is no secret with the alias '{alias}'")))
}
