//! `/connectors`: connector libraries, and whether they are enabled (spec: runtime 5.4 and 5.6).

use std::path::PathBuf;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use mi_deployer::{Artifact, Kind, Library, Named};
use mi_mediation::Import;
use serde_json::{Value, json};

use super::{Parameters, able, file_name, payload, text};
use crate::answer::Answer;
use crate::api::Served;
use crate::audit;
use crate::security::Caller;

/// The folder of imports, in that of the artifacts; also the beginning of their files' names in messages.
const FOLDER: &str = "imports/";

pub(crate) async fn get(State(served): State<Arc<Served>>, Query(query): Query<Parameters>) -> Answer {
    let found = served.inventory.of(Kind::Library, None);
    let libraries = found.iter().filter_map(|named| Some((named, library(named)?)));
    if let Some(name) = query.get("connectorName") {
        let mut named = libraries.filter(|(_, library)| *library.name == **name);
        return match named.next() {
            Some((_, library)) => Answer::ok(shown(&served, library)),
            None => Answer::Empty(StatusCode::OK),
        };
    }
    let wanted = query.get("searchKey").map(|key| key.to_lowercase()).unwrap_or_default();
    let is_wanted = |(named, library): &(&Named, &Arc<Library>)| {
        library.name.to_lowercase().contains(&wanted) || file_name(named).to_lowercase().contains(&wanted)
    };
    Answer::list(libraries.filter(is_wanted).map(|(_, library)| shown(&served, library)).collect())
}

pub(crate) async fn post(
    State(served): State<Arc<Served>>,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer {
    match payload(&body) {
        Ok(payload) => change(&served, &caller, &payload).await.unwrap_or_else(|answer| answer),
        Err(answer) => answer,
    }
}

/// Writes the import of a library. The deployer takes it from there, and it holds after a restart.
async fn change(served: &Served, caller: &Caller, payload: &Value) -> Result<Answer, Answer> {
    let parameter = |name: &str| text(payload, name).ok_or_else(|| Answer::bad("Missing parameters in payload"));
    let (name, package, status) = (parameter("name")?, parameter("package")?, parameter("status")?);
    let import = Import { library: name.into(), package: package.into(), enabled: status == able(true) };
    let file = file(served, &import)?;
    let written = async {
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        // Written beside it and then renamed: the deployer never sees half a file.
        let unfinished = file.with_extension("part");
        tokio::fs::write(&unfinished, import.to_xml()).await?;
        tokio::fs::rename(&unfinished, &file).await
    };
    written.await.map_err(|error| {
        let message = format!("Status updated failed: {} cannot be written: {error}", file.display());
        Answer::error(StatusCode::INTERNAL_SERVER_ERROR, message)
    })?;
    let info = json!({"connectorName": name, "packageName": package, "status": status});
    audit::log(&caller.name, "created", "connector", &info);
    Ok(Answer::changed("Status updated successfully".to_owned()))
}

/// The file that a library's import stands in or will stand in.
fn file(served: &Served, import: &Import) -> Result<PathBuf, Answer> {
    let key = import.key();
    let is_plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    if !is_plain(&import.library) || !is_plain(&import.package) {
        return Err(Answer::bad(format!("{key} is not the name of a connector")));
    }
    let known = served.inventory.find(Kind::Import, &key).filter(|named| named.container().is_none());
    match known {
        None => Ok(served.paths.artifacts.join(FOLDER).join(format!("{key}.xml"))),
        Some(named) if named.file.starts_with(FOLDER) => Ok(served.paths.artifacts.join(&*named.file)),
        Some(named) => {
            let message = format!("Status updated failed: the import of {key} is in {}; change it there", named.file);
            Err(Answer::error(StatusCode::INTERNAL_SERVER_ERROR, message))
        }
    }
}

fn library(named: &Named) -> Option<&Arc<Library>> {
    match &named.artifact {
        Artifact::Library(library) => Some(library),
        _ => None,
    }
}

fn shown(served: &Served, library: &Library) -> Value {
    let enabled = served.live.load().imports.enables(&library.package, &library.name);
    json!({
        "name": &*library.name,
        "package": &*library.package,
        "description": &*library.description,
        "status": able(enabled),
    })
}
