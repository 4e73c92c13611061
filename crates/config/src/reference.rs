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
}
