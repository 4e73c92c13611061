//! What operators see of a data service.

/// What a data service consists of, for operators.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// What it is for.
    pub text: Option<String>,
    /// The group that it belongs to.
    pub group: String,
    /// Its queries.
    pub queries: Vec<QueryDescription>,
    /// Its operations and resources.
    pub requests: Vec<RequestDescription>,
    /// Its data sources.
    pub sources: Vec<SourceDescription>,
}

/// A query.
#[derive(Debug, Clone)]
pub struct QueryDescription {
    /// Its id.
    pub id: String,
    /// The id of its data source.
    pub source: String,
    /// The namespace of its parameters.
    pub namespace: String,
    /// Its parameters.
    pub params: Vec<ParamDescription>,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct ParamDescription {
    /// Its name.
    pub name: String,
    /// Its type.
    pub sql_type: String,
    /// It takes several values.
    pub is_array: bool,
    /// The placeholder that it stands for, from 1.
    pub ordinal: usize,
    /// Its default is also for NULL.
    pub force_default: bool,
    /// It may be missing.
    pub optional: bool,
}

/// An operation or resource.
#[derive(Debug, Clone)]
pub struct RequestDescription {
    /// Its name.
    pub name: String,
    /// Method and path of a resource.
    pub resource: Option<(String, String)>,
    /// The number of the query that it calls.
    pub query: usize,
}

/// A data source.
#[derive(Debug, Clone)]
pub struct SourceDescription {
    /// Its id.
    pub id: String,
    /// `RDBMS` or `CARBON_DATASOURCE`.
    pub kind: &'static str,
    /// Its properties, without the password.
    pub properties: Vec<(String, String)>,
}
