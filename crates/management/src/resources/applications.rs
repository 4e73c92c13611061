//! `/applications`: composite applications, and their upload and removal (spec: runtime 5.5).

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use mi_deployer::application::Summary;
use serde_json::{Value, json};

use super::Parameters;
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::security::Caller;

pub(crate) async fn get(
    State(served): State<Arc<Served>>,
    headers: HeaderMap,
    Query(query): Query<Parameters>,
) -> Answer {
    let deployed = served.inventory.now();
    let Some(name) = query.get("carbonAppName") else {
        let wanted = query.get("searchKey").map(|key| key.to_lowercase()).unwrap_or_default();
        let active = deployed.applications.iter().map(|(_, summary)| summary);
        let active: Vec<_> =
            active.filter(|summary| summary.name.to_lowercase().contains(&wanted)).map(|found| shown(found)).collect();
        let faulty = deployed.faulty.iter().filter(|file| file.to_lowercase().contains(&wanted));
        let faulty: Vec<_> =
            faulty.map(|file| json!({"name": file.trim_end_matches(".car"), "version": "", "artifacts": []})).collect();
        return Answer::ok(json!({
            "totalCount": active.len() + faulty.len(),
            "activeCount": active.len(),
            "activeList": active,
            "faultyCount": faulty.len(),
            "faultyList": faulty,
        }));
    };
    if headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == b"application/octet-stream") {
        let content = match car(&served.paths.applications, name) {
            Some(path) => tokio::fs::read(path).await.ok(),
            None => None,
        };
        return match content {
            Some(content) => Answer::File(content),
            None => Answer::error(StatusCode::INTERNAL_SERVER_ERROR, format!("{name} cannot be read")),
        };
    }
    match deployed.applications.iter().find(|(_, summary)| summary.name == *name) {
        Some((_, summary)) => Answer::ok(shown(summary)),
        None => Answer::not_found(),
    }
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content_type.starts_with("multipart/form-data") {
        return Answer::bad("Supports only the Content-Type : multipart/form-data");
    }
    let parts = match mi_payload::multipart::parts(&body, content_type) {
        Ok(parts) => parts,
        Err(error) => return Answer::bad(error.to_string()),
    };
    let files: Vec<_> = parts.iter().filter_map(|part| Some((file_name(part)?, part.content))).collect();
    let (name, content) = match files.as_slice() {
        [] => return Answer::bad("No files in the payload"),
        [file] => file,
        _ => return Answer::bad("Only one file can be uploaded at a time"),
    };
    if !name.ends_with(".car") {
        return Answer::bad("Only files with the extension .car are supported");
    }
    let Some(path) = car(&served.paths.applications, name) else {
        return Answer::bad(format!("{name} is not the name of a file"));
    };
    // Written beside it and then renamed: the deployer never sees half a file.
    let unfinished = path.with_extension("car.part");
    let written = async {
        tokio::fs::create_dir_all(&served.paths.applications).await?;
        tokio::fs::write(&unfinished, content).await?;
        tokio::fs::rename(&unfinished, &path).await
    };
    if let Err(error) = written.await {
        return Answer::error(StatusCode::INTERNAL_SERVER_ERROR, format!("{name} cannot be written: {error}"));
    }
    audit::log(&caller.name, "created", "carbon_application", &json!({"cAppFileName": name}));
    Answer::changed(format!("Successfully added Carbon Application {name}"))
}

pub(crate) async fn delete(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    UrlPath(name): UrlPath<String>,
) -> Answer {
    let removed = match car(&served.paths.applications, &format!("{name}.car")) {
        Some(path) => tokio::fs::remove_file(path).await.is_ok(),
        None => false,
    };
    if !removed {
        return Answer::missing(format!("Cannot remove the Carbon Application.{name} does not exist"));
    }
    audit::log(&caller.name, "deleted", "carbon_application", &json!({"cAppFileName": name}));
    Answer::changed(format!("Successfully removed Carbon Application named {name}"))
}

fn shown(summary: &Summary) -> Value {
    let artifacts = summary.artifacts.iter().map(|(name, kind)| json!({"name": name, "type": kind}));
    json!({"name": summary.name, "version": summary.version, "artifacts": artifacts.collect::<Vec<_>>()})
}

/// The file of a name, in the folder and nowhere else.
fn car(folder: &Path, name: &str) -> Option<PathBuf> {
    match Path::new(name).components().collect::<Vec<_>>().as_slice() {
        [Component::Normal(file)] if name.ends_with(".car") => Some(folder.join(file)),
        _ => None,
    }
}

/// The file name that a part of a form has.
fn file_name<'a>(part: &mi_payload::multipart::Part<'a>) -> Option<&'a str> {
    let (_, rest) = part.header("content-disposition")?.split_once("filename=")?;
    let name = rest.split(';').next().unwrap_or_default().trim().trim_matches('"');
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Path::new("/apps");
        assert_eq!(car(folder, "a.car"), Some(PathBuf::from("/apps/a.car")));
        for name in ["../a.car", "/etc/a.car", "b/a.car", "a.txt", "..", ""] {
            assert_eq!(car(folder, name), None, "{name}");
        }
    }
}
