//! The probes `/healthz` and `/liveness` on the internal HTTP port (spec: runtime 6.1).

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;

use crate::answer::Answer;

/// What the readiness probe reports.
#[derive(Debug, Default)]
pub struct Health {
    version: String,
    faulty_applications: RwLock<Vec<String>>,
}

impl Health {
    /// A healthy server of this version.
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned(), faulty_applications: RwLock::default() }
    }

    /// Sets the names of the CAR files that could not be deployed; with any, the server is not ready.
    pub fn set_faulty_applications(&self, names: Vec<String>) {
        *self.faulty_applications.write().unwrap_or_else(PoisonError::into_inner) = names;
    }
}

/// The probes. The port is to be opened when the server is ready and not before.
pub fn probes(health: Arc<Health>) -> Router {
    Router::new().route("/healthz", get(healthz)).route("/liveness", get(liveness)).with_state(health)
}

async fn healthz(State(health): State<Arc<Health>>) -> Answer {
    let faulty = health.faulty_applications.read().unwrap_or_else(PoisonError::into_inner).clone();
    if faulty.is_empty() {
        let body = json!({"version": health.version, "update_level": "-", "status": "ready"});
        return Answer::ok(body);
    }
    let body = json!({
        "version": health.version,
        "update_level": "-",
        "status": "not ready, faulty CAPPs detected",
        "Faulty CAPPs": faulty,
    });
    Answer::with(StatusCode::INTERNAL_SERVER_ERROR, body)
}

async fn liveness() -> Answer {
    Answer::ok(json!({"server": "started"}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn ask(health: &Arc<Health>, path: &str) -> (u16, serde_json::Value) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = probes(health.clone()).oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    #[tokio::test]
    async fn faulty_applications_make_the_server_unready() {
        let health = Arc::new(Health::new("4.4.0"));
        assert_eq!(
            ask(&health, "/healthz").await,
            (200, json!({"version": "4.4.0", "update_level": "-", "status": "ready"}))
        );
        health.set_faulty_applications(vec!["F.car".to_owned()]);
        let (status, body) = ask(&health, "/healthz").await;
        assert_eq!((status, &body["Faulty CAPPs"]), (500, &json!(["F.car"])));
        assert_eq!(ask(&health, "/liveness").await.0, 200);
    }
}
