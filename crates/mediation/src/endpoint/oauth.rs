//! OAuth 2 of HTTP endpoints: tokens, fetched when needed and used until their time is over (spec: services 4.5).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use mi_expression::ValueExpression;
use mi_payload::Body;
use parking_lot::Mutex;

use super::authentication::{basic, optional, required, text};
use super::local;
use crate::configuration::Configuration;
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::Fault;
use crate::outgoing::Outgoing;

/// A token server's answer is no larger.
const MAX_ANSWER: u64 = 1 << 20;
/// Values of a grant may come from messages: no more tokens than this are remembered.
const MAX_TOKENS: usize = 1_000;

/// How an endpoint gets its tokens.
#[derive(Debug)]
pub struct OAuth {
    grant: Grant,
    client_id: ValueExpression,
    client_secret: ValueExpression,
    token_url: ValueExpression,
    mode: Option<ValueExpression>,
    parameters: Vec<(String, ValueExpression)>,
    headers: Vec<(HeaderName, ValueExpression)>,
    timeout: Option<Duration>,
    tokens: Mutex<Tokens>,
}

#[derive(Debug)]
enum Grant {
    ClientCredentials,
    AuthorizationCode { refresh_token: ValueExpression },
    Password { username: ValueExpression, password: ValueExpression },
}

/// What is asked of the token server for one message; equal requests get equal tokens.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenRequest {
    endpoint: String,
    url: String,
    headers: Vec<(HeaderName, String)>,
    body: String,
}

/// Tokens and when they end. Pure; time is a parameter.
#[derive(Default)]
struct Tokens(HashMap<TokenRequest, (Arc<str>, Instant)>);

impl OAuth {
    /// Reads `<oauth>`.
    ///
    /// # Errors
    /// When there is not exactly one grant, or one of its values is missing.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let known = ["authorizationCode", "clientCredentials", "passwordCredentials"];
        let mut grants = element.children().filter(|child| known.contains(&child.local()));
        let hint = "expected one of <clientCredentials>, <authorizationCode>, <passwordCredentials>";
        let Some(element) = grants.next() else {
            return Err(element.error("Invalid OAuth configuration").hint(hint));
        };
        if let Some(second) = grants.next() {
            let message = "Invalid OAuth configuration: Multiple OAuth configurations are defined";
            return Err(second.error(message).hint(hint));
        }
        let (message, kind) = match element.local() {
            "authorizationCode" => ("Invalid AuthorizationCode configuration", 0),
            "clientCredentials" => ("Invalid ClientCredentials configuration", 1),
            _ => ("Invalid PasswordCredentials configuration", 2),
        };
        let value = |name: &str| required(element, name, message, definitions);
        if element.child("proxyConfigs").is_some() {
            definitions.warn(element, "proxyConfigs are not used: token servers are reached as other back ends are");
        }
        Ok(Self {
            grant: match kind {
                0 => Grant::AuthorizationCode { refresh_token: value("refreshToken")? },
                1 => Grant::ClientCredentials,
                _ => Grant::Password { username: value("username")?, password: value("password")? },
            },
            client_id: value("clientId")?,
            client_secret: value("clientSecret")?,
            token_url: value("tokenUrl")?,
            mode: optional(element, "authMode", definitions)?,
            parameters: named(element, "requestParameters", "parameter", definitions)?,
            headers: headers(element, definitions)?,
            timeout: timeout(element)?,
            tokens: Mutex::default(),
        })
    }

    /// Whether a value of it looks into the payload.
    pub(super) fn is_content_aware(&self) -> bool {
        let of_grant: &[&ValueExpression] = match &self.grant {
            Grant::ClientCredentials => &[],
            Grant::AuthorizationCode { refresh_token } => &[refresh_token],
            Grant::Password { username, password } => &[username, password],
        };
        let parameters = self.parameters.iter().map(|(_, value)| value);
        let headers = self.headers.iter().map(|(_, value)| value);
        let mut values = [&self.client_id, &self.client_secret, &self.token_url].into_iter();
        values.any(ValueExpression::is_content_aware)
            || of_grant.iter().any(|value| value.is_content_aware())
            || self.mode.iter().chain(parameters).chain(headers).any(ValueExpression::is_content_aware)
    }

    /// What is asked of the token server for this message.
    pub(super) fn request(&self, context: &MessageContext, endpoint: &str) -> Result<TokenRequest, Fault> {
        let (id, secret) = (text(&self.client_id, context)?, text(&self.client_secret, context)?);
        // Values are not encoded, as with MI.
        let mut body = match &self.grant {
            Grant::ClientCredentials => "grant_type=client_credentials".to_owned(),
            Grant::AuthorizationCode { refresh_token } => {
                format!("grant_type=refresh_token&refresh_token={}", text(refresh_token, context)?)
            }
            Grant::Password { username, password } => {
                let (username, password) = (text(username, context)?, text(password, context)?);
                format!("grant_type=password&username={username}&password={password}")
            }
        };
        let mut headers = Vec::new();
        let mode = self.mode.as_ref().map(|mode| text(mode, context)).transpose()?;
        if mode.is_some_and(|mode| mode.trim().eq_ignore_ascii_case("payload")) {
            body.push_str(&format!("&client_id={id}&client_secret={secret}"));
        } else {
            headers.push((AUTHORIZATION, basic(&id, &secret)));
        }
        for (name, value) in &self.parameters {
            body.push_str(&format!("&{name}={}", text(value, context)?));
        }
        for (name, value) in &self.headers {
            headers.push((name.clone(), text(value, context)?));
        }
        let url = text(&self.token_url, context)?.trim().to_owned();
        Ok(TokenRequest { endpoint: endpoint.to_owned(), url, headers, body })
    }

    /// The token for a request: one that is known, else a new one. The error is the reason in words.
    pub(super) async fn token(
        &self,
        request: &TokenRequest,
        configuration: &Arc<Configuration>,
    ) -> Result<Arc<str>, String> {
        if let Some(token) = self.tokens.lock().get(request, Instant::now()) {
            return Ok(token);
        }
        let token = self.fetch(request, configuration).await?;
        let time = configuration.settings.oauth_cache;
        self.tokens.lock().put(request.clone(), token.clone(), Instant::now(), time);
        Ok(token)
    }

    /// Forgets a token that a back end did not take, unless there is another one by now.
    pub(super) fn forget(&self, request: &TokenRequest, token: &str) {
        let mut tokens = self.tokens.lock();
        if tokens.0.get(request).is_some_and(|(known, _)| &**known == token) {
            tokens.0.remove(request);
        }
    }

    async fn fetch(&self, request: &TokenRequest, configuration: &Arc<Configuration>) -> Result<Arc<str>, String> {
        if !(request.url.starts_with("http://") || request.url.starts_with("https://")) {
            return Err("OAuth token URL is invalid".to_owned());
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &request.headers {
            let mut value =
                HeaderValue::from_str(value).map_err(|_| format!("The value of {name} is no header value"))?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        let outgoing = Outgoing {
            method: Method::POST,
            url: request.url.clone(),
            headers,
            body: Body::Full(request.body.clone().into()),
            content_length: true,
            http10: false,
            absolute_form: false,
            close: false,
            timeout: Some(self.timeout.unwrap_or(configuration.settings.global_timeout)),
            upgrade: None,
        };
        let answer = local::exchange(configuration, outgoing).await;
        let answer = answer.map_err(|error| match error.timed_out {
            true => "Socket timeout: OAuth token endpoint did not respond within the expected time".to_owned(),
            false => format!("Unable to connect to the OAuth token endpoint. {}", error.detail),
        })?;
        if answer.status != StatusCode::OK {
            return Err(format!("Error while accessing the Token URL. {}", answer.status));
        }
        let body = answer.body.collect(MAX_ANSWER).await.map_err(|error| error.to_string())?;
        let answer: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
        let token = answer.as_ref().and_then(|answer| answer.get("access_token")).and_then(|token| token.as_str());
        token
            .map(Into::into)
            .ok_or_else(|| "Missing key [access_token] in the response from the OAuth server".to_owned())
    }
}

/// Tokens are secrets, and so is what they are got for.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl Tokens {
    fn get(&mut self, request: &TokenRequest, now: Instant) -> Option<Arc<str>> {
        self.0.get(request).filter(|(_, until)| *until > now).map(|(token, _)| token.clone())
    }

    fn put(&mut self, request: TokenRequest, token: Arc<str>, now: Instant, time: Duration) {
        let Some(until) = now.checked_add(time) else { return };
        if self.0.len() >= MAX_TOKENS && !self.0.contains_key(&request) {
            self.0.retain(|_, (_, until)| *until > now);
            // All of them alive: the oldest makes room.
            if self.0.len() >= MAX_TOKENS
                && let Some(first) = self.0.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| key.clone())
            {
                self.0.remove(&first);
            }
        }
        self.0.insert(request, (token, until));
    }
}

fn named(
    element: Element<'_>,
    list: &str,
    item: &str,
    definitions: &Definitions<'_>,
) -> Result<Vec<(String, ValueExpression)>, DeployError> {
    let Some(list) = element.child(list) else { return Ok(Vec::new()) };
    let items = list.children_named(item).map(|child| {
        let name = child.required("name", &format!("A {item} of an OAuth configuration needs a name"))?;
        let text = child.trimmed_text().unwrap_or_default();
        Ok((name.trim().to_owned(), child.compile_value(&definitions.resolve(child, &text)?, "name")?))
    });
    items.collect()
}

fn headers(
    element: Element<'_>,
    definitions: &Definitions<'_>,
) -> Result<Vec<(HeaderName, ValueExpression)>, DeployError> {
    let named = named(element, "customHeaders", "header", definitions)?;
    let headers = named.into_iter().map(|(name, value)| match HeaderName::from_bytes(name.as_bytes()) {
        Ok(name) => Ok((name, value)),
        Err(_) => Err(element.error(format!("Invalid custom header in OAuth configuration: '{name}'"))),
    });
    headers.collect()
}

/// `socketTimeout` in milliseconds; -1, as it is without one, means the time limit of all back ends.
fn timeout(element: Element<'_>) -> Result<Option<Duration>, DeployError> {
    let child = element.child("socketTimeout").and_then(|child| Some((child, child.trimmed_text()?)));
    let Some((child, text)) = child else { return Ok(None) };
    let millis: i64 = text.parse().map_err(|_| {
        child.error(format!("Invalid value '{text}' for socketTimeout")).hint("milliseconds are expected")
    })?;
    Ok(u64::try_from(millis).ok().filter(|millis| *millis > 0).map(Duration::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Authentication, Endpoint, EndpointKind};
    use crate::testing;

    fn asked(oauth: &str, context: &MessageContext) -> TokenRequest {
        let endpoint: Arc<Endpoint> = testing::endpoint(&format!(
            "<endpoint><http uri-template='http://h'><authentication><oauth>{oauth}</oauth></authentication></http>\
             </endpoint>"
        ));
        match &endpoint.kind {
            EndpointKind::Http(http) => match &http.authentication {
                Some(Authentication::OAuth(oauth)) => oauth.request(context, "http://h").expect("no fault"),
                _ => panic!("OAuth"),
            },
            _ => panic!("an HTTP endpoint"),
        }
    }

    #[test]
    fn each_grant_asks_in_its_own_way() {
        const CLIENT: &str = "<clientId>i</clientId><clientSecret>s</clientSecret><tokenUrl>{$ctx:url}</tokenUrl>";
        let mut context = testing::context();
        context.properties.set("url", "http://t".into());
        let header = Some("Basic aTpz");
        for (oauth, authorization, body) in [
            (
                format!("<authorizationCode>{CLIENT}<refreshToken>r#1</refreshToken></authorizationCode>"),
                header,
                "grant_type=refresh_token&refresh_token=r#1",
            ),
            (
                format!(
                    "<passwordCredentials>{CLIENT}<username>u</username><password>p@</password><requestParameters>\
                     <parameter name='scope'>{{$ctx:url}}</parameter></requestParameters></passwordCredentials>"
                ),
                header,
                "grant_type=password&username=u&password=p@&scope=http://t",
            ),
            (
                format!("<clientCredentials>{CLIENT}<authMode>payload</authMode></clientCredentials>"),
                None,
                "grant_type=client_credentials&client_id=i&client_secret=s",
            ),
        ] {
            let request = asked(&oauth, &context);
            assert_eq!((request.url.as_str(), request.body.as_str()), ("http://t", body));
            assert_eq!(request.headers.first().map(|(_, value)| value.as_str()), authorization);
        }
    }

    #[test]
    fn tokens_end_and_do_not_pile_up() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let second = Duration::from_secs(1);
        let request = |number: usize| TokenRequest {
            endpoint: String::new(),
            url: number.to_string(),
            headers: Vec::new(),
            body: String::new(),
        };
        for number in 0..=MAX_TOKENS {
            tokens.put(request(number), "t".into(), now, second + Duration::from_millis(number as u64));
        }
        assert_eq!(tokens.0.len(), MAX_TOKENS);
        assert!(tokens.get(&request(0), now).is_none());
        assert!(tokens.get(&request(1), now).is_some());
        assert!(tokens.get(&request(1), now + 2 * second).is_none());
    }
}
