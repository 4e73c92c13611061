//! `[[datasource]]`.

use std::collections::BTreeMap;

use super::read::Reader;

/// One data source.
#[derive(Clone)]
pub struct Datasource {
    /// Its id; its JNDI name is `jdbc/<id>`.
    pub id: String,
    /// The JDBC URL.
    pub url: String,
    /// The user name; `None` when empty or absent.
    pub username: Option<String>,
    /// The password; `None` when absent.
    pub password: Option<String>,
    /// The JDBC class; only the URL decides which database is meant.
    pub driver: Option<String>,
    /// `pool_options.X`, as written.
    pub pool_options: BTreeMap<String, String>,
}

impl std::fmt::Debug for Datasource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Datasource")
            .field("id", &self.id)
            .field("url", &crate::effective::mask_url(&self.url))
            .field("username", &self.username)
            .field("pool_options", &self.pool_options)
            .finish_non_exhaustive()
    }
}

/// Reads all rows; a row without id or URL, or with the id of an earlier one, is a problem.
pub(super) fn datasources(reader: &Reader<'_>, mut problem: impl FnMut(&str, String)) -> Vec<Datasource> {
    let mut found: Vec<Datasource> = Vec::new();
    for row in 0..reader.raw.rows("datasource") {
        let key = |name: &str| format!("datasource[{row}].{name}");
        let (id, url) = (reader.text(&key("id")), reader.text(&key("url")));
        if id.is_empty() {
            problem(&key("url"), format!("[[datasource]] number {} has no id", row + 1));
        } else if url.is_empty() && !reader.raw.iter().any(|(k, _)| k.starts_with(&key("dataSourceClassName"))) {
            problem(&key("id"), format!("[[datasource]] {id} has no url"));
        } else if found.iter().any(|earlier| earlier.id == id) {
            problem(&key("id"), format!("[[datasource]] {id} comes twice"));
        }
        found.push(Datasource {
            id,
            url,
            username: reader.maybe_text(&key("username")),
            password: reader.maybe_text(&key("password")),
            driver: reader.maybe_text(&key("driver")),
            pool_options: reader.raw.below(&key("pool_options")),
        });
    }
    found
}
