//! A data service that runs: its definition with its databases.

use std::collections::HashMap;
use std::fmt;

use mi_datasource::{DataSource, Statement};
use mi_mediation::data_service::{
    DataAnswer, DataRequest, DataService, DataServiceFault, Description, FaultSource, REQUEST_BOX,
};
use mi_mediation::mediator::BoxFuture;
use mi_mediation::{Definitions, DeployError, Element};

use crate::describe;
use crate::model::{Config, Definition, Generated, Origin, Query, Request};
use crate::run;
use crate::sources::{SharedSource, Sources};
use crate::sql::Sql;
use crate::wsdl;

/// See the module's documentation.
pub struct Service {
    pub(crate) definition: Definition,
    /// The requests by name.
    by_name: HashMap<String, usize>,
    /// The databases of the queries, in their order; none where artifacts are only checked.
    connected: Vec<Connected>,
}

/// A query and its database.
pub(crate) struct Connected {
    source: SharedSource,
    pub(crate) sql: Sql,
    /// The statement, when it is the same for all parameters.
    pub(crate) fixed: Option<Statement>,
}

impl Connected {
    pub(crate) fn source(&self) -> &DataSource {
        (*self.source).as_ref()
    }
}

impl Service {
    /// Reads a `data` element. Without `sources` it is only checked: it cannot be called.
    ///
    /// # Errors
    /// What is wrong with it, what it asks for that is not here, or a database that is not known.
    pub fn deploy(
        element: Element<'_>,
        definitions: &Definitions<'_>,
        sources: Option<&dyn Sources>,
    ) -> Result<Self, DeployError> {
        let definition = Definition::parse(element, definitions)?;
        let connected = match sources {
            Some(sources) => connect(&definition, sources)?,
            None => Vec::new(),
        };
        let names = definition.requests.iter().enumerate();
        let by_name = names.map(|(index, request)| (request.name.clone(), index)).collect();
        Ok(Self { definition, by_name, connected })
    }

    pub(crate) fn request(&self, name: &str) -> Option<&Request> {
        self.definition.requests.get(*self.by_name.get(name)?)
    }

    /// A query and its database.
    pub(crate) fn query(&self, index: usize) -> Option<(&Query, &Connected)> {
        Some((self.definition.queries.get(index)?, self.connected.get(index)?))
    }

    pub(crate) fn source(&self) -> FaultSource {
        let definition = &self.definition;
        FaultSource {
            name: definition.name.clone(),
            location: definition.location.clone(),
            description: definition.description.clone(),
            default_namespace: definition.default_namespace.clone(),
        }
    }
}

fn connect(definition: &Definition, sources: &dyn Sources) -> Result<Vec<Connected>, DeployError> {
    let opened: Result<Vec<_>, _> = definition.configs.iter().map(|config| open(config, sources)).collect();
    let opened = opened?;
    let connected = definition.queries.iter().map(|query| {
        let source = opened.get(query.config).cloned();
        let source = source.ok_or_else(|| query.place.error("The query has no data source"))?;
        let sql = query.statement((*source).as_ref().database())?.clone();
        let fixed = sql.is_fixed.then(|| statement(query, (*source).as_ref(), &sql.fixed_text()));
        Ok(Connected { source, sql, fixed })
    });
    connected.collect()
}

fn open(config: &Config, sources: &dyn Sources) -> Result<SharedSource, DeployError> {
    match &config.origin {
        Origin::Pool(pool) => sources
            .pool(pool)
            .map_err(|why| config.place.error(format!("The data source '{}' cannot be used", config.id)).hint(why)),
        Origin::Named(name) => sources.named(name).ok_or_else(|| {
            let error = config.place.error(format!("Data source '{name}' cannot be found"));
            error.hint("it needs a [[datasource]] with this id in deployment.toml")
        }),
    }
}

/// The statement of a query for its database.
pub(crate) fn statement(query: &Query, source: &DataSource, text: &str) -> Statement {
    match &query.generated {
        Generated::Keys(columns) if query.result.is_some() => source.inserting(text, columns),
        _ => source.statement(text),
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.definition.name).finish()
    }
}

impl DataService for Service {
    fn name(&self) -> &str {
        &self.definition.name
    }

    fn is_reachable(&self, secure: bool) -> bool {
        self.definition.is_active && if secure { self.definition.https } else { self.definition.http }
    }

    fn resource(&self, method: &str, path: &str) -> Option<(&str, Vec<(String, String)>)> {
        let mut found: Vec<_> = self
            .definition
            .requests
            .iter()
            .filter_map(|request| Some((request, request.matches(method, path)?)))
            .collect();
        // A path that says more of itself goes before one that takes anything.
        let least = found.iter().enumerate().min_by_key(|(_, (_, values))| values.len())?.0;
        let (request, values) = found.swap_remove(least);
        Some((&request.name, values))
    }

    fn has(&self, request: &str) -> bool {
        self.by_name.contains_key(request) || (request == REQUEST_BOX && self.definition.boxes)
    }

    fn wsdl(&self, address: &str) -> String {
        wsdl::document(&self.definition, address)
    }

    fn describe(&self) -> Description {
        describe::service(&self.definition)
    }

    fn call<'a>(&'a self, request: DataRequest<'a>) -> BoxFuture<'a, Result<DataAnswer, DataServiceFault>> {
        Box::pin(run::request(self, request))
    }
}
