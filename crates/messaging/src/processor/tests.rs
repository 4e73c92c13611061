//! Processors at work, with virtual time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use mi_coordination::{Coordinator, Gate};
use mi_mediation::Configuration;
use mi_mediation::context::{MessageContext, Origin, OriginKind};
use mi_payload::Payload;
use mi_scheduling::{Fire, Job as _};
use tokio::time::{Instant, timeout};

use super::ProcessorArtifact;
use super::member::{Control, Member};
use crate::testing::{self, Asked};

const FORWARDING: &str = "org.apache.synapse.message.processor.impl.forwarder.ScheduledMessageForwardingProcessor";
const SAMPLING: &str = "org.apache.synapse.message.processor.impl.sampler.SamplingProcessor";
const FAILOVER: &str = "org.apache.synapse.message.processor.impl.failover.FailoverScheduledMessageForwardingProcessor";

/// A node of its own, whose tasks this test fires by hand.
struct Node(Coordinator);

impl Control for Node {
    fn gate(&self, task: &str) -> Option<Gate> {
        Some(self.0.register(task, false))
    }

    fn deactivate<'a>(&'a self, processor: &'a ProcessorArtifact) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            for task in processor.tasks() {
                self.0.deactivate(&task).await.expect("no database");
            }
        })
    }
}

struct World {
    member: Member,
    coordinator: Coordinator,
    live: Arc<ArcSwap<Configuration>>,
    asked: Asked,
}

impl World {
    /// A server with these artifacts and a processor of this class, which takes from the store `s`.
    fn new(artifacts: &[&str], class: &str, attributes: &str, parameters: &[(&str, &str)]) -> Self {
        let (environment, asked) = testing::environment();
        let mut all = vec!["<messageStore name='s'/>", "<messageStore name='t'/>"];
        all.extend(artifacts);
        let live = Arc::new(ArcSwap::from_pointee(testing::configuration(&environment, &all)));
        let parameters: String =
            parameters.iter().map(|(name, value)| format!("<parameter name='{name}'>{value}</parameter>")).collect();
        let text = format!(
            "<messageProcessor name='p' class='{class}' messageStore='s' {attributes}>{parameters}</messageProcessor>"
        );
        let processor = Arc::new(testing::with_definitions(&text, ProcessorArtifact::parse).expect("well made"));
        let coordinator = Coordinator::local();
        let control = Arc::new(Node(coordinator.clone()));
        let member = Member { processor, live: live.clone(), control, taking: Default::default() };
        Self { member, coordinator, live, asked }
    }

    /// Fires the task once; returns how long that took.
    async fn fire(&self) -> Duration {
        let began = Instant::now();
        let fire = Fire { task: "MSMP_p_0".into(), slot: 0, extra: false };
        timeout(Duration::from_secs(600), self.member.run(fire)).await.expect("it ends").expect("no error");
        began.elapsed()
    }

    async fn put(&self, text: &str, one_way: bool) {
        let origin = Arc::new(Origin::new(OriginKind::Main, "main"));
        let mut message = MessageContext::new(self.live.load_full(), origin);
        message.payload = Payload::text(text.to_owned());
        if one_way {
            message.properties.set("OUT_ONLY", "true".into());
        }
        self.live.load().message_stores["s"].backing.put(message).await.expect("memory");
    }

    async fn size(&self, store: &str) -> u64 {
        self.live.load().message_stores[store].backing.size().await.expect("memory").expect("a number")
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn is_active(&self) -> bool {
        self.coordinator.register("MSMP_p_0", false).is_open()
    }
}

fn endpoint(url: &str) -> String {
    format!(
        "<endpoint name='e'><address uri='{url}'><suspendOnFailure><errorCodes>-1</errorCodes></suspendOnFailure>\
         <markForSuspension><errorCodes>-1</errorCodes></markForSuspension></address></endpoint>"
    )
}

#[tokio::test(start_paused = true)]
async fn a_fire_delivers_one_message() {
    let world = World::new(&[&endpoint("http://status/202")], FORWARDING, "targetEndpoint='e'", &[]);
    world.put("a", true).await;
    world.put("b", true).await;
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await), (1, 1));
    world.fire().await;
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await), (2, 0));
    assert!(world.is_active());
}

#[tokio::test(start_paused = true)]
async fn a_short_interval_delivers_for_a_second_and_cron_until_the_store_is_empty() {
    let fires = |parameters: &'static [(&str, &str)]| async move {
        let world = World::new(&[&endpoint("http://status/202")], FORWARDING, "targetEndpoint='e'", parameters);
        for _ in 0..12 {
            world.put("a", true).await;
        }
        (world.fire().await.as_millis(), world.asked())
    };
    assert_eq!(fires(&[("interval", "200")]).await, (800, 5));
    assert_eq!(fires(&[("cronExpression", "0 0 1 * * ?"), ("interval", "500")]).await, (6000, 12));
}

#[tokio::test(start_paused = true)]
async fn after_its_attempts_it_deactivates_itself_and_keeps_the_message() {
    let parameters = [("max.delivery.attempts", "2"), ("client.retry.interval", "300")];
    let world = World::new(&[&endpoint("http://refused/")], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    assert_eq!(world.fire().await, Duration::from_millis(300));
    assert!(!world.is_active());
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await), (2, 1));
    world.coordinator.activate("MSMP_p_0").await.expect("no database");
    world.fire().await;
    assert_eq!(world.asked(), 4);
}

#[tokio::test(start_paused = true)]
async fn deactivation_ends_the_attempts_at_once() {
    let parameters = [("max.delivery.attempts", "-1"), ("client.retry.interval", "60000")];
    let world = World::new(&[&endpoint("http://refused/")], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    let stop = async {
        tokio::time::sleep(Duration::from_secs(90)).await;
        world.coordinator.deactivate("MSMP_p_0").await.expect("no database");
    };
    let (took, ()) = tokio::join!(world.fire(), stop);
    assert_eq!(took, Duration::from_secs(90));
    assert_eq!((world.asked(), world.size("s").await), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn with_drop_it_goes_on_with_the_next_message() {
    let parameters = [("max.delivery.attempts", "2"), ("max.delivery.drop", "Enabled")];
    let world = World::new(&[&endpoint("http://status/500")], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    world.put("b", true).await;
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await, world.is_active()), (2, 1, true));
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await, world.is_active()), (4, 0, true));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_goes_to_the_store_for_it() {
    let parameters = [("max.delivery.attempts", "1"), ("message.processor.failMessagesStore", "t")];
    let world = World::new(&[&endpoint("http://refused/")], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    world.fire().await;
    assert_eq!((world.size("s").await, world.size("t").await), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_needs_a_reply_sequence() {
    let world = World::new(&[&endpoint("http://status/200")], FORWARDING, "targetEndpoint='e'", &[]);
    world.put("a", false).await;
    world.fire().await;
    assert_eq!((world.is_active(), world.size("s").await), (false, 1));

    let sequence = "<sequence name='r'><store messageStore='t'/><drop/></sequence>";
    let parameters = [("message.processor.reply.sequence", "r")];
    let world = World::new(&[&endpoint("http://status/200"), sequence], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", false).await;
    world.fire().await;
    world.fire().await;
    assert_eq!((world.asked(), world.size("t").await), (1, 1), "a reply sequence that drops is no failure");
}

#[tokio::test(start_paused = true)]
async fn statuses_that_are_not_to_be_retried_count_as_delivered() {
    let parameters = [("non.retry.status.codes", "404, 500")];
    let world = World::new(&[&endpoint("http://status/404")], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    world.fire().await;
    assert_eq!((world.asked(), world.size("s").await), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_fault_sequence_sees_the_error() {
    let sequence = "<sequence name='f'><filter source='get-property(\"ERROR_CODE\")' regex='101503'>\
        <then><store messageStore='t'/></then></filter></sequence>";
    let parameters = [("message.processor.fault.sequence", "f"), ("max.delivery.attempts", "3")];
    let world = World::new(&[&endpoint("http://refused/"), sequence], FORWARDING, "targetEndpoint='e'", &parameters);
    world.put("a", true).await;
    world.fire().await;
    assert_eq!((world.size("t").await, world.is_active()), (3, false));
}

#[tokio::test(start_paused = true)]
async fn a_message_can_say_where_it_goes() {
    let world = World::new(&[&endpoint("http://status/202")], FORWARDING, "", &[]);
    world.put("a", true).await;
    world.fire().await;
    assert_eq!((world.size("s").await, world.is_active()), (1, false), "no endpoint: the processor stops");
}

#[tokio::test(start_paused = true)]
async fn sampling_takes_as_many_as_it_may_at_a_time() {
    let sequence = "<sequence name='q'><store messageStore='t'/></sequence>";
    let parameters = [("sequence", "q"), ("concurrency", "2")];
    let world = World::new(&[sequence], SAMPLING, "", &parameters);
    for text in ["a", "b", "c"] {
        world.put(text, true).await;
    }
    world.fire().await;
    assert_eq!(world.size("s").await, 1);
    world.fire().await;
    assert_eq!(world.size("s").await, 0);
    // The sequences run by themselves.
    while world.size("t").await < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn failover_moves_messages_to_the_other_store() {
    let world = World::new(&[], FAILOVER, "", &[("message.target.store.name", "t")]);
    world.put("a", true).await;
    world.fire().await;
    assert_eq!((world.size("s").await, world.size("t").await), (0, 1));
}
