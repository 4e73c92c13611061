//! What can go wrong between a node and its coordination database.

/// Why a request was not executed, as far as the node knows.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL of the data source is of no database that is supported.
    #[error(transparent)]
    Url(#[from] mi_datasource::AddressError),
    /// No connection.
    #[error("cannot connect to the coordination database: {0}")]
    Connect(#[source] sqlx::Error),
    /// A statement failed.
    #[error("{what}: {source}")]
    Statement {
        /// What the statement was for.
        what: &'static str,
        /// What the database or the connection said.
        source: sqlx::Error,
    },
    /// A table or column is missing and could not be created.
    #[error("{object} is missing in the coordination database and cannot be created ({source}); run {script}")]
    Schema {
        /// The table, or table and column.
        object: String,
        /// The script that creates it.
        script: &'static str,
        /// Why it could not be created.
        source: sqlx::Error,
    },
    /// The tables hold something that no version of this product or of MI writes.
    #[error("unexpected content in the coordination database: {0}")]
    Content(String),
    /// The node's own time for the statement is over.
    #[error("the coordination database did not answer within {0:?}")]
    Timeout(std::time::Duration),
}
