//! Membership, lease and leadership of one node. Its tasks are in [`super::work`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::message::{
    Action, BeatReply, Close, Epoch, Event, Mono, NodeName, Note, Reply, Request, RequestId, Session, TaskName,
};
use super::resolver::Resolver;
use super::work::Work;

/// The protocol's durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// A heartbeat older than this, in database time, has expired.
    pub expiry: Duration,
    /// How much earlier than `expiry` the lease ends, for differences in the rate of the clocks.
    pub margin: Duration,
    /// The pause between heartbeats.
    pub beat: Duration,
    /// How long to wait for an answer of the database.
    pub timeout: Duration,
    /// The leader cleans up in every so-manieth survey, 1 or more.
    pub clean_every: u32,
}

impl Timing {
    /// The durations that follow from MI's settings: `heartBeatInterval`, `heartbeatMaxRetry`, `resolving_period`,
    /// `resolving_frequency`. A heartbeat also looks for work, so its pause is the smaller of the two; the margin is a
    /// tenth of the expiry.
    pub fn new(interval: Duration, max_retry: u32, resolving_period: Duration, resolving_frequency: u32) -> Self {
        let expiry = interval.saturating_mul(max_retry.max(1));
        let beat = interval.min(resolving_period).max(Duration::from_millis(50)).min(expiry / 3);
        Self {
            expiry,
            margin: expiry / 10,
            beat,
            timeout: (expiry / 3).max(Duration::from_millis(100)),
            clean_every: resolving_frequency.max(1),
        }
    }

    /// How long a lease lasts from the moment its heartbeat was sent.
    pub fn lease(&self) -> Duration {
        self.expiry.saturating_sub(self.margin)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Joining,
    Member,
    /// A member that waits for its running fires.
    Draining,
    /// Wants to send Leave, or has; the moment is when it gives up to send what is pending before.
    Leaving(Mono),
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flight {
    id: RequestId,
    sent: Mono,
    leaving: bool,
}

/// One node's half of the protocol. Every method is a function of the state and its arguments: no clock, no I/O.
#[derive(Debug, Clone)]
pub struct Node {
    pub(super) name: NodeName,
    incarnation: String,
    pub(super) timing: Timing,
    pub(super) resolver: Resolver,
    sessions: u64,
    pub(super) session: Session,
    joined_once: bool,
    standing: Standing,
    lease: Mono,
    lapsed: bool,
    pub(super) leading: Option<(Epoch, Mono)>,
    leader: Option<NodeName>,
    members: Option<BTreeSet<NodeName>>,
    member_revision: i64,
    flight: Option<Flight>,
    next: Mono,
    failures: u32,
    beat_again: bool,
    last_id: RequestId,
    pub(super) work: Work,
}

impl Node {
    /// A node that will try to join at once. The incarnation must differ from that of every other process ever.
    pub fn new(name: NodeName, incarnation: &str, timing: Timing, resolver: Resolver) -> Self {
        Self {
            name,
            incarnation: incarnation.to_owned(),
            timing,
            resolver,
            sessions: 0,
            session: Session::new(incarnation, 0),
            joined_once: false,
            standing: Standing::Joining,
            lease: Mono::ZERO,
            lapsed: false,
            leading: None,
            leader: None,
            members: None,
            member_revision: i64::MIN,
            flight: None,
            next: Mono::ZERO,
            failures: 0,
            beat_again: false,
            last_id: 0,
            work: Work::default(),
        }
    }

    /// Whether the node may act on this task at this moment: it owns the task, the task is to run, and the lease has
    /// not ended. The driver's gate answers the same from what [`Action::Lease`], [`Action::Open`] and
    /// [`Action::Close`] told it.
    pub fn may_act(&self, now: Mono, task: &str) -> bool {
        now < self.lease && self.is_open(task)
    }

    /// Whether the node owns this task and it is to run, whatever the lease.
    pub fn is_open(&self, task: &str) -> bool {
        self.work.is_open(task)
    }

    /// The own session; claims go with it.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The end of the lease on the node's clock; in the past when there is none.
    pub fn lease(&self) -> Mono {
        self.lease
    }

    /// The own leadership, as far as the node knows.
    pub fn leading(&self) -> Option<Epoch> {
        self.leading.map(|(epoch, _)| epoch)
    }

    /// The leader, as far as the node knows.
    pub fn leader(&self) -> Option<&NodeName> {
        self.leader.as_ref()
    }

    /// Whether the node has left for good.
    pub fn is_gone(&self) -> bool {
        self.standing == Standing::Gone
    }

    /// Takes an event; what is to be done is added to `out`, in the order in which it must be done.
    pub fn handle(&mut self, now: Mono, event: Event, out: &mut Vec<Action>) {
        match event {
            Event::Tick => {}
            Event::Notified => self.beat_soon(now),
            Event::Answer { id, reply } => self.answer(now, id, reply, out),
            Event::Failed { id } => self.failed(now, id, out),
            Event::Stop => self.stop(out),
            Event::Drained => {
                if self.standing == Standing::Draining {
                    self.standing = Standing::Leaving(now + self.timing.timeout);
                }
            }
            other => self.work_event(now, other, out),
        }
        self.watch_lease(now, out);
        self.pump(now, out);
    }

    /// When [`Event::Tick`] is due, if nothing else happens before.
    pub fn wake(&self, now: Mono) -> Mono {
        // While leaving, the first Leave waits for the moment below or for the last answer, not for the next heartbeat.
        let waits_for_answer = matches!(self.standing, Standing::Leaving(_)) && self.failures == 0;
        let idle = self.flight.is_none() && !waits_for_answer && self.standing != Standing::Gone;
        let mut wake = if idle { self.next } else { Mono::MAX };
        if !self.lapsed && self.lease > now {
            wake = wake.min(self.lease);
        }
        if let Standing::Leaving(until) = self.standing
            && until > now
        {
            wake = wake.min(until);
        }
        wake.min(self.work_wake(now)).max(now)
    }

    fn answer(&mut self, now: Mono, id: RequestId, reply: Reply, out: &mut Vec<Action>) {
        match self.flight.take_if(|flight| flight.id == id) {
            Some(flight) => {
                self.failures = 0;
                self.membership_answer(now, flight, reply, out);
            }
            None => self.work_answer(now, id, reply, out),
        }
    }

    fn membership_answer(&mut self, now: Mono, flight: Flight, reply: Reply, out: &mut Vec<Action>) {
        match reply {
            _ if flight.leaving => {
                self.standing = Standing::Gone;
                out.push(Action::Gone);
            }
            Reply::Joined { now: database } => self.joined(now, flight, database, out),
            Reply::Duplicate { age } => {
                let left = self.timing.expiry.saturating_sub(Duration::from_millis(age));
                let wait = left.clamp(self.timing.beat, self.timing.expiry) + Duration::from_millis(10);
                self.next = now + wait;
                out.push(Action::Note(Note::Duplicate { wait }));
            }
            Reply::Beat(reply) => self.beaten(now, flight, reply, out),
            Reply::Elected { epoch } => {
                self.lead(now, Some(epoch), out);
                self.next = now;
            }
            _ => self.next = now + self.timing.beat / 4,
        }
    }

    fn failed(&mut self, now: Mono, id: RequestId, out: &mut Vec<Action>) {
        let Some(flight) = self.flight.take_if(|flight| flight.id == id) else {
            self.work_failed(now, id);
            return;
        };
        if flight.leaving && self.failures >= 2 {
            self.standing = Standing::Gone;
            out.push(Action::Gone);
        }
        let backoff = Duration::from_millis(100).saturating_mul(1 << self.failures.min(6));
        self.failures += 1;
        self.next = now + backoff.min(self.timing.beat);
    }

    fn joined(&mut self, now: Mono, flight: Flight, database: i64, out: &mut Vec<Action>) {
        if self.standing == Standing::Joining {
            self.standing = Standing::Member;
        }
        out.push(Action::Note(if self.joined_once { Note::Rejoined } else { Note::Joined }));
        self.joined_once = true;
        self.renew(now, flight, database, out);
        self.next = now;
        self.work.rejoined();
    }

    fn beaten(&mut self, now: Mono, flight: Flight, reply: BeatReply, out: &mut Vec<Action>) {
        if !reply.renewed {
            self.lose_membership(now, out);
            return;
        }
        self.renew(now, flight, reply.now, out);
        self.next = if std::mem::take(&mut self.beat_again) { now } else { flight.sent + self.timing.beat };
        let own = reply.leader.as_ref().filter(|leader| leader.session.as_ref() == Some(&self.session));
        self.lead(now, own.map(|leader| leader.epoch), out);
        let live = reply.leader.as_ref().filter(|leader| Duration::from_millis(leader.age) < self.timing.expiry);
        match live {
            Some(leader) if self.leader.as_ref() != Some(&leader.node) => {
                self.leader = Some(leader.node.clone());
                out.push(Action::Note(Note::LeaderChanged(leader.node.clone())));
            }
            None if self.standing == Standing::Member => {
                let request = Request::Elect { session: self.session.clone() };
                self.send_membership(now, request, out);
            }
            Some(_) | None => {}
        }
        if reply.member_revision != self.member_revision {
            self.member_revision = reply.member_revision;
            self.work.members = true;
        }
        self.look_for_work(now, &reply);
    }

    fn renew(&mut self, now: Mono, flight: Flight, database: i64, out: &mut Vec<Action>) {
        self.lease = flight.sent + self.timing.lease();
        let read = flight.sent + now.saturating_sub(flight.sent) / 2;
        out.push(Action::Lease { until: self.lease, database, read });
        if self.lapsed && now < self.lease {
            self.lapsed = false;
            out.push(Action::Note(Note::LeaseRegained));
        }
    }

    fn lose_membership(&mut self, now: Mono, out: &mut Vec<Action>) {
        self.work.lose(Close::Lost, out);
        self.lease = Mono::ZERO;
        self.lapsed = false;
        self.lead(now, None, out);
        self.next = now;
        match self.standing {
            Standing::Member => self.standing = Standing::Joining,
            // The row is gone already, and the tasks with it: there is nothing to give back.
            Standing::Leaving(_) => {
                self.standing = Standing::Gone;
                out.push(Action::Gone);
            }
            Standing::Joining | Standing::Draining | Standing::Gone => {}
        }
    }

    fn lead(&mut self, now: Mono, epoch: Option<Epoch>, out: &mut Vec<Action>) {
        if self.leading() == epoch {
            return;
        }
        if self.leading.take().is_some() {
            self.work.deposed();
            out.push(Action::Note(Note::Deposed));
        }
        if let Some(epoch) = epoch {
            self.leading = Some((epoch, now));
            self.work.elected();
            self.leader = Some(self.name.clone());
            out.push(Action::Note(Note::Elected(epoch)));
        }
    }

    /// Compares the names of the live nodes with those known before.
    pub(super) fn know_members(&mut self, members: Vec<NodeName>, out: &mut Vec<Action>) {
        let members: BTreeSet<NodeName> = members.into_iter().collect();
        let others =
            |set: &BTreeSet<NodeName>| set.iter().filter(|n| **n != self.name).cloned().collect::<BTreeSet<_>>();
        let new = others(&members);
        match &self.members {
            None => out.extend(new.into_iter().map(|node| Action::Note(Note::ConnectedWith(node)))),
            Some(old) => {
                let old = others(old);
                out.extend(new.difference(&old).map(|node| Action::Note(Note::MemberAdded(node.clone()))));
                out.extend(old.difference(&new).map(|node| Action::Note(Note::MemberRemoved(node.clone()))));
            }
        }
        self.members = Some(members);
    }

    fn stop(&mut self, out: &mut Vec<Action>) {
        if matches!(self.standing, Standing::Joining | Standing::Member) {
            self.standing = Standing::Draining;
            self.work.lose(Close::Leaving, out);
            out.push(Action::Drain);
        }
    }

    fn watch_lease(&mut self, now: Mono, out: &mut Vec<Action>) {
        if !self.lapsed && self.lease != Mono::ZERO && now >= self.lease && self.standing != Standing::Gone {
            self.lapsed = true;
            out.push(Action::Note(Note::LeaseEnded));
        }
    }

    pub(super) fn beat_soon(&mut self, now: Mono) {
        if self.flight.is_some() {
            self.beat_again = true;
        } else if self.standing == Standing::Member {
            self.next = self.next.min(now);
        }
    }

    fn pump(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.flight.is_none() {
            self.pump_membership(now, out);
        }
        match self.standing {
            Standing::Member => self.pump_work(now, true, out),
            Standing::Draining | Standing::Leaving(_) => self.pump_work(now, false, out),
            Standing::Joining | Standing::Gone => {}
        }
    }

    fn pump_membership(&mut self, now: Mono, out: &mut Vec<Action>) {
        let session = self.session.clone();
        match self.standing {
            Standing::Leaving(until) => {
                if (self.failures == 0 && (now >= until || self.work.is_idle()))
                    || (self.failures > 0 && now >= self.next)
                {
                    self.send_membership(now, Request::Leave { session }, out);
                }
            }
            Standing::Gone => {}
            _ if now < self.next => {}
            Standing::Joining => {
                self.sessions += 1;
                self.session = Session::new(&self.incarnation, self.sessions);
                let session = self.session.clone();
                self.send_membership(now, Request::Join { session, anew: !self.joined_once }, out);
            }
            Standing::Member | Standing::Draining => self.send_membership(now, Request::Beat { session }, out),
        }
    }

    fn send_membership(&mut self, now: Mono, request: Request, out: &mut Vec<Action>) {
        let leaving = matches!(request, Request::Leave { .. });
        let id = self.new_id();
        self.flight = Some(Flight { id, sent: now, leaving });
        out.push(Action::Send { id, request, timeout: self.timing.timeout });
    }

    pub(super) fn new_id(&mut self) -> RequestId {
        self.last_id += 1;
        self.last_id
    }

    /// A number that differs from node to node and from leadership to leadership, for choices that are to be random.
    pub(super) fn chance(&self) -> u64 {
        let epoch = self.leading().unwrap_or_default().unsigned_abs();
        self.incarnation
            .bytes()
            .fold(epoch ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
            >> 16
    }

    /// Whether the lease holds, so that the node may act as the leader.
    pub(super) fn has_lease(&self, now: Mono) -> bool {
        now < self.lease
    }

    /// The tasks that are open here.
    pub fn open_tasks(&self) -> impl Iterator<Item = &TaskName> {
        self.work.open_tasks()
    }
}
