//! Who may ask: login, tokens, read-only users, administrators, browsers (spec: runtime 5.1 and 5.2).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mi_config::settings::{Management as Settings, User};
use serde_json::json;

use crate::answer::Answer;
use crate::api::Served;

const LOGIN_LOG: &str = "org.wso2.micro.integrator.management.apis.LoginResource";

/// Whoever is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: Arc<str>,
    pub(crate) is_admin: bool,
}

/// The tokens that are good now.
pub(crate) struct Tokens {
    known: Mutex<VecDeque<Token>>,
    most: usize,
    evict: bool,
    expiry: Duration,
    key: ring::hmac::Key,
}

struct Token {
    text: Arc<str>,
    caller: Caller,
    until: Instant,
}

impl Tokens {
    /// An empty store with these settings, and a key of its own: no token outlives the server.
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut secret = [0; 32];
        let (one, other) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        secret[..16].copy_from_slice(one.as_bytes());
        secret[16..].copy_from_slice(other.as_bytes());
        Self {
            known: Mutex::default(),
            most: settings.token_store_size.max(1),
            evict: settings.token_evict_oldest,
            expiry: settings.token_expiry,
            key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret),
        }
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Token>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new token; `None` when there are too many and none may give way.
    fn issue(&self, caller: Caller, now: Instant) -> Option<Arc<str>> {
        let text: Arc<str> = self.signed(&caller).into();
        let mut known = self.known();
        known.retain(|token| token.until > now);
        if known.len() >= self.most {
            if !self.evict {
                return None;
            }
            known.pop_front();
        }
        known.push_back(Token { text: text.clone(), caller, until: now + self.expiry });
        Some(text)
    }

    /// A JSON web token. Nobody but this server looks into it, and this server only whether it has given it.
    fn signed(&self, caller: &Caller) -> String {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": uuid::Uuid::new_v4().to_string()});
        let claims = json!({
            "iss": "https://127.0.0.1:9095/",
            "sub": &*caller.name,
            "exp": (since + self.expiry).as_secs(),
            "scope": if caller.is_admin { "admin" } else { "default" },
        });
        let encode = |value: String| URL_SAFE_NO_PAD.encode(value);
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = ring::hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn caller(&self, text: &str, now: Instant) -> Option<Caller> {
        let known = self.known();
        known.iter().find(|token| *token.text == *text && token.until > now).map(|token| token.caller.clone())
    }

    fn revoke(&self, text: &str) -> bool {
        let mut known = self.known();
        let before = known.len();
        known.retain(|token| *token.text != *text);
        known.len() < before
    }
}

/// `GET /management/login`
pub(crate) async fn login(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    let Some(caller) = basic(&served.settings.users, &headers) else {
        return Answer::Empty(StatusCode::UNAUTHORIZED).into_response();
    };
    let name = caller.name.clone();
    let Some(token) = served.tokens.issue(caller, Instant::now()) else {
        return Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Max concurrent access limit exceeded")
            .into_response();
    };
    tracing::info!(target: LOGIN_LOG, "User {name} logged in successfully");
    tracing::info!(target: "AUDIT_LOG", "{name} logged in");
    Answer::ok(json!({"AccessToken": &*token})).into_response()
}

/// `GET /management/logout`
pub(crate) async fn logout(State(served): State<Arc<Served>>, headers: HeaderMap) -> Answer {
    if bearer(&headers).is_some_and(|token| served.tokens.revoke(token)) {
        return Answer::Empty(StatusCode::OK);
    }
    Answer::error(StatusCode::INTERNAL_SERVER_ERROR, "Log out failed due to incorrect credentials")
}

/// Lets requests pass that may, and tells browsers what they must know.
pub(crate) async fn guard(State(served): State<Arc<Served>>, mut request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = allowed_origin(&served.settings, origin.as_ref());
    if request.method() == Method::OPTIONS {
        let status = if origin.is_some() && allowed.is_none() { StatusCode::FORBIDDEN } else { StatusCode::OK };
        return with_cors(status.into_response(), &served.settings, allowed);
    }
    let response = match admit(&served, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(response) => *response,
    };
    with_cors(response, &served.settings, allowed)
}

fn admit(served: &Served, request: &Request) -> Result<Caller, Box<Response>> {
    let settings = &served.settings;
    let path = request.uri().path().trim_start_matches("/management");
    let open = matches!(path.trim_end_matches('/'), "" | "/login" | "/logout");
    let anonymous = Caller { name: "anonymous".into(), is_admin: true };
    if open || (!settings.jwt_enabled && !settings.basic_enabled) {
        return Ok(anonymous);
    }
    let headers = request.headers();
    let by_token = bearer(headers).filter(|_| settings.jwt_enabled);
    let by_token = by_token.and_then(|token| served.tokens.caller(token, Instant::now()));
    let caller = by_token.or_else(|| settings.basic_enabled.then(|| basic(&settings.users, headers)).flatten());
    let Some(caller) = caller else {
        let mut response = StatusCode::UNAUTHORIZED.into_response();
        if !headers.contains_key(header::AUTHORIZATION) {
            let realm = HeaderValue::from_static("Basic realm=\"WSO2 EI\"");
            response.headers_mut().insert("www_authenticate", realm);
        }
        return Err(Box::new(response));
    };
    let own_password = request.method() == Method::PATCH && path.starts_with("/users/");
    let for_admins =
        settings.admin_resources.iter().any(|resource| path.starts_with(resource.as_str())) && !own_password;
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let refused = (settings.authorization_enabled && for_admins) || (settings.read_only_for_others && writes);
    if refused && !caller.is_admin {
        return Err(Box::new(StatusCode::FORBIDDEN.into_response()));
    }
    Ok(caller)
}

/// The value of `Access-Control-Allow-Origin` for a request from this origin.
fn allowed_origin(settings: &Settings, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    let origins = settings.cors_origins.as_deref()?;
    let origin = origin?;
    let mut known = origins.split(',').map(str::trim);
    known.any(|known| known == "*" || known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

fn with_cors(mut response: Response, settings: &Settings, allowed: Option<HeaderValue>) -> Response {
    let Some(origin) = allowed else { return response };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let methods = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Ok(names) = HeaderValue::from_str(&settings.cors_headers) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    response
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// The user whose name and password a request carries.
fn basic(users: &[User], headers: &HeaderMap) -> Option<Caller> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    let user = users.iter().find(|user| user.name == name)?;
    same(user.password.as_bytes(), password.as_bytes())
        .then(|| Caller { name: user.name.as_str().into(), is_admin: user.is_admin })
}

/// Compares without telling by the time it takes where two texts differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(most: usize, evict: bool) -> Tokens {
        let mut settings = crate::api::tests::settings("");
        settings.token_store_size = most;
        settings.token_evict_oldest = evict;
        settings.token_expiry = Duration::from_secs(60);
        Tokens::new(&settings)
    }

    fn caller() -> Caller {
        Caller { name: "u".into(), is_admin: false }
    }

    #[test]
    fn tokens_expire_and_can_be_given_back() {
        let (tokens, now) = (tokens(10, true), Instant::now());
        let token = tokens.issue(caller(), now).expect("room");
        assert_eq!(tokens.caller(&token, now + Duration::from_secs(59)), Some(caller()));
        assert_eq!(tokens.caller(&token, now + Duration::from_secs(61)), None);
        assert!(tokens.revoke(&token) && !tokens.revoke(&token));
        assert_eq!(tokens.caller(&token, now), None);
    }

    #[test]
    fn the_oldest_token_gives_way_or_none_does() {
        let now = Instant::now();
        let full = tokens(2, true);
        let issued: Vec<_> = (0..3).map(|_| full.issue(caller(), now).expect("room")).collect();
        let good: Vec<_> = issued.iter().map(|token| full.caller(token, now).is_some()).collect();
        assert_eq!(good, [false, true, true]);
        let full = tokens(1, false);
        assert!(full.issue(caller(), now).is_some() && full.issue(caller(), now).is_none());
        assert!(full.issue(caller(), now + Duration::from_secs(61)).is_some(), "an expired one leaves room");
    }

    #[test]
    fn a_token_says_who_and_until_when() {
        let text = tokens(1, true).issue(caller(), Instant::now()).expect("room");
        let claims = text.split('.').nth(1).expect("three parts");
        let claims = URL_SAFE_NO_PAD.decode(claims).expect("base64");
        let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
        assert_eq!((&claims["sub"], &claims["scope"]), (&json!("u"), &json!("default")));
    }
}
