use crate::context::MessageContext;
use crate::mediator::{Flow, MediatorList};
use crate::testing;

const NAMESPACES: &str = "xmlns:p='http://schemas.xmlsoap.org/ws/2004/09/policy' \
                          xmlns:t='http://www.wso2.org/products/wso2commons/throttle'";

fn policy(inner: &str) -> String {
    format!("<p:Policy {NAMESPACES}><t:MediatorThrottleAssertion>{inner}</t:MediatorThrottleAssertion></p:Policy>")
}

fn limited(id: &str, most: u32) -> String {
    format!(
        "<p:Policy><t:ID t:type='IP'>{id}</t:ID><p:Policy><t:Control><p:Policy><t:MaximumCount>{most}</t:MaximumCount>\
         <t:UnitTime>10000000</t:UnitTime></p:Policy></t:Control></p:Policy></p:Policy>"
    )
}

fn throttle(policy: &str) -> MediatorList {
    let branches = "<onAccept><property name='way' value='accept'/></onAccept><onReject><property name='way' value='reject'/></onReject>";
    testing::parse(&format!("<throttle id='A'><policy>{policy}</policy>{branches}</throttle>")).expect("well made")
}

fn from(address: &str) -> MessageContext {
    let mut context = testing::context();
    context.set_header("X-Forwarded-For", address);
    context
}

async fn way(list: &MediatorList, context: &mut MessageContext) -> String {
    list.run_async(context).await.expect("runs");
    context.properties.text("way").map(std::borrow::Cow::into_owned).unwrap_or_default()
}

#[tokio::test]
async fn callers_of_one_rule_share_its_count() {
    let list = throttle(&policy(&(limited("other", 2) + &limited("10.0.0.1", 1))));
    let mut ways = Vec::new();
    for address in ["1.1.1.1", "10.0.0.1, 2.2.2.2", "10.0.0.1", "2.2.2.2", "3.3.3.3"] {
        ways.push(way(&list, &mut from(address)).await);
    }
    assert_eq!(ways, ["accept", "accept", "reject", "accept", "reject"]);
    // Nobody is known by an address: allowed.
    assert_eq!(way(&list, &mut testing::context()).await, "accept");
    let mut response = from("1.1.1.1");
    response.is_response = true;
    assert_eq!(way(&list, &mut response).await, "", "a response passes");
}

#[tokio::test]
async fn slots_come_back_however_a_flow_ends() {
    let limit = policy("<t:MaximumConcurrentAccess>1</t:MaximumConcurrentAccess>");
    let list = throttle(&limit);
    let mut first = testing::context();
    assert_eq!(way(&list, &mut first).await, "accept");
    assert_eq!(way(&list, &mut testing::context()).await, "reject");
    // The flow ends without an answer.
    drop(first);
    let mut second = testing::context();
    assert_eq!(way(&list, &mut second).await, "accept");
    // The back end answers; the rest of the flow holds no slot.
    let call = "<call><endpoint><address uri='http://echo'/></endpoint></call>";
    testing::run(call, &mut second).await.expect("answers");
    let mut third = testing::context();
    assert_eq!(way(&list, &mut third).await, "accept");
    // A copy keeps the slot of a message that is gone.
    let copy = third.try_copy().expect("built");
    drop(third);
    assert_eq!(way(&list, &mut testing::context()).await, "reject");
    drop(copy);
    let mut fourth = testing::context();
    assert_eq!(way(&list, &mut fourth).await, "accept");
    crate::engine::handle_fault(&mut fourth, crate::fault::Fault::new("broken")).await;
    assert_eq!(way(&list, &mut testing::context()).await, "accept");
}

#[tokio::test]
async fn a_denial_by_rate_gives_the_slot_back() {
    let list =
        throttle(&policy(&format!("<t:MaximumConcurrentAccess>1</t:MaximumConcurrentAccess>{}", limited("other", 0))));
    for _ in 0..3 {
        let mut context = from("1.1.1.1");
        assert_eq!(way(&list, &mut context).await, "reject");
        assert_eq!(context.properties.text("synapse.is.concurrent.access.allowed").as_deref(), Some("false"));
    }
}

#[tokio::test]
async fn without_branches_the_flow_goes_on_or_ends() {
    let list =
        testing::parse(&format!("<throttle id='A'><policy>{}</policy></throttle>", policy(&limited("other", 1))));
    let list = list.expect("well made");
    assert_eq!(list.run_async(&mut from("1.1.1.1")).await.expect("runs"), Flow::Continue);
    assert_eq!(list.run_async(&mut from("1.1.1.1")).await.expect("runs"), Flow::Stop);
}

#[tokio::test]
async fn policies_and_sequences_by_name() {
    let entry = format!("<localEntry key='p'>{}</localEntry>", policy(&limited("other", 1)));
    let yes = "<sequence name='yes'><property name='way' value='accept'/></sequence>";
    let artifacts = [entry.as_str(), yes, "<localEntry key='text'>no XML</localEntry>"];
    let list = testing::parse("<throttle id='A' onAccept='yes' onReject='no'><policy key='p'/></throttle>")
        .expect("well made");
    let mut context = testing::context_of_artifacts(&artifacts);
    context.set_header("X-Forwarded-For", "1.1.1.1");
    assert_eq!(way(&list, &mut context).await, "accept");
    let fault = list.run_async(&mut context).await.expect_err("there is no such sequence");
    assert_eq!(fault.message(), "Unable to find onReject sequence with key : no");
    for (key, expected) in [
        ("zzz", "Cannot find throttling policy using key : zzz"),
        ("text", "Policy returned from key : text is not an OMElement"),
    ] {
        let mut context = testing::context_of_artifacts(&artifacts);
        let fault = testing::run(&format!("<throttle id='A'><policy key='{key}'/></throttle>"), &mut context).await;
        assert_eq!(fault.expect_err("faults").message(), expected);
    }
}

#[test]
fn what_is_not_well_made_is_refused() {
    for (throttle, expected) in [
        ("<throttle/>", "Idy attribute must have defined "),
        ("<throttle id='A'><policy key=''/></throttle>", "key attribute should have a value "),
    ] {
        assert!(testing::parse(throttle).expect_err("refused").to_string().contains(expected), "{throttle}");
    }
    let broken = format!("<throttle id='A'><policy>{}</policy></throttle>", policy("<t:Foo/>"));
    let error = testing::parse(&broken).expect_err("refused").to_string();
    assert!(error.contains("Error was occurred during throttle policy processing :  "), "{error}");
}
