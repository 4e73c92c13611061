//! Answers of the management API: JSON, errors as `{"Error": …}` (spec: runtime 5.1).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// JSON.
    Json(StatusCode, Value),
    /// Nothing but the status.
    Empty(StatusCode),
    /// The content of a file.
    File(Vec<u8>),
}

impl Answer {
    /// 200 with this body.
    pub(crate) fn ok(body: Value) -> Self {
        Self::Json(StatusCode::OK, body)
    }

    /// Another status.
    pub(crate) fn with(status: StatusCode, body: Value) -> Self {
        Self::Json(status, body)
    }

    /// A list and its length.
    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::ok(json!({"count": items.len(), "list": items}))
    }

    /// `{"Message": …}`: the state of an artifact has changed.
    pub(crate) fn changed(message: String) -> Self {
        Self::ok(json!({"Message": message}))
    }

    /// `{"message": …}`: anything else has changed.
    pub(crate) fn message(message: String) -> Self {
        Self::ok(json!({"message": message}))
    }

    /// An error.
    pub(crate) fn error(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Json(status, json!({"Error": message.into()}))
    }

    /// 400 with an error.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    /// 404 without a body, as for most resources.
    pub(crate) fn not_found() -> Self {
        Self::Empty(StatusCode::NOT_FOUND)
    }

    /// 404 with an error.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::error(StatusCode::NOT_FOUND, message)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Json(status, body) => {
                (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
            }
            Self::Empty(status) => status.into_response(),
            Self::File(bytes) => ([(header::CONTENT_TYPE, "application/txt")], bytes).into_response(),
        }
    }
}
