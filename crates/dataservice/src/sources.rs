//! Where the databases of data services come from.

use std::sync::Arc;

use mi_datasource::DataSource;
use mi_mediation::database::InlinePool;

/// A data source, shared by those that use it: it is open as long as somebody has it.
pub type SharedSource = Arc<dyn AsRef<DataSource> + Send + Sync>;

/// The data sources of the server.
pub trait Sources: Send + Sync {
    /// The data source of a name (`carbon_datasource_name`).
    fn named(&self, name: &str) -> Option<SharedSource>;

    /// A pool for a data service's own database; artifacts with the same definition share it.
    ///
    /// # Errors
    /// Why it cannot be made: the URL is of no database that is supported.
    fn pool(&self, definition: &InlinePool) -> Result<SharedSource, String>;
}
