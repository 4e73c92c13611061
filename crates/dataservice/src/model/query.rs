//! `query`: a statement, its parameters and its result (spec: runtime 8.1).

use std::collections::BTreeSet;
use std::time::Duration;

use mi_datasource::Database;
use mi_mediation::{Definitions, DeployError, Element};

use super::{Param, Place, ResultShape, child, children, is_true, refuse};
use crate::sql::Sql;

/// A query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) id: String,
    /// The database, among the data service's.
    pub(crate) config: usize,
    pub(crate) params: Vec<Param>,
    /// Statements for some databases, by the names of their JDBC drivers.
    dialects: Vec<(BTreeSet<String>, Sql)>,
    /// The statement for all others.
    default: Option<Sql>,
    pub(crate) result: Option<ResultShape>,
    pub(crate) generated: Generated,
    pub(crate) max_rows: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    /// Its requests run in a transaction, which ends with them.
    pub(crate) in_transaction: bool,
    /// The namespace of its parameters, for who describes the service.
    pub(crate) namespace: String,
    pub(crate) place: Place,
}

/// What the database tells beside rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Generated {
    Nothing,
    /// The keys that it made, of these columns.
    Keys(Vec<String>),
    /// How many rows it changed.
    RowCount,
}

impl Query {
    /// Reads a `query`; `config` is the index of its database, `namespace` the data service's.
    pub(crate) fn parse(
        element: Element<'_>,
        config: usize,
        namespace: &str,
        definitions: &Definitions<'_>,
    ) -> Result<Self, DeployError> {
        let id = element.required("id", "A query needs an id")?.to_owned();
        for trigger in ["input-event-trigger", "output-event-trigger"] {
            refuse(element, trigger, "event triggers", "send the event from a flow that calls the data service")?;
        }
        let params = Param::parse_all(element)?;
        let (dialects, default) = statements(element, &params, definitions)?;
        let result = child(element, "result").map(|result| ResultShape::parse(result, namespace, &id)).transpose()?;
        let generated = if is_true(element, "returnUpdatedRowCount") {
            Generated::RowCount
        } else if is_true(element, "returnGeneratedKeys") {
            let columns = element.non_empty("keyColumns").unwrap_or_default().split(',').map(str::trim);
            Generated::Keys(columns.filter(|column| !column.is_empty()).map(str::to_owned).collect())
        } else {
            Generated::Nothing
        };
        let input = element.non_empty("inputNamespace").map(str::to_owned);
        let of_result = || result.as_ref().map(|result| result.namespace.to_string());
        let mut query = Self {
            namespace: input.or_else(of_result).unwrap_or_else(|| namespace.to_owned()),
            id,
            config,
            params,
            dialects,
            default,
            result,
            generated,
            max_rows: None,
            timeout: None,
            in_transaction: false,
            place: Place::of(element),
        };
        if let Some(properties) = child(element, "properties") {
            query.properties(properties)?;
        }
        Ok(query)
    }

    fn properties(&mut self, properties: Element<'_>) -> Result<(), DeployError> {
        for property in children(properties, "property") {
            let name = property.required("name", "A property needs a name")?;
            let text = property.text();
            let text = text.trim();
            let number = || match text.parse::<u32>() {
                Ok(number) => Ok(number),
                Err(_) => Err(property.error(format!("Invalid {name}: {text}, {name} should be an integer"))),
            };
            match name {
                _ if text.is_empty() => {}
                "maxRows" | "org.wso2.ws.dataservice.max_rows" => {
                    self.max_rows =
                        Some(number()?).filter(|&rows| rows > 0).and_then(|rows| usize::try_from(rows).ok());
                }
                "queryTimeout" | "org.wso2.ws.dataservice.query_timeout" => {
                    self.timeout = Some(number()?).filter(|&s| s > 0).map(|s| Duration::from_secs(s.into()));
                }
                "autoCommit" | "org.wso2.ws.dataservice.autocommit" => {
                    self.in_transaction = text.eq_ignore_ascii_case("false");
                }
                // How JDBC fetches rows and makes batches is not how it is done here.
                _ => {}
            }
        }
        Ok(())
    }

    /// The statement for a database.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn statement(&self, database: Database) -> Result<&Sql, DeployError> {
        let names: &[&str] = match database {
            Database::Postgres => &["postgresql"],
            Database::MySql => &["mysql", "mariadb"],
            Database::Sqlite => &["sqlite"],
        };
        let own = self.dialects.iter().find(|(dialects, _)| names.iter().any(|&name| dialects.contains(name)));
        own.map(|(_, sql)| sql).or(self.default.as_ref()).ok_or_else(|| {
            let message = format!(
                "The query '{}' does not have a matching query dialect for the given data source, and also doesn't \
                 provide a default query",
                self.id
            );
            self.place.error(message).hint(format!("the data source is {}", names.join(" or ")))
        })
    }
}

type Statements = (Vec<(BTreeSet<String>, Sql)>, Option<Sql>);

fn statements(query: Element<'_>, params: &[Param], definitions: &Definitions<'_>) -> Result<Statements, DeployError> {
    let mut dialects: Vec<(BTreeSet<String>, Sql)> = Vec::new();
    let mut default = None;
    for element in children(query, "sql") {
        let text = element.text();
        if text.trim().is_empty() {
            return Err(element.error("The sql of the query is empty"));
        }
        let sql = Sql::compile(&text, params);
        for ordinal in sql.missing() {
            let message = format!("no param belongs to the placeholder number {ordinal}: requests will fail");
            definitions.warn(element, message);
        }
        let Some(names) = element.attribute("dialect") else {
            default = default.or(Some(sql));
            continue;
        };
        let names: BTreeSet<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
        let repeated: Vec<_> =
            dialects.iter().flat_map(|(known, _)| known.intersection(&names)).map(String::as_str).collect();
        if !repeated.is_empty() {
            return Err(element.attribute_error("dialect", format!("SQL Dialect(s) repeated: {}", repeated.join(" "))));
        }
        dialects.push((names, sql));
    }
    if dialects.is_empty() && default.is_none() {
        return Err(query
            .error("The query has no sql")
            .hint("queries of other kinds of data sources are not supported"));
    }
    Ok((dialects, default))
}
