//! The reference page of the configuration, generated from the key table.

use crate::keys;

/// The page in Markdown: one table a top-level TOML table, in the order of the key table.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# deployment.toml\n\nGenerated from the key table of the `config` crate. Every value may be written as a \
         string; `[[x]]` marks a row of an array of tables.\n",
    );
    let top = |key: &'static str| key.split(['.', '[']).next().unwrap_or_default();
    let mut sections: Vec<&str> = Vec::new();
    for known in keys::all() {
        if !sections.contains(&top(known.key)) {
            sections.push(top(known.key));
        }
    }
    for section in sections {
        page.push_str(&format!("\n## {section}\n\n| key | value | default | meaning |\n|---|---|---|---|\n"));
        for known in keys::all().filter(|known| top(known.key) == section) {
            let default = known.default.map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
            page.push_str(&format!(
                "| `{}` | {} | {default} | {} |\n",
                keys::written(known.key),
                known.kind.name(),
                known.doc
            ));
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_row() {
        let page = reference_markdown();
        assert_eq!(page.lines().filter(|line| line.starts_with("| `")).count(), keys::all().count());
        assert!(page.contains("| `server.offset` |"));
    }

    /// `UPDATE_REFERENCE=1 cargo test -p mi-config reference` writes the page anew.
    #[test]
    fn the_page_in_docs_is_that_of_the_table() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/deployment-toml.md");
        let page = reference_markdown();
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &page).unwrap();
        }
        let found = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, page, "the page is stale: run this test with UPDATE_REFERENCE=1");
    }
}
