//! `[management_api]`, `[[internal_apis.users]]` and the probes.

use std::time::Duration;

use super::read::Reader;

/// The management API's settings (spec 2.7).
#[derive(Debug, Clone)]
pub struct Management {
    /// The internal listeners that serve it, `https` and `http`.
    pub protocols: Vec<String>,
    /// Whether tokens are asked for.
    pub jwt_enabled: bool,
    /// The most tokens at a time.
    pub token_store_size: usize,
    /// The pause between removals of expired tokens.
    pub token_clean_up_interval: Duration,
    /// Whether the oldest token gives way when there are too many.
    pub token_evict_oldest: bool,
    /// How long a token is good for.
    pub token_expiry: Duration,
    /// The size in bits of the signing key.
    pub token_key_size: usize,
    /// Whether user and password are asked for.
    pub basic_enabled: bool,
    /// Whether some resources are for administrators only.
    pub authorization_enabled: bool,
    /// These resources; MI's own (`/users`, `/roles`, `/configs`) when the file has none.
    pub admin_resources: Vec<String>,
    /// The origins that browsers may call from; `None` when no browser may.
    pub cors_origins: Option<String>,
    /// The headers that browsers may send.
    pub cors_headers: String,
    /// Whether the users are those below.
    pub file_user_store: bool,
    /// The users; one administrator `admin` with password `admin` when the file has none.
    pub users: Vec<User>,
    /// Whether users that are not administrators may only look.
    pub read_only_for_others: bool,
    /// Whether metrics ask for user and password.
    pub prometheus_basic_enabled: bool,
}

/// A user of the management API.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Whether the user is an administrator.
    pub is_admin: bool,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("is_admin", &self.is_admin).finish_non_exhaustive()
    }
}

pub(super) fn management(reader: &Reader<'_>) -> Management {
    let token = |name: &str| format!("management_api.jwt_token_security_handler.{name}");
    Management {
        protocols: reader.text("management_api.protocols").split_whitespace().map(str::to_owned).collect(),
        jwt_enabled: reader.flag(&token("enable")),
        token_store_size: reader.number(&token("token_store_config.max_size")),
        token_clean_up_interval: reader.seconds(&token("token_store_config.clean_up_interval")),
        token_evict_oldest: reader.flag(&token("token_store_config.remove_oldest_token_on_overflow")),
        token_expiry: reader.seconds(&token("token_config.expiry")),
        token_key_size: reader.number(&token("token_config.size")),
        basic_enabled: reader.flag("management_api.basic_security_handler.enable"),
        authorization_enabled: reader.flag("management_api.authorization_handler.enable"),
        admin_resources: admin_resources(reader),
        cors_origins: reader
            .flag("management_api.cors.enable")
            .then(|| reader.text("management_api.cors.allowed_origins")),
        cors_headers: reader.text("management_api.cors.allowed_headers"),
        file_user_store: reader.flag("internal_apis.file_user_store.enable"),
        users: users(reader),
        read_only_for_others: reader.flag("user_access.make_non_admin_users_read_only"),
        prometheus_basic_enabled: reader.flag("prometheus_api.basic_security_handler.enable"),
    }
}

fn admin_resources(reader: &Reader<'_>) -> Vec<String> {
    let list = "management_api.authorization_handler.resources";
    match reader.raw.rows(list) {
        0 => ["/users", "/roles", "/configs"].map(str::to_owned).into(),
        rows => (0..rows).filter_map(|row| reader.maybe_text(&format!("{list}[{row}].path"))).collect(),
    }
}

fn users(reader: &Reader<'_>) -> Vec<User> {
    match reader.raw.rows("internal_apis.users") {
        0 => vec![User { name: "admin".to_owned(), password: "admin".to_owned(), is_admin: true }],
        rows => (0..rows)
            .map(|row| {
                let key = |name: &str| format!("internal_apis.users[{row}].user.{name}");
                User {
                    name: reader.text(&key("name")),
                    password: reader.text(&key("password")),
                    is_admin: reader.flag(&key("is_admin")),
                }
            })
            .collect(),
    }
}
