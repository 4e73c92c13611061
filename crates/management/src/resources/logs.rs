//! `/logs`: the log files.

use std::path::{Component, Path};
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Parameters;
use crate::answer::Answer;
use crate::api::Served;

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let folder = &served.paths.logs;
    let Some(file) = query.get("file") else {
        return Answer::list(list(folder, query.get("searchKey").map(String::as_str)));
    };
    // A name, not a path: nothing outside the folder is given out.
    let plain = matches!(Path::new(file).components().collect::<Vec<_>>().as_slice(), [Component::Normal(_)]);
    let content = if plain { tokio::fs::read(folder.join(file)).await.ok() } else { None };
    match content {
        Some(content) => Answer::File(content),
        None => Answer::error(StatusCode::INTERNAL_SERVER_ERROR, format!("The log file {file} cannot be read")),
    }
}

fn list(folder: &Path, search: Option<&str>) -> Vec<Value> {
    let wanted = search.unwrap_or_default().to_lowercase();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<(String, u64)> = entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((entry.file_name().to_string_lossy().into_owned(), metadata.len()))
        })
        .filter(|(name, _)| !name.ends_with(".lck") && name.to_lowercase().contains(&wanted))
        .collect();
    files.sort();
    if files.is_empty() {
        return vec![json!({"FileName": "NO_LOG_FILES", "Size": "---"})];
    }
    files.iter().map(|(name, size)| json!({"FileName": name, "Size": readable(*size)})).collect()
}

/// `1.0 KB`
fn readable(size: u64) -> String {
    let mut value = size as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1024.0 || unit == "GB" {
            return if unit == "B" { format!("{size} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{size} B")
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn sizes_are_readable() {
        assert_eq!(
            (readable(12), readable(1024), readable(3 << 20)),
            ("12 B".into(), "1.0 KB".into(), "3.0 MB".into())
        );
    }
}
