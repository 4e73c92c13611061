//! `<authentication>` of HTTP endpoints (spec: services 4.5).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use mi_expression::ValueExpression;
use mi_payload::Body;

use super::local;
use super::oauth::{OAuth, TokenRequest};
use crate::context::MessageContext;
use crate::definition::{Definitions, DeployError, Element};
use crate::fault::{Fault, codes};
use crate::outgoing::{Answer, Outgoing, SendError};

/// How an endpoint says who it is.
#[derive(Debug)]
pub enum Authentication {
    /// `<basicAuth>`
    Basic {
        /// `username`
        username: ValueExpression,
        /// `password`
        password: ValueExpression,
    },
    /// `<oauth>`
    OAuth(Box<OAuth>),
}

impl Authentication {
    /// Reads the `<authentication>` of `<http>`, if it has one.
    ///
    /// # Errors
    /// When it is of no known kind, or a value is missing.
    pub fn parse(http: Element<'_>, definitions: &Definitions<'_>) -> Result<Option<Self>, DeployError> {
        let Some(element) = http.child("authentication") else { return Ok(None) };
        if let Some(oauth) = element.child("oauth") {
            return Ok(Some(Self::OAuth(Box::new(OAuth::parse(oauth, definitions)?))));
        }
        let Some(basic) = element.child("basicAuth") else {
            let error = element.error("Authentication configuration is invalid");
            return Err(error.hint("expected <basicAuth> or <oauth>"));
        };
        let value = |name: &str| required(basic, name, "Invalid basicAuth configurations provided", definitions);
        Ok(Some(Self::Basic { username: value("username")?, password: value("password")? }))
    }

    /// Whether the request may have to be sent once more, with other credentials.
    pub(super) fn may_repeat(&self) -> bool {
        matches!(self, Self::OAuth(_))
    }

    /// Whether a value of it looks into the payload.
    pub(super) fn is_content_aware(&self) -> bool {
        match self {
            Self::Basic { username, password } => username.is_content_aware() || password.is_content_aware(),
            Self::OAuth(oauth) => oauth.is_content_aware(),
        }
    }

    /// Puts credentials into a request. Of a token it gives what it was got for.
    pub(super) async fn authorize(
        &self,
        name: &str,
        context: &mut MessageContext,
        request: &mut Outgoing,
    ) -> Result<Option<(TokenRequest, Arc<str>)>, Fault> {
        match self {
            Self::Basic { username, password } => {
                let credentials = basic(&text(username, context)?, &text(password, context)?);
                set_credentials(request, &credentials, name)?;
                Ok(None)
            }
            Self::OAuth(oauth) => {
                let grant = oauth.request(context, &request.url)?;
                let configuration = context.configuration.clone();
                let token = oauth.token(&grant, &configuration).await.map_err(|reason| refused(name, &reason))?;
                set_credentials(request, &format!("Bearer {token}"), name)?;
                Ok(Some((grant, token)))
            }
        }
    }

    /// Sends a request with credentials. When a back end takes a token no longer, a new one is fetched and the request
    /// sent once more.
    pub(super) async fn exchange(
        &self,
        name: &str,
        context: &mut MessageContext,
        mut request: Outgoing,
    ) -> Result<Result<Answer, SendError>, Fault> {
        let used = self.authorize(name, context, &mut request).await?;
        let spare = again(&request);
        let answer = local::exchange(&context.configuration, request).await;
        let unauthorized = answer.as_ref().is_ok_and(|answer| answer.status == StatusCode::UNAUTHORIZED);
        let (Self::OAuth(oauth), Some((grant, token)), Some(mut request)) =
            (self, used, spare.filter(|_| unauthorized))
        else {
            return Ok(answer);
        };
        oauth.forget(&grant, &token);
        self.authorize(name, context, &mut request).await?;
        Ok(local::exchange(&context.configuration, request).await)
    }
}

/// The credentials of basic authentication, as a header's value.
pub(super) fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

/// The value that a child element has: static text or `{expression}`.
pub(super) fn optional(
    element: Element<'_>,
    name: &str,
    definitions: &Definitions<'_>,
) -> Result<Option<ValueExpression>, DeployError> {
    let Some((child, text)) = element.child(name).and_then(|child| Some((child, child.trimmed_text()?))) else {
        return Ok(None);
    };
    child.compile_value(&definitions.resolve(child, &text)?, name).map(Some)
}

/// The same, when it must be there.
pub(super) fn required(
    element: Element<'_>,
    name: &str,
    message: &str,
    definitions: &Definitions<'_>,
) -> Result<ValueExpression, DeployError> {
    optional(element, name, definitions)?
        .ok_or_else(|| element.error(message).hint(format!("<{name}> is missing or empty")))
}

/// The text of a value for a message.
pub(super) fn text(value: &ValueExpression, context: &MessageContext) -> Result<String, Fault> {
    Ok(value.evaluate(context)?.unwrap_or_default().into_owned())
}

fn set_credentials(request: &mut Outgoing, credentials: &str, name: &str) -> Result<(), Fault> {
    let mut value =
        HeaderValue::from_str(credentials).map_err(|_| refused(name, "The credentials are no header value"))?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// The same request, unless its body is a stream, which can be read only once.
fn again(request: &Outgoing) -> Option<Outgoing> {
    let body = match &request.body {
        Body::Empty => Body::Empty,
        Body::Full(bytes) => Body::Full(bytes.clone()),
        Body::Stream(_) => return None,
    };
    Some(Outgoing {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.clone(),
        body,
        content_length: request.content_length,
        http10: request.http10,
        absolute_form: request.absolute_form,
        close: request.close,
        timeout: request.timeout,
        upgrade: request.upgrade.clone(),
    })
}

/// The endpoint's state does not change: nothing was sent to it.
fn refused(name: &str, reason: &str) -> Fault {
    let message = format!("Could not generate access token for oauth configured http endpoint {name}. {reason}");
    tracing::error!(target: "org.apache.synapse.endpoints.OAuthConfiguredHTTPEndpoint", "{message}");
    Fault::with_code(codes::ENDPOINT_AUTH_FAILED, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::testing;

    fn endpoint(uri: &str, authentication: &str) -> Arc<Endpoint> {
        testing::endpoint(&format!(
            "<endpoint name='e'><http method='post' uri-template='http://{uri}'><authentication>{authentication}\
             </authentication></http></endpoint>"
        ))
    }

    fn grant(token_url: &str, more: &str) -> String {
        format!(
            "<oauth><clientCredentials><clientId>{{$ctx:id}}</clientId><clientSecret>s</clientSecret>\
             <tokenUrl>http://{token_url}</tokenUrl>{more}</clientCredentials></oauth>"
        )
    }

    async fn authorization(endpoint: &Arc<Endpoint>) -> Result<(u16, Option<String>), Fault> {
        let mut context = testing::context_with("text/plain", b"x");
        context.properties.set("id", "me".into());
        endpoint.send(&mut context).await?;
        let seen = context.headers.get("x-authorization").map(|value| value.to_str().expect("text").to_owned());
        match context.status {
            crate::context::StatusProperty::OfAnswer(status) => Ok((status, seen)),
            _ => panic!("an answer has a status"),
        }
    }

    #[tokio::test]
    async fn basic_credentials_go_into_the_header() {
        let basic = "<basicAuth><username>u</username><password>p</password></basicAuth>";
        let sent = authorization(&endpoint("echo/", basic)).await.expect("an answer");
        assert_eq!(sent, (200, Some("Basic dTpw".to_owned())));
    }

    #[tokio::test]
    async fn a_token_is_used_until_a_back_end_refuses_it() {
        let served = endpoint("echo/", &grant("token/x", ""));
        let (first, again) = (authorization(&served).await, authorization(&served).await);
        let first = first.expect("an answer");
        assert!(first.1.as_ref().is_some_and(|sent| sent.starts_with("Bearer t")), "{first:?}");
        assert_eq!(first, again.expect("an answer"));
        // A second refusal is the answer.
        let refusing = endpoint("status/401", &grant("token/x", ""));
        assert_eq!(authorization(&refusing).await.expect("an answer").0, 401);
    }

    #[tokio::test]
    async fn without_a_token_nothing_is_sent_and_the_endpoint_stays_active() {
        for token_url in ["refused/", "status/401", "echo/"] {
            let endpoint = endpoint("echo/", &grant(token_url, ""));
            let fault = authorization(&endpoint).await.expect_err("no token");
            assert_eq!(fault.code(), Some(303_003), "{fault}");
            assert!(endpoint.leaf().is_some_and(crate::endpoint::Leaf::is_ready));
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (authentication, message) in [
            ("", "Authentication configuration is invalid"),
            ("<oauth/>", "Invalid OAuth configuration"),
            ("<oauth><clientCredentials/></oauth>", "Invalid ClientCredentials configuration"),
            ("<oauth><clientCredentials/><passwordCredentials/></oauth>", "Multiple OAuth configurations"),
            ("<basicAuth><username>u</username></basicAuth>", "Invalid basicAuth configurations"),
        ] {
            let text = format!(
                "<endpoint><http uri-template='http://h'><authentication>{authentication}</authentication></http>\
                 </endpoint>"
            );
            let error = testing::with_definitions(&text, Endpoint::parse).expect_err("not well made");
            assert!(error.message().contains(message), "{error}");
        }
    }
}
