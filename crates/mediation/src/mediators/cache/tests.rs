use http::{HeaderValue, Method};

use super::{Control, control};
use crate::context::{MessageContext, Reply, StatusProperty};
use crate::mediator::{Flow, MediatorList};
use crate::testing;

fn request(body: &'static [u8]) -> MessageContext {
    let mut context = testing::context_with("application/json", body);
    context.reply = Reply::Single(None);
    context
}

/// Runs a request through a finder; what it finds is the answer, else the back end's answer goes through the collector.
async fn ask(
    finder: &MediatorList,
    mut context: MessageContext,
    answer: &str,
    status: u16,
) -> (u16, String, http::HeaderMap) {
    if finder.run_async(&mut context).await.expect("runs") == Flow::Continue {
        context.is_response = true;
        context.dispatched = true;
        context.payload = mi_payload::Payload::set_json(answer.to_owned()).expect("JSON");
        context.status = StatusProperty::OfAnswer(status);
        context.headers.clear();
        context.headers.insert("x-own", HeaderValue::from_static("1"));
        context.set_message_type("application/json");
        testing::run("<cache collector='true'/>", &mut context).await.expect("runs");
        context.respond().await.expect("answers");
    }
    let (status, headers, body) = testing::answer(context).await;
    (status, body, headers)
}

fn finder(inner: &str) -> MediatorList {
    testing::parse(&format!("<cache collector='false' timeout='60'>{inner}</cache>")).expect("well made")
}

#[tokio::test]
async fn an_equal_request_gets_the_stored_response() {
    let list = finder("<protocol type='HTTP'><includeAgeHeader>true</includeAgeHeader></protocol>");
    assert_eq!(ask(&list, request(b"{\"a\":1}"), "{\"n\":1}", 201).await.1, "{\"n\":1}");
    let (status, body, headers) = ask(&list, request(b"{\"a\":1}"), "{\"n\":2}", 200).await;
    assert_eq!((status, body.as_str()), (201, "{\"n\":1}"));
    assert_eq!(headers.get("x-own").map(HeaderValue::as_bytes), Some(&b"1"[..]));
    assert_eq!(headers.get("age").map(HeaderValue::as_bytes), Some(&b"0"[..]));
    assert!(headers.contains_key("cachekey"));
    assert_eq!(ask(&list, request(b"{\"a\":2}"), "{\"n\":3}", 200).await.1, "{\"n\":3}", "another body");
    let mut other = request(b"{\"a\":1}");
    other.set_header("X-Tenant", "t");
    assert_eq!(ask(&list, other, "{\"n\":4}", 200).await.1, "{\"n\":4}", "another header");
    let mut same = request(b"{\"a\":1}");
    same.set_header("User-Agent", "t");
    assert_eq!(ask(&list, same, "{\"n\":5}", 200).await.1, "{\"n\":1}", "a header that never counts");
}

#[tokio::test]
async fn what_makes_requests_equal_can_be_said() {
    let list = finder("<protocol type='HTTP'><headersToExcludeInHash>X-Tenant, b</headersToExcludeInHash></protocol>");
    let with = |name: &'static str, value: &'static str| {
        let mut context = request(b"{}");
        context.set_header(name, value);
        context
    };
    assert_eq!(ask(&list, with("x-tenant", "1"), "[1]", 200).await.1, "[1]");
    assert_eq!(ask(&list, with("x-tenant", "2"), "[2]", 200).await.1, "[1]");
    let list = finder("<protocol type='HTTP'><headersToIncludeInHash>X-Tenant</headersToIncludeInHash></protocol>");
    assert_eq!(ask(&list, with("x-tenant", "1"), "[1]", 200).await.1, "[1]");
    assert_eq!(ask(&list, with("x-tenant", "2"), "[2]", 200).await.1, "[2]");
    assert_eq!(ask(&list, with("x-other", "2"), "[3]", 200).await.1, "[3]");
    assert_eq!(ask(&list, with("x-more", "2"), "[4]", 200).await.1, "[3]");
    let get = |body| {
        let mut context = request(body);
        context.method = Some(Method::GET);
        context
    };
    let list = finder("");
    assert_eq!(ask(&list, get(b"[1]"), "[1]", 200).await.1, "[1]");
    assert_eq!(ask(&list, get(b"[2]"), "[2]", 200).await.1, "[1]", "the body of a GET does not count");
}

#[tokio::test]
async fn what_is_stored_can_be_said() {
    for (inner, method, status) in [
        ("<protocol type='HTTP'><methods>GET, PUT</methods></protocol>", Method::POST, 200),
        ("<protocol type='HTTP'><responseCodes>2[0-9][0-9]</responseCodes></protocol>", Method::POST, 404),
    ] {
        let list = finder(inner);
        for answer in ["[1]", "[2]"] {
            let mut context = request(b"{}");
            context.method = Some(method.clone());
            assert_eq!(ask(&list, context, answer, status).await.1, answer, "{inner}");
        }
    }
    let small = testing::parse("<cache collector='false' maxMessageSize='3'/>").expect("well made");
    for answer in ["[100]", "[2]"] {
        assert_eq!(ask(&small, request(b"{}"), answer, 200).await.1, answer);
    }
    assert_eq!(ask(&small, request(b"{}"), "[3]", 200).await.1, "[2]");
}

#[tokio::test]
async fn a_sequence_takes_a_hit_and_the_flow_ends() {
    let list = finder("<onCacheHit><property name='hit' value='yes'/></onCacheHit>");
    ask(&list, request(b"{}"), "[1]", 200).await;
    let mut context = request(b"{}");
    assert_eq!(list.run_async(&mut context).await.expect("runs"), Flow::Stop);
    assert_eq!(context.properties.text("hit").as_deref(), Some("yes"));
    assert_eq!(testing::body(&context), "[1]");
    assert!(context.reply.is_open(), "nobody has answered");
    let list = finder("<onCacheHit sequence='zzz'/>");
    ask(&list, request(b"{}"), "[1]", 200).await;
    let fault = list.run_async(&mut request(b"{}")).await.expect_err("there is no such sequence");
    assert_eq!(fault.message(), "Sequence named 'zzz' does not exist");
}

#[tokio::test]
async fn a_response_that_still_holds_is_sent() {
    let list = finder("<protocol type='HTTP'><enableCacheControl>true</enableCacheControl></protocol>");
    let mut context = request(b"{}");
    list.run_async(&mut context).await.expect("runs");
    context.is_response = true;
    context.payload = mi_payload::Payload::set_json("[1]").expect("JSON");
    context.status = StatusProperty::OfAnswer(200);
    context.headers.clear();
    context.set_header("ETag", "\"v1\"");
    context.set_header("Cache-Control", "no-cache");
    testing::run("<cache collector='true'/>", &mut context).await.expect("runs");
    let mut context = request(b"{}");
    assert_eq!(list.run_async(&mut context).await.expect("runs"), Flow::Continue);
    assert_eq!(context.headers.get("if-none-match").map(HeaderValue::as_bytes), Some(&b"\"v1\""[..]));
    context.is_response = true;
    context.dispatched = true;
    context.payload = mi_payload::Payload::empty();
    context.status = StatusProperty::OfAnswer(304);
    testing::run("<cache collector='true'/>", &mut context).await.expect("runs");
    let (status, _, body) = testing::answer(context).await;
    assert_eq!((status, body.as_str()), (200, "[1]"));
}

#[tokio::test]
async fn the_way_matters() {
    let mut context = request(b"{}");
    let fault = testing::run("<cache collector='true'/>", &mut context).await.expect_err("a request");
    assert_eq!(fault.message(), "Request messages cannot be handled in a collector cache");
    context.is_response = true;
    testing::run("<cache collector='true'/>", &mut context).await.expect("passes without a finder");
    let fault = testing::run("<cache collector='false'/>", &mut context).await.expect_err("a response");
    assert_eq!(fault.message(), "Response messages cannot be handled in a non collector cache");
}

#[test]
fn what_is_not_well_made_is_refused() {
    for (cache, expected) in [
        ("<cache/>", "The collector attribute must be specified"),
        ("<cache collector='x'/>", "The value for collector has to be either true or false"),
        ("<cache collector='false' hashGenerator='a.B'/>", "Unable to load the hash generator class"),
        ("<cache collector='false' timeout='x'/>", "timeout"),
        (
            "<cache collector='false'><protocol type='HTTP'><methods>GTE</methods></protocol></cache>",
            "Unexpected method type: GTE",
        ),
        (
            "<cache collector='false'><protocol type='HTTP'><responseCodes>(</responseCodes></protocol></cache>",
            "regular expression",
        ),
    ] {
        assert!(testing::parse(cache).expect_err("refused").to_string().contains(expected), "{cache}");
    }
    assert!(testing::parse("<cache collector='false'><protocol><methods>GTE</methods></protocol></cache>").is_ok());
}

#[test]
fn cache_control() {
    let mut headers = http::HeaderMap::new();
    headers.append("cache-control", HeaderValue::from_static("public, max-age=60"));
    headers.append("cache-control", HeaderValue::from_static("No-Store"));
    assert_eq!(control(&headers), Control { max_age: Some(60), no_cache: false, no_store: true });
}
