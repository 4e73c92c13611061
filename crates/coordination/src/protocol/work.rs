//! The tasks of one node, and what it does for all tasks while it leads.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::message::{
    Action, BeatReply, Close, Event, Mono, NodeName, Note, Reply, Request, RequestId, Row, TaskName, TaskState, Wanted,
};
use super::node::Node;

/// How many tasks one request of a node names at most.
const BATCH: usize = 1000;

/// What the node knows of its tasks and has yet to tell the database. One request is under way at a time; what fails is
/// kept and sent again.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    flight: Option<(RequestId, Sent)>,
    retry_at: Mono,
    deployed: BTreeMap<TaskName, Local>,
    register: BTreeMap<TaskName, bool>,
    register_again_at: Option<Mono>,
    withdraw: BTreeSet<TaskName>,
    changes: BTreeMap<TaskName, Wanted>,
    sync: bool,
    sync_not_before: Mono,
    not_deployed: BTreeSet<TaskName>,
    /// The set of nodes has changed and is to be read.
    pub(super) members: bool,
    survey: bool,
    surveys: u32,
    turn: usize,
    assign: Vec<(TaskName, NodeName)>,
    /// Unassigned tasks that are not deployed here, and since when that is known.
    strays: BTreeMap<TaskName, Mono>,
    /// Tasks undeployed here, and when the leader deletes them whoever owns them.
    undeployed: BTreeMap<TaskName, Mono>,
    last_remark: Option<Note>,
    leaving: bool,
    /// When something was last deployed or undeployed here: until that has settled nothing counts as a stray.
    deployed_at: Mono,
}

#[derive(Debug, Clone, Default)]
struct Local {
    paused_at_first: bool,
    open: bool,
    was_paused: bool,
    /// Somebody here asked for a pause; the row does not show it yet.
    pausing: bool,
}

#[derive(Debug, Clone)]
enum Sent {
    Register(Vec<(TaskName, bool)>),
    Withdraw(Vec<TaskName>),
    Sync(Vec<(TaskName, Wanted)>),
    Members,
    Survey,
    Assign,
    Remove(Vec<TaskName>),
}

impl Work {
    pub(super) fn is_open(&self, task: &str) -> bool {
        self.deployed.get(task).is_some_and(|local| local.open)
    }

    pub(super) fn open_tasks(&self) -> impl Iterator<Item = &TaskName> {
        self.deployed.iter().filter(|(_, local)| local.open).map(|(task, _)| task)
    }

    /// Whether everything that must be told before leaving has been told.
    pub(super) fn is_idle(&self) -> bool {
        self.flight.is_none() && self.changes.is_empty()
    }

    /// Closes every task and forgets what belongs to the session; only completions are kept when the node leaves.
    pub(super) fn lose(&mut self, reason: Close, out: &mut Vec<Action>) {
        for (task, local) in &mut self.deployed {
            local.was_paused = false;
            if std::mem::take(&mut local.open) {
                out.push(Action::Close { task: task.clone(), reason });
            }
        }
        self.sync = false;
        if reason == Close::Lost {
            self.flight = None;
            self.changes.clear();
        } else {
            self.changes.retain(|_, wanted| *wanted == Wanted::Completed);
            self.leaving = true;
        }
    }

    /// Rows may have been deleted while the node was away.
    pub(super) fn rejoined(&mut self) {
        self.retry_at = Mono::ZERO;
        self.register.extend(self.deployed.iter().map(|(task, local)| (task.clone(), local.paused_at_first)));
        self.sync = true;
        self.sync_not_before = Mono::ZERO;
        self.members = true;
    }

    pub(super) fn elected(&mut self) {
        self.survey = true;
        self.surveys = 0;
    }

    pub(super) fn deposed(&mut self) {
        self.survey = false;
        self.assign.clear();
        self.strays.clear();
        self.last_remark = None;
    }

    fn open(&mut self, row: &Row, session: &super::message::Session, out: &mut Vec<Action>) {
        if let Some(local) = self.deployed.get_mut(&row.task).filter(|local| !local.open) {
            local.open = true;
            let resumed = std::mem::take(&mut local.was_paused);
            out.push(Action::Open { row: row.clone(), resumed, session: session.clone() });
        }
    }

    fn close(&mut self, task: &TaskName, reason: Close, out: &mut Vec<Action>) {
        if let Some(local) = self.deployed.get_mut(task) {
            local.was_paused |= reason == Close::Paused;
            if std::mem::take(&mut local.open) {
                out.push(Action::Close { task: task.clone(), reason });
            }
        }
    }
}

impl Node {
    pub(super) fn work_event(&mut self, now: Mono, event: Event, out: &mut Vec<Action>) {
        let work = &mut self.work;
        match event {
            Event::Deploy { task, paused } => {
                work.deployed_at = now;
                work.withdraw.remove(&task);
                work.undeployed.remove(&task);
                work.strays.remove(&task);
                work.not_deployed.remove(&task);
                work.deployed.entry(task.clone()).or_default().paused_at_first = paused;
                work.register.insert(task, paused);
                work.sync = true;
                work.sync_not_before = Mono::ZERO;
            }
            Event::Undeploy { task } => {
                work.deployed_at = now;
                work.close(&task, Close::Deleted, out);
                work.deployed.remove(&task);
                work.register.remove(&task);
                work.changes.remove(&task);
                work.withdraw.insert(task.clone());
                work.undeployed.insert(task, now + self.timing.expiry);
            }
            Event::Deactivate { task } => {
                if let Some(local) = work.deployed.get_mut(&task).filter(|local| local.open) {
                    local.pausing = true;
                    work.close(&task, Close::Paused, out);
                }
            }
            Event::Activate { task } => {
                if let Some(local) = work.deployed.get_mut(&task) {
                    local.pausing = false;
                }
                work.sync = true;
            }
            Event::Completed { task } if work.is_open(&task) => {
                work.close(&task, Close::Completed, out);
                work.changes.insert(task, Wanted::Completed);
            }
            Event::Suspect => {
                work.sync = true;
                self.beat_soon(now);
            }
            _ => {}
        }
    }

    pub(super) fn look_for_work(&mut self, now: Mono, reply: &BeatReply) {
        self.work.sync |= reply.own_work && now >= self.work.sync_not_before;
        if self.leading.is_some() {
            self.work.survey |= reply.unassigned || reply.expired;
        }
    }

    pub(super) fn work_wake(&self, now: Mono) -> Mono {
        [Some(self.work.retry_at), self.work.register_again_at]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
            .unwrap_or(Mono::MAX)
    }

    pub(super) fn work_failed(&mut self, now: Mono, id: RequestId) {
        let work = &mut self.work;
        let Some((_, sent)) = work.flight.take_if(|(flight, _)| *flight == id) else { return };
        work.retry_at = now + Duration::from_millis(200).min(self.timing.beat);
        match sent {
            Sent::Sync(_) => work.sync = true,
            Sent::Members => work.members = true,
            Sent::Survey | Sent::Assign => work.survey = self.leading.is_some(),
            // The statement may still be executed, and delete a row that is registered again by then.
            Sent::Withdraw(_) | Sent::Remove(_) => work.register_again_at = Some(now + self.timing.expiry),
            Sent::Register(_) => {}
        }
    }

    pub(super) fn work_answer(&mut self, now: Mono, id: RequestId, reply: Reply, out: &mut Vec<Action>) {
        let work = &mut self.work;
        let Some((_, sent)) = work.flight.take_if(|(flight, _)| *flight == id) else { return };
        work.retry_at = Mono::ZERO;
        match (sent, reply) {
            (Sent::Register(tasks), Reply::Done) => {
                for (task, paused) in tasks {
                    if work.register.get(&task) == Some(&paused) {
                        work.register.remove(&task);
                    }
                }
                if self.leading.is_some() {
                    self.work.survey = true;
                }
            }
            (Sent::Withdraw(tasks), Reply::Done) => {
                for task in &tasks {
                    work.withdraw.remove(task);
                }
            }
            (Sent::Remove(tasks), Reply::Done) => {
                for task in &tasks {
                    work.undeployed.remove(task);
                    work.strays.remove(task);
                }
            }
            (Sent::Sync(changes), Reply::Rows(rows)) => {
                for (task, wanted) in changes {
                    if work.changes.get(&task) == Some(&wanted) {
                        work.changes.remove(&task);
                    }
                }
                if !work.leaving {
                    self.know_rows(now, &rows, out);
                }
            }
            (Sent::Members, Reply::Members(members)) => self.know_members(members, out),
            (Sent::Survey, Reply::Surveyed { members, unassigned, load }) => {
                self.resolve(now, &members, unassigned, &load, out);
                self.know_members(members, out);
            }
            (Sent::Assign, Reply::Done) => work.sync = true,
            // Fenced: the next heartbeat tells what has become of the membership and the leadership.
            (_, _) => self.beat_soon(now),
        }
    }

    fn know_rows(&mut self, now: Mono, rows: &[Row], out: &mut Vec<Action>) {
        let work = &mut self.work;
        let own: BTreeSet<&TaskName> = rows.iter().map(|row| &row.task).collect();
        let gone: Vec<TaskName> = work.open_tasks().filter(|task| !own.contains(task)).cloned().collect();
        for task in gone {
            work.close(&task, Close::Deleted, out);
        }
        let mut ignored = false;
        for row in rows {
            let Some(local) = work.deployed.get_mut(&row.task) else {
                ignored |= row.state != TaskState::Completed;
                if row.state != TaskState::Completed && work.not_deployed.insert(row.task.clone()) {
                    out.push(Action::Note(Note::NotDeployed(row.task.clone())));
                }
                continue;
            };
            let pausing = std::mem::take(&mut local.pausing);
            match row.state {
                TaskState::None | TaskState::Running if pausing => local.pausing = true,
                TaskState::None | TaskState::Activated => {
                    local.was_paused |= row.state == TaskState::Activated;
                    work.changes.insert(row.task.clone(), Wanted::Running);
                }
                TaskState::Running if work.changes.get(&row.task) == Some(&Wanted::Completed) => {}
                TaskState::Running => work.open(row, &self.session, out),
                TaskState::Deactivated => {
                    work.close(&row.task, Close::Paused, out);
                    work.changes.entry(row.task.clone()).or_insert(Wanted::Paused);
                }
                TaskState::Paused => work.close(&row.task, Close::Paused, out),
                TaskState::Completed => work.close(&row.task, Close::Completed, out),
            }
        }
        if ignored {
            work.sync_not_before = now + self.timing.expiry;
        }
    }

    fn resolve(
        &mut self,
        now: Mono,
        members: &[NodeName],
        unassigned: Vec<TaskName>,
        load: &[(NodeName, u64)],
        out: &mut Vec<Action>,
    ) {
        let chance = self.chance();
        let work = &mut self.work;
        let (here, strays): (Vec<_>, Vec<_>) =
            unassigned.into_iter().partition(|task| work.deployed.contains_key(task));
        let known = std::mem::take(&mut work.strays);
        work.strays = strays
            .into_iter()
            .map(|task| {
                let since = known.get(&task).copied().unwrap_or(now);
                (task, since)
            })
            .collect();
        let (assign, remark) = self.resolver.assign(&here, members, load, &mut work.turn, chance);
        work.assign = assign;
        if remark != work.last_remark {
            out.extend(remark.clone().map(Action::Note));
            work.last_remark = remark;
        }
    }

    /// Sends the next request, if any: everything while the node is a member (`all`), only completions while it leaves.
    pub(super) fn pump_work(&mut self, now: Mono, all: bool, out: &mut Vec<Action>) {
        if self.work.flight.is_some() || now < self.work.retry_at {
            return;
        }
        if self.work.register_again_at.is_some_and(|at| now >= at) {
            self.work.register_again_at = None;
            let deployed = self.work.deployed.iter().map(|(task, local)| (task.clone(), local.paused_at_first));
            self.work.register.extend(deployed);
        }
        let next = if all {
            self.next_of_all(now)
        } else if self.work.changes.is_empty() {
            None
        } else {
            Some(self.next_sync())
        };
        if let Some((request, sent)) = next {
            let id = self.new_id();
            self.work.flight = Some((id, sent));
            // Longer than a heartbeat's: nothing is lost by a late answer, and thousands of tasks may be in it.
            out.push(Action::Send { id, request, timeout: self.timing.expiry });
        }
    }

    fn next_of_all(&mut self, now: Mono) -> Option<(Request, Sent)> {
        let work = &mut self.work;
        if !work.withdraw.is_empty() {
            let tasks: Vec<_> = work.withdraw.iter().take(BATCH).cloned().collect();
            return Some((Request::Withdraw { tasks: tasks.clone() }, Sent::Withdraw(tasks)));
        }
        if work.sync || !work.changes.is_empty() {
            return Some(self.next_sync());
        }
        if let Some(next) = self.next_of_leader(now) {
            return Some(next);
        }
        // Last of what matters: every node registers every task, and one registration of a task is enough.
        let work = &mut self.work;
        if !work.register.is_empty() {
            let tasks: Vec<_> =
                work.register.iter().take(BATCH).map(|(task, paused)| (task.clone(), *paused)).collect();
            return Some((Request::Register { tasks: tasks.clone() }, Sent::Register(tasks)));
        }
        std::mem::take(&mut self.work.members).then_some((Request::Members, Sent::Members))
    }

    fn next_sync(&mut self) -> (Request, Sent) {
        self.work.sync = false;
        let changes: Vec<_> = self.work.changes.iter().map(|(task, wanted)| (task.clone(), *wanted)).collect();
        (Request::Sync { session: self.session.clone(), changes: changes.clone() }, Sent::Sync(changes))
    }

    fn next_of_leader(&mut self, now: Mono) -> Option<(Request, Sent)> {
        let (epoch, since) = self.leading.filter(|_| self.has_lease(now))?;
        let session = self.session.clone();
        let settle = self.timing.expiry;
        let work = &mut self.work;
        if !work.assign.is_empty() {
            let tasks = std::mem::take(&mut work.assign);
            return Some((Request::Assign { session, epoch, tasks }, Sent::Assign));
        }
        if std::mem::take(&mut work.survey) {
            let orphans = work.surveys.is_multiple_of(self.timing.clean_every);
            work.surveys = work.surveys.wrapping_add(1);
            return Some((Request::Survey { session, epoch, orphans }, Sent::Survey));
        }
        let undeployed: Vec<_> =
            work.undeployed.iter().filter(|(_, due)| **due <= now).map(|(task, _)| task.clone()).take(BATCH).collect();
        if !undeployed.is_empty() {
            let request = Request::Remove { session, epoch, tasks: undeployed.clone(), owned: true };
            return Some((request, Sent::Remove(undeployed)));
        }
        if now < since.max(work.deployed_at) + settle {
            return None;
        }
        let strays: Vec<_> =
            work.strays.iter().filter(|(_, since)| **since + settle <= now).map(|(task, _)| task.clone()).collect();
        (!strays.is_empty()).then(|| {
            let request = Request::Remove { session, epoch, tasks: strays.clone(), owned: false };
            (request, Sent::Remove(strays))
        })
    }
}
