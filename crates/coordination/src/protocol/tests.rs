//! The state machine, event by event. What holds under faults is the simulation's part.

use std::time::Duration;

use super::*;

const EXPIRY: Duration = Duration::from_secs(3);

struct Bench {
    node: Node,
    now: Mono,
}

impl Bench {
    fn new() -> Self {
        let timing = Timing::new(Duration::from_secs(1), 3, Duration::from_secs(2), 5);
        Self { node: Node::new("a".into(), "process", timing, Resolver::ActivePassive), now: Mono::ZERO }
    }

    fn after(&mut self, pause: Duration, event: Event) -> Vec<Action> {
        self.now += pause;
        let mut actions = Vec::new();
        self.node.handle(self.now, event, &mut actions);
        actions
    }

    fn at_once(&mut self, event: Event) -> Vec<Action> {
        self.after(Duration::ZERO, event)
    }

    fn answer(&mut self, actions: &[Action], reply: Reply) -> Vec<Action> {
        let (id, _) = sent(actions);
        self.after(Duration::from_millis(10), Event::Answer { id, reply })
    }

    /// Gives up whatever is under way, and waits for the next heartbeat.
    fn next_beat(&mut self) -> RequestId {
        let mut actions: Vec<Action> = (1..20).flat_map(|id| self.at_once(Event::Failed { id })).collect();
        for _ in 0..50 {
            let beat = actions.iter().find_map(|action| match action {
                Action::Send { id, request: Request::Beat { .. }, .. } => Some(*id),
                _ => None,
            });
            if let Some(id) = beat {
                return id;
            }
            actions = self.after(Duration::from_millis(100), Event::Tick);
        }
        panic!("no heartbeat");
    }

    fn joined() -> (Self, Vec<Action>) {
        let mut bench = Self::new();
        let actions = bench.at_once(Event::Tick);
        assert!(matches!(sent(&actions).1, Request::Join { anew: true, .. }));
        let actions = bench.answer(&actions, Reply::Joined { now: 1_000_000 });
        (bench, actions)
    }

    /// A member that leads and has one open task.
    fn leading() -> Self {
        let (mut bench, actions) = Self::joined();
        let beat = first(&actions, |request| matches!(request, Request::Beat { .. }));
        let sync = first(&actions, |request| matches!(request, Request::Sync { .. }));
        let actions = bench.at_once(Event::Answer { id: sync, reply: Reply::Rows(Vec::new()) });
        let members = first(&actions, |request| matches!(request, Request::Members));
        bench.at_once(Event::Answer { id: members, reply: Reply::Members(vec!["a".into()]) });
        let actions = bench.at_once(Event::Answer { id: beat, reply: Reply::Beat(lonely()) });
        assert!(matches!(sent(&actions).1, Request::Elect { .. }));
        let elected = bench.answer(&actions, Reply::Elected { epoch: 7 });
        assert!(elected.contains(&Action::Note(Note::Elected(7))));
        bench
    }
}

/// The only request among actions.
fn sent(actions: &[Action]) -> (RequestId, &Request) {
    let mut sent = actions.iter().filter_map(|action| match action {
        Action::Send { id, request, .. } => Some((*id, request)),
        _ => None,
    });
    sent.next().expect("something is sent")
}

fn first(actions: &[Action], wanted: impl Fn(&Request) -> bool) -> RequestId {
    actions
        .iter()
        .find_map(|action| match action {
            Action::Send { id, request, .. } if wanted(request) => Some(*id),
            _ => None,
        })
        .expect("it is sent")
}

fn lonely() -> BeatReply {
    BeatReply { now: 1_000_000, renewed: true, ..BeatReply::default() }
}

#[test]
fn the_lease_counts_from_the_sending_of_the_request() {
    let (bench, actions) = Bench::joined();
    // Sent at 0, answered at 10 ms; a tenth of the expiry is the margin.
    assert_eq!(bench.node.lease(), EXPIRY - EXPIRY / 10);
    assert!(actions.contains(&Action::Note(Note::Joined)));
}

#[test]
fn a_lease_that_is_not_renewed_ends_once() {
    let (mut bench, _) = Bench::joined();
    let ended = bench.after(EXPIRY, Event::Tick);
    assert!(ended.contains(&Action::Note(Note::LeaseEnded)));
    assert!(!bench.after(EXPIRY, Event::Tick).contains(&Action::Note(Note::LeaseEnded)));
}

#[test]
fn each_attempt_to_join_has_a_session_of_its_own() {
    let mut bench = Bench::new();
    let actions = bench.at_once(Event::Tick);
    let (id, Request::Join { session: one, .. }) = sent(&actions) else { panic!("{actions:?}") };
    bench.at_once(Event::Failed { id });
    let actions = bench.after(Duration::from_secs(1), Event::Tick);
    let (_, Request::Join { session: two, .. }) = sent(&actions) else { panic!("{actions:?}") };
    assert!(two.follows(one) && !one.follows(two) && !one.follows(one));
    // An answer to the attempt that was given up is nobody's.
    assert!(bench.at_once(Event::Answer { id, reply: Reply::Joined { now: 1 } }).is_empty());
}

#[test]
fn a_duplicate_waits_until_the_heartbeat_it_saw_has_expired() {
    let mut bench = Bench::new();
    let actions = bench.at_once(Event::Tick);
    bench.answer(&actions, Reply::Duplicate { age: 1000 });
    let wait = bench.node.wake(bench.now) - bench.now;
    assert!(wait >= EXPIRY - Duration::from_secs(1) && wait < EXPIRY, "{wait:?}");
}

#[test]
fn a_task_opens_when_its_row_says_running_and_closes_when_it_is_gone() {
    let (mut bench, actions) = Bench::joined();
    let sync = first(&actions, |request| matches!(request, Request::Sync { .. }));
    bench.at_once(Event::Deploy { task: "t".into(), paused: false });
    let row = |state| Row { task: "t".into(), state, last_slot: Some(5), fired: 2 };
    let actions = bench.at_once(Event::Answer { id: sync, reply: Reply::Rows(vec![row(TaskState::None)]) });
    let (id, Request::Sync { changes, .. }) = sent(&actions) else { panic!("{actions:?}") };
    assert_eq!(changes, &[("t".into(), Wanted::Running)]);
    let actions = bench.at_once(Event::Answer { id, reply: Reply::Rows(vec![row(TaskState::Running)]) });
    assert!(actions.iter().any(|action| matches!(action, Action::Open { row, .. } if row.fired == 2)), "{actions:?}");
    assert!(bench.node.may_act(bench.now, "t"));
    assert!(!bench.node.may_act(bench.node.lease(), "t"));
    // The membership is lost: the task closes before anything else happens.
    let id = bench.next_beat();
    let lost = bench.at_once(Event::Answer { id, reply: Reply::Beat(BeatReply::default()) });
    assert_eq!(lost.first(), Some(&Action::Close { task: "t".into(), reason: Close::Lost }), "{lost:?}");
    assert!(!bench.node.is_open("t"));
    assert!(matches!(sent(&lost).1, Request::Join { anew: false, .. }));
}

#[test]
fn a_leader_that_another_replaced_is_deposed() {
    let mut bench = Bench::leading();
    assert_eq!(bench.node.leading(), Some(7));
    let other = Leader { node: "b".into(), session: Some(Session::new("other", 1)), epoch: 8, age: 5 };
    let id = bench.next_beat();
    let reply = Reply::Beat(BeatReply { leader: Some(other), ..lonely() });
    let actions = bench.at_once(Event::Answer { id, reply });
    assert!(actions.contains(&Action::Note(Note::Deposed)));
    assert!(actions.contains(&Action::Note(Note::LeaderChanged("b".into()))));
    assert_eq!(bench.node.leading(), None);
}

#[test]
fn a_node_that_stops_closes_waits_for_its_fires_and_leaves() {
    let (mut bench, _) = Bench::joined();
    let actions = bench.at_once(Event::Stop);
    assert!(actions.contains(&Action::Drain));
    let actions = bench.at_once(Event::Drained);
    assert!(actions.iter().all(|action| !matches!(action, Action::Send { .. })), "a heartbeat is under way");
    // Its answer, or the end of the wait for it, comes before Leave.
    let mut all = Vec::new();
    for _ in 0..200 {
        all.extend(bench.after(Duration::from_millis(50), Event::Tick));
        for id in 1..20 {
            all.extend(bench.at_once(Event::Failed { id }));
        }
        if bench.node.is_gone() {
            break;
        }
    }
    assert!(all.iter().any(|action| matches!(action, Action::Send { request: Request::Leave { .. }, .. })));
    assert!(all.contains(&Action::Gone), "it gives up at last");
}
