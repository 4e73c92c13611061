//! `/users` and `/roles`: the users stand in `deployment.toml`.

use axum::http::StatusCode;

use crate::answer::Answer;

pub(crate) async fn refused() -> Answer {
    Answer::error(
        StatusCode::FORBIDDEN,
        "User management is not supported with the file-based user store. Please plug in a user store for the correct \
         functionality",
    )
}
