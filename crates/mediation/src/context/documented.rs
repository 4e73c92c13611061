//! The page on properties says what the code does: no name is missing in either.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the workspace").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") && name != "tests.rs" && name != "documented.rs" {
            found.push(path);
        }
    }
}

/// The code of the crates that handle messages, without its tests.
fn code() -> String {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in ["mediation", "expression", "messaging"] {
        sources(&crates.join(name).join("src"), &mut files);
    }
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("readable"));
    texts.map(|text| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()).collect()
}

/// The first and the last cell of each row.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|line| {
        let mut cells = line.trim_matches('|').split(" | ");
        Some((cells.next()?.trim().trim_matches('`'), cells.last()?.trim()))
    })
    .collect()
}

#[test]
fn the_page_on_properties_and_the_code_name_the_same() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/properties.md");
    let page = fs::read_to_string(page).expect("the page");
    let (rows, code) = (rows(&page), code());
    assert!(rows.len() > 80, "the page has its rows");
    let named: BTreeSet<&str> = rows.iter().map(|&(name, _)| name).collect();

    let lookup = r#"(?:axis2|properties)(?:_is_true|\.is_true|\.text|\.get|\.set|\.remove)\(\s*"([A-Za-z][^"]*)""#;
    let lookup = fancy_regex::Regex::new(lookup).expect("a pattern");
    let used: BTreeSet<&str> =
        lookup.captures_iter(&code).flatten().filter_map(|found| Some(found.get(1)?.as_str())).collect();
    assert!(used.len() > 30, "the pattern finds what the code looks up: {used:?}");
    let missing: Vec<_> = used.iter().filter(|name| !named.contains(**name)).collect();
    assert!(missing.is_empty(), "docs/reference/properties.md does not name {missing:?}");

    let idle = rows.iter().filter(|(name, last)| {
        let text = name.trim_end_matches("NAME");
        let here = !last.starts_with("not here") && !last.starts_with("nothing to do");
        here != (code.contains(&format!("\"{text}\"")) || text.len() < name.len() && code.contains(text))
    });
    let idle: Vec<_> = idle.map(|(name, _)| name).collect();
    assert!(idle.is_empty(), "docs/reference/properties.md is wrong about whether the code has {idle:?}");
}
