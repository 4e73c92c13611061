//! Mediators that use what stands beside them (`xslt`, `validate`), and those that remember (`cache`, `throttle`).

use std::sync::{Arc, Barrier};
use std::time::Duration;

use mi_e2e::{Backend, Builder, Server, answer, eventually};

const NAMESPACE: &str = "xmlns='http://ws.apache.org/ns/synapse'";

/// An API at `/name` with these mediators.
fn api(name: &str, mediators: &str) -> String {
    format!(
        "<api {NAMESPACE} name='{name}' context='/{name}'><resource methods='GET POST' url-mapping='/*'>\
         <inSequence>{mediators}</inSequence></resource></api>"
    )
}

fn entry(key: &str, content: &str) -> String {
    format!("<localEntry {NAMESPACE} key='{key}'>{content}</localEntry>")
}

fn answered_with(text: &str) -> String {
    format!("<payloadFactory media-type='text'><format>{text}</format></payloadFactory><respond/>")
}

fn stylesheet(templates: &str) -> String {
    format!(
        "<xsl:stylesheet xmlns='' version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'>{templates}</xsl:stylesheet>"
    )
}

#[test]
fn a_stylesheet_transforms_and_may_change_while_the_server_runs() {
    let order = "<xsl:import href='shared.xsl'/><xsl:param name='currency'/><xsl:template match='/order'>\
                 <invoice currency='{$currency}'><xsl:apply-templates select='item'><xsl:sort select='@n' data-type='number'/>\
                 </xsl:apply-templates></invoice></xsl:template>";
    let shared = "<xsl:template match='item'><line><xsl:value-of select='@n * 2'/></line></xsl:template>";
    let endless = "<xsl:template match='*' name='again'><xsl:call-template name='again'/></xsl:template>";
    let endless_api = api("endless", "<xslt key='endless'/><respond/>")
        .replace("</inSequence>", &format!("</inSequence><faultSequence>{}</faultSequence>", answered_with("stopped")));
    let mediators = "<property name='unit' value='CHF'/><xslt key='order'><property name='currency' expression='$ctx:unit'/>\
                     <resource location='shared.xsl' key='shared'/></xslt><respond/>";
    let server = Builder::new()
        .artifact("local-entries/order.xml", &entry("order", &stylesheet(order)))
        .artifact("local-entries/shared.xml", &entry("shared", &stylesheet(shared)))
        .artifact("local-entries/endless.xml", &entry("endless", &stylesheet(endless)))
        .artifact("api/invoice.xml", &api("invoice", mediators))
        .artifact("api/endless.xml", &endless_api)
        .start();
    let post =
        |path: &str| server.request("POST", path, "application/xml", "<order><item n='10'/><item n='9'/></order>");
    let body = post("/invoice").body;
    assert!(body.contains("<invoice currency=\"CHF\"><line>18</line><line>20</line></invoice>"), "{body}");
    // A stylesheet that does not end is a fault, and others go on meanwhile.
    assert_eq!(post("/endless").body, "stopped");
    let shared = shared.replace("@n * 2", "@n * 3");
    server.deploy("local-entries/shared.xml", &entry("shared", &stylesheet(&shared)));
    let changed = || post("/invoice").body.contains("<line>27</line><line>30</line>");
    assert!(eventually(Duration::from_secs(30), changed), "{}", server.log());
}

#[test]
fn what_a_schema_refuses_goes_to_on_fail() {
    let types = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:simpleType name='sku'>\
                 <xs:restriction base='xs:string'><xs:pattern value='[A-Z]{2}-[0-9]+'/></xs:restriction></xs:simpleType></xs:schema>";
    let order = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:include schemaLocation='types.xsd'/>\
                 <xs:element name='order'><xs:complexType><xs:sequence>\
                 <xs:element name='item' type='sku' maxOccurs='3'/></xs:sequence></xs:complexType></xs:element></xs:schema>";
    let json = r#"<![CDATA[{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer", "maximum": 9}}}]]>"#;
    let refused = "<on-fail><payloadFactory media-type='text'><format>$1</format><args><arg expression='$ctx:ERROR_MESSAGE'/></args>\
                   </payloadFactory><property name='HTTP_SC' value='400' scope='axis2'/><respond/></on-fail>";
    let xml = format!(
        "<validate><schema key='order'/><resource location='types.xsd' key='types'/>{refused}</validate>{}",
        answered_with("valid")
    );
    let json_api = format!("<validate><schema key='json'/>{refused}</validate>{}", answered_with("valid"));
    let server = Builder::new()
        .artifact("local-entries/types.xml", &entry("types", types))
        .artifact("local-entries/order.xml", &entry("order", order))
        .artifact("local-entries/json.xml", &entry("json", json))
        .artifact("api/xml.xml", &api("xml", &xml))
        .artifact("api/json.xml", &api("json", &json_api))
        .start();
    let xml = |body: &str| server.request("POST", "/xml", "application/xml", body);
    let json = |body: &str| server.request("POST", "/json", "application/json", body);
    for valid in [xml("<order><item>AB-1</item><item>CD-22</item></order>"), json(r#"{"id": 9}"#)] {
        assert_eq!((valid.status, valid.body.as_str()), (200, "valid"));
    }
    let pattern = xml("<order><item>ab-1</item></order>");
    assert_eq!(pattern.status, 400);
    assert!(pattern.body.contains("cvc-pattern-valid"), "{}", pattern.body);
    assert!(xml("<order/>").body.contains("cvc-complex-type.2.4.b"), "{}", xml("<order/>").body);
    for invalid in [json(r#"{"id": 10}"#), json("{}"), json(r#"{"id": "9"}"#)] {
        assert_eq!(invalid.status, 400);
        assert!(!invalid.body.is_empty());
    }
    // Requests do not share what a failure left behind.
    assert_eq!(xml("<order><item>AB-1</item></order>").body, "valid");
}

/// A back end that counts its requests in its answers.
fn counting() -> Backend {
    let count = std::sync::atomic::AtomicUsize::new(0);
    Backend::start(move |_| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        answer(200, "text/plain", format!("answer {number}").as_bytes())
    })
}

fn call(back_end: &Backend) -> String {
    format!(
        "<property name='REST_URL_POSTFIX' scope='axis2' action='remove'/>\
         <call><endpoint><address uri='http://127.0.0.1:{}/x'/></endpoint></call>",
        back_end.port()
    )
}

#[test]
fn equal_requests_are_answered_from_the_cache_until_it_is_too_old() {
    let back_end = counting();
    let finder = |timeout: u32| {
        format!(
            "<cache collector='false' timeout='{timeout}'><protocol type='HTTP'><methods>GET</methods></protocol></cache>"
        )
    };
    // After a call the message counts as a response only when somebody says so.
    let collector = "<property name='RESPONSE' value='true'/><cache collector='true'/>";
    let cached = |timeout| format!("{}{}{collector}<respond/>", finder(timeout), call(&back_end));
    let server = Builder::new()
        .artifact("api/long.xml", &api("long", &cached(300)))
        .artifact("api/short.xml", &api("short", &cached(1)))
        .start();
    assert_eq!(server.get("/long/a").body, "answer 1");
    let hit = server.get("/long/a");
    assert_eq!((hit.status, hit.body.as_str()), (200, "answer 1"));
    assert!(hit.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{hit:?}");
    assert_eq!(server.get("/long/b").body, "answer 2", "another path is another request");
    for number in ["answer 3", "answer 4"] {
        assert_eq!(server.request("POST", "/long/a", "text/plain", "x").body, number, "a POST is not cached");
    }
    assert_eq!(server.get("/long/a").body, "answer 1");
    assert_eq!(back_end.received().len(), 4);
    assert_eq!(server.get("/short/a").body, "answer 5");
    assert!(eventually(Duration::from_secs(30), || server.get("/short/a").body != "answer 5"));
}

fn policy(limits: &str) -> String {
    let rule = format!(
        "<wsp:Policy><throttle:ID throttle:type='IP'>other</throttle:ID><wsp:Policy>{limits}</wsp:Policy></wsp:Policy>"
    );
    policy_of(&rule)
}

fn policy_of(content: &str) -> String {
    format!(
        "<policy><wsp:Policy xmlns:wsp='http://schemas.xmlsoap.org/ws/2004/09/policy' \
         xmlns:throttle='http://www.wso2.org/products/wso2commons/throttle'>\
         <throttle:MediatorThrottleAssertion>{content}</throttle:MediatorThrottleAssertion></wsp:Policy></policy>"
    )
}

fn throttled(name: &str, policy: &str, accepted: &str) -> String {
    let rejected = format!("<property name='HTTP_SC' value='429' scope='axis2'/>{}", answered_with("too many"));
    let mediators = format!(
        "<throttle id='{name}'>{policy}<onAccept>{accepted}</onAccept><onReject>{rejected}</onReject></throttle>"
    );
    api(name, &mediators)
}

#[test]
fn more_requests_than_a_rate_allows_are_rejected() {
    let limits = "<throttle:Control><wsp:Policy><throttle:MaximumCount>3</throttle:MaximumCount>\
                  <throttle:UnitTime>600000</throttle:UnitTime>\
                  <throttle:ProhibitTimePeriod>0</throttle:ProhibitTimePeriod></wsp:Policy></throttle:Control>";
    let server =
        Builder::new().artifact("api/rate.xml", &throttled("rate", &policy(limits), &answered_with("passed"))).start();
    let statuses: Vec<u16> = (0..5).map(|_| server.get("/rate").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    assert_eq!(server.get("/rate").body, "too many");
}

#[test]
fn more_requests_at_once_than_are_allowed_are_rejected_until_one_ends() {
    let (arrived, leave) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let both = (arrived.clone(), leave.clone());
    let slow = Backend::start(move |request| {
        if request.line.starts_with("GET") {
            both.0.wait();
            both.1.wait();
        }
        answer(200, "text/plain", b"done")
    });
    let limit = policy_of("<throttle:MaximumConcurrentAccess>1</throttle:MaximumConcurrentAccess>");
    let accepted = format!("{}<respond/>", call(&slow));
    let server = Builder::new().artifact("api/one.xml", &throttled("one", &limit, &accepted)).start();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| server.get("/one"));
        arrived.wait();
        assert_eq!(server.get("/one").status, 429, "the only place is taken");
        leave.wait();
        assert_eq!(first.join().expect("an answer").body, "done");
    });
    assert!(eventually(Duration::from_secs(30), || passes(&server)), "the place is free again");
}

fn passes(server: &Server) -> bool {
    server.request("POST", "/one", "text/plain", "x").status == 200
}
