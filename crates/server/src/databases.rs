//! The data sources of the settings, as flows and data services see them.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use mi_config::settings::Datasource;
use mi_dataservice::{Service, SharedSource, Sources};
use mi_datasource::{Address, DataSource, PoolOptions, SqlError, SqlType, SqlValue, Transaction};
use mi_mediation::data_service::{DataService, DataServices};
use mi_mediation::database::{
    Answered, Database, DatabaseError, DatabaseTransaction, Databases, InlinePool, SqlParameter, SqlRow,
};
use mi_mediation::{Definitions, DeployError, Element};

const DATASOURCE_LOG: &str = "org.wso2.micro.integrator.ndatasource.core.DataSourceManager";
const POOL_LOG: &str = "org.apache.synapse.mediators.db.AbstractDBMediator";

/// The data sources of a server.
pub struct ServerDatabases {
    by_name: HashMap<String, Arc<Source>>,
    /// Pools of artifacts: there as long as an artifact uses them.
    pools: Mutex<BTreeMap<InlinePool, Weak<Source>>>,
}

impl ServerDatabases {
    /// Those of `[[datasource]]`. One whose URL cannot be used is left out, and the log says why. Must be called inside a
    /// tokio runtime.
    pub fn new(sources: &[Datasource]) -> Self {
        let mut by_name = HashMap::new();
        for source in sources {
            let options = PoolOptions::of(&source.pool_options);
            let name = format!("jdbc/{}", source.id);
            match open(&name, &source.url, source.username.as_deref(), source.password.as_deref(), &options) {
                Ok(opened) => drop(by_name.insert(source.id.clone(), Arc::new(opened))),
                Err(error) => {
                    tracing::error!(target: DATASOURCE_LOG, "The datasource {} cannot be used: {error}", source.id);
                }
            }
        }
        Self { by_name, pools: Mutex::default() }
    }
}

fn open(
    name: &str,
    url: &str,
    user: Option<&str>,
    password: Option<&str>,
    options: &PoolOptions,
) -> Result<Source, String> {
    let address = Address::parse(url, user, password).map_err(|error| error.to_string())?;
    DataSource::new(name, &address, options).map(Source).map_err(|error| error.to_string())
}

impl ServerDatabases {
    fn find(&self, name: &str) -> Option<Arc<Source>> {
        let id = name.strip_prefix("java:comp/env/").unwrap_or(name);
        let id = id.strip_prefix("jdbc/").unwrap_or(id);
        self.by_name.get(id).cloned()
    }

    fn shared(&self, definition: &InlinePool) -> Result<Arc<Source>, String> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|_, pool| pool.strong_count() > 0);
        if let Some(pool) = pools.get(definition).and_then(Weak::upgrade) {
            return Ok(pool);
        }
        let options = PoolOptions::of(&definition.properties);
        // Its parameters may hold a password.
        let shown = definition.url.split(['?', ';']).next().unwrap_or_default();
        let source = open(shown, &definition.url, Some(&definition.user), Some(&definition.password), &options)?;
        let source = Arc::new(source);
        pools.insert(definition.clone(), Arc::downgrade(&source));
        tracing::info!(target: POOL_LOG, "Successfully created data source for {shown}.");
        Ok(source)
    }
}

impl Databases for ServerDatabases {
    fn named(&self, name: &str) -> Option<Arc<dyn Database>> {
        self.find(name).map(|source| source as Arc<dyn Database>)
    }

    fn pool(&self, definition: &InlinePool) -> Result<Arc<dyn Database>, String> {
        self.shared(definition).map(|source| source as Arc<dyn Database>)
    }
}

impl Sources for ServerDatabases {
    fn named(&self, name: &str) -> Option<SharedSource> {
        self.find(name).map(|source| source as SharedSource)
    }

    fn pool(&self, definition: &InlinePool) -> Result<SharedSource, String> {
        self.shared(definition).map(|source| source as SharedSource)
    }
}

/// Reads data services; without databases they are only checked.
pub struct ServerDataServices(pub Option<Arc<ServerDatabases>>);

impl DataServices for ServerDataServices {
    fn read(&self, element: Element<'_>, definitions: &Definitions<'_>) -> Result<Arc<dyn DataService>, DeployError> {
        let sources = self.0.as_deref().map(|databases| databases as &dyn Sources);
        Service::deploy(element, definitions, sources).map(|service| Arc::new(service) as Arc<dyn DataService>)
    }
}

struct Source(DataSource);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsRef<DataSource> for Source {
    fn as_ref(&self) -> &DataSource {
        &self.0
    }
}

impl Database for Source {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn first_row<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>> {
        Box::pin(async move {
            let row = self.0.first_row(sql, values(parameters)?, None).await.map_err(failed)?;
            Ok(row.map(|row| SqlRow(row.into_columns())))
        })
    }

    fn update<'a>(&'a self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64> {
        Box::pin(async move { self.0.execute(sql, values(parameters)?).await.map_err(failed) })
    }

    fn begin(&self) -> Answered<'_, Box<dyn DatabaseTransaction>> {
        Box::pin(async move {
            let open = self.0.begin().await.map_err(failed)?;
            Ok(Box::new(Part(open)) as Box<dyn DatabaseTransaction>)
        })
    }
}

struct Part(Transaction);

impl DatabaseTransaction for Part {
    fn first_row<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, Option<SqlRow>> {
        Box::pin(async move {
            let row = self.0.first_row(sql, values(parameters)?).await.map_err(failed)?;
            Ok(row.map(|row| SqlRow(row.into_columns())))
        })
    }

    fn update<'a>(&'a mut self, sql: &'a str, parameters: Vec<SqlParameter>) -> Answered<'a, u64> {
        Box::pin(async move { self.0.execute(sql, values(parameters)?).await.map_err(failed) })
    }

    fn commit(self: Box<Self>) -> Answered<'static, ()> {
        Box::pin(async move { self.0.commit().await.map_err(failed) })
    }

    fn rollback(self: Box<Self>) -> Answered<'static, ()> {
        Box::pin(async move { self.0.rollback().await.map_err(failed) })
    }
}

fn values(parameters: Vec<SqlParameter>) -> Result<Vec<SqlValue>, DatabaseError> {
    let values = parameters.into_iter().map(|parameter| {
        let of = SqlType::of_name(parameter.kind).unwrap_or(SqlType::Text);
        SqlValue::parse(of, &parameter.text).map_err(|error| DatabaseError::Value(error.to_string()))
    });
    values.collect()
}

fn failed(error: SqlError) -> DatabaseError {
    DatabaseError::Sql(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, url: &str) -> Datasource {
        let nothing = || None;
        Datasource {
            id: id.to_owned(),
            url: url.to_owned(),
            username: nothing(),
            password: nothing(),
            driver: nothing(),
            pool_options: BTreeMap::new(),
        }
    }

    #[tokio::test]
    async fn a_data_source_is_found_by_its_names() {
        let databases = ServerDatabases::new(&[source("A", "jdbc:sqlite:/tmp/a.db"), source("B", "jdbc:h2:./b")]);
        for name in ["A", "jdbc/A", "java:comp/env/jdbc/A"] {
            assert_eq!(
                Databases::named(&databases, name).map(|found| found.name().to_owned()).as_deref(),
                Some("jdbc/A")
            );
        }
        assert!(Databases::named(&databases, "B").is_none(), "H2 is not supported");
    }

    #[tokio::test]
    async fn artifacts_with_the_same_pool_share_it() {
        let databases = ServerDatabases::new(&[]);
        let definition = InlinePool {
            url: "jdbc:postgresql://h/d?password=secret".to_owned(),
            user: "u".to_owned(),
            password: "p".to_owned(),
            properties: BTreeMap::new(),
        };
        let one = Databases::pool(&databases, &definition).expect("supported");
        let other = Databases::pool(&databases, &definition).expect("supported");
        assert!(Arc::ptr_eq(&one, &other));
        assert_eq!(one.name(), "jdbc:postgresql://h/d");
        let unsupported = InlinePool { url: "jdbc:h2:./x".to_owned(), ..definition };
        assert!(Databases::pool(&databases, &unsupported).expect_err("not supported").contains("jdbc:sqlite"));
    }
}
