//! The database as the protocol means it: each request executed at once, on values in memory.
//!
//! The simulation runs nodes against it, and the SQL of each database is compared with it.
#![allow(dead_code, reason = "each test that includes this module uses a part of it")]

use std::collections::{BTreeMap, BTreeSet};

use mi_coordination::protocol::{
    BeatReply, Epoch, Leader, NodeName, Reply, Request, Row, Session, TaskName, TaskState, Wanted,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    pub owner: Option<NodeName>,
    pub state: TaskState,
    pub last_slot: Option<i64>,
    pub fired: u64,
}

/// A group's tables.
#[derive(Debug, Clone, Default)]
pub struct Model {
    expiry: i64,
    pub nodes: BTreeMap<NodeName, (Session, i64)>,
    pub leader: Option<(NodeName, i64)>,
    pub epoch: Epoch,
    leader_session: Option<Session>,
    member_revision: i64,
    pub tasks: BTreeMap<TaskName, TaskRow>,
    /// Mutation: do not compare the leader's epoch.
    pub ignore_epoch: bool,
    /// The leaderships of writes that took effect, where they are not the newest: must stay empty.
    pub late_writes: Vec<(Epoch, Epoch)>,
}

impl Model {
    pub fn new(expiry: i64) -> Self {
        Self { expiry, ..Self::default() }
    }

    /// Executes a request of a node at a moment.
    pub fn run(&mut self, now: i64, node: &NodeName, request: &Request) -> Reply {
        match request {
            Request::Join { session, anew } => self.join(now, node, session, *anew),
            Request::Beat { session } => Reply::Beat(self.beat(now, node, session)),
            Request::Elect { session } => self.elect(now, node, session),
            Request::Leave { session } => self.leave(node, session),
            Request::Members => Reply::Members(self.nodes.keys().cloned().collect()),
            Request::Survey { session, epoch, orphans } => self.survey(now, node, session, *epoch, *orphans),
            Request::Assign { session, epoch, tasks } => {
                if self.fenced(node, session, *epoch) {
                    return Reply::Fenced;
                }
                for (task, to) in tasks {
                    let there = self.nodes.contains_key(to);
                    let unassigned =
                        self.tasks.get_mut(task).filter(|row| row.owner.is_none() && row.state != TaskState::Completed);
                    if let Some(row) = unassigned.filter(|_| there) {
                        row.owner = Some(to.clone());
                        self.note_write(*epoch);
                    }
                }
                Reply::Done
            }
            Request::Remove { session, epoch, tasks, owned } => {
                if self.fenced(node, session, *epoch) {
                    return Reply::Fenced;
                }
                for task in tasks {
                    if self.tasks.get(task).is_some_and(|row| *owned || row.owner.is_none()) {
                        self.tasks.remove(task);
                        self.note_write(*epoch);
                    }
                }
                Reply::Done
            }
            Request::Sync { session, changes } => self.sync(node, session, changes),
            Request::Register { tasks } => {
                for (task, paused) in tasks {
                    let state = if *paused { TaskState::Paused } else { TaskState::None };
                    let row = TaskRow { owner: None, state, last_slot: None, fired: 0 };
                    self.tasks.entry(task.clone()).or_insert(row);
                }
                Reply::Done
            }
            Request::Withdraw { tasks } => {
                for task in tasks {
                    if self.tasks.get(task).is_some_and(|row| row.owner.as_ref().is_none_or(|owner| owner == node)) {
                        self.tasks.remove(task);
                    }
                }
                Reply::Done
            }
            Request::Deactivate { task } => {
                if let Some(row) = self.tasks.get_mut(task)
                    && !matches!(row.state, TaskState::Paused | TaskState::Completed)
                {
                    let here = row.owner.as_ref().is_none_or(|owner| owner == node);
                    row.state = if here { TaskState::Paused } else { TaskState::Deactivated };
                }
                Reply::Done
            }
            Request::Activate { task } => {
                if let Some(row) = self.tasks.get_mut(task)
                    && matches!(row.state, TaskState::Paused | TaskState::Deactivated)
                {
                    row.state = TaskState::Activated;
                }
                Reply::Done
            }
            Request::Claim { session, task, slot, limit } => self.claim(node, session, task, *slot, *limit),
        }
    }

    fn has_row(&self, node: &NodeName, session: &Session) -> bool {
        self.nodes.get(node).is_some_and(|(current, _)| current == session)
    }

    fn fenced(&self, node: &NodeName, session: &Session, epoch: Epoch) -> bool {
        let leads = self.epoch == epoch
            && self.leader_session.as_ref() == Some(session)
            && self.leader.as_ref().is_some_and(|(leader, _)| leader == node)
            && self.has_row(node, session);
        !leads && !self.ignore_epoch
    }

    fn note_write(&mut self, epoch: Epoch) {
        if epoch != self.epoch {
            self.late_writes.push((epoch, self.epoch));
        }
    }

    fn release(&mut self, node: &NodeName) {
        for row in self.tasks.values_mut() {
            if row.owner.as_ref() == Some(node) && row.state != TaskState::Completed {
                row.owner = None;
                row.state = row.state.released();
            }
        }
    }

    fn join(&mut self, now: i64, node: &NodeName, session: &Session, anew: bool) -> Reply {
        if let Some((current, heartbeat)) = self.nodes.get(node)
            && !session.follows(current)
            && now - heartbeat < self.expiry
        {
            return Reply::Duplicate { age: u64::try_from(now - heartbeat).unwrap_or(0) };
        }
        self.release(node);
        if anew {
            for row in self.tasks.values_mut() {
                if row.owner.as_ref() == Some(node) && row.state == TaskState::Completed {
                    row.owner = None;
                    row.state = TaskState::None;
                    row.fired = 0;
                }
            }
        }
        if self.leader.as_ref().is_some_and(|(leader, _)| leader == node) {
            self.leader = None;
        }
        self.nodes.insert(node.clone(), (session.clone(), now));
        self.member_revision += 1;
        Reply::Joined { now }
    }

    fn beat(&mut self, now: i64, node: &NodeName, session: &Session) -> BeatReply {
        let renewed = self.has_row(node, session);
        if renewed {
            self.nodes.insert(node.clone(), (session.clone(), now));
            if self.leader_session.as_ref() == Some(session)
                && let Some((_, heartbeat)) = self.leader.as_mut().filter(|(leader, _)| leader == node)
            {
                *heartbeat = now;
            }
        }
        let own_state = |state| matches!(state, TaskState::None | TaskState::Activated | TaskState::Deactivated);
        BeatReply {
            now,
            renewed,
            leader: self.leader.as_ref().map(|(leader, heartbeat)| Leader {
                node: leader.clone(),
                session: self.leader_session.clone(),
                epoch: self.epoch,
                age: u64::try_from(now - heartbeat).unwrap_or(0),
            }),
            member_revision: self.member_revision,
            own_work: self.tasks.values().any(|row| row.owner.as_ref() == Some(node) && own_state(row.state)),
            unassigned: self.tasks.values().any(|row| row.owner.is_none() && row.state != TaskState::Completed),
            expired: self.nodes.values().any(|(_, heartbeat)| now - heartbeat >= self.expiry),
        }
    }

    fn elect(&mut self, now: i64, node: &NodeName, session: &Session) -> Reply {
        let taken = self.leader.as_ref().is_some_and(|(_, heartbeat)| now - heartbeat < self.expiry);
        if taken || !self.has_row(node, session) {
            return Reply::NotElected;
        }
        self.epoch += 1;
        self.leader = Some((node.clone(), now));
        self.leader_session = Some(session.clone());
        Reply::Elected { epoch: self.epoch }
    }

    fn leave(&mut self, node: &NodeName, session: &Session) -> Reply {
        if self.has_row(node, session) {
            self.release(node);
            self.nodes.remove(node);
            if self.leader.as_ref().is_some_and(|(leader, _)| leader == node) {
                self.leader = None;
            }
            self.member_revision += 1;
        }
        Reply::Done
    }

    fn survey(&mut self, now: i64, node: &NodeName, session: &Session, epoch: Epoch, orphans: bool) -> Reply {
        if self.fenced(node, session, epoch) {
            return Reply::Fenced;
        }
        let expired: Vec<NodeName> = self
            .nodes
            .iter()
            .filter(|(name, (_, heartbeat))| *name != node && now - heartbeat >= self.expiry)
            .map(|(name, _)| name.clone())
            .collect();
        for name in expired {
            self.nodes.remove(&name);
            self.release(&name);
            self.member_revision += 1;
            self.note_write(epoch);
        }
        if orphans {
            let gone: BTreeSet<NodeName> = self
                .tasks
                .values()
                .filter_map(|row| row.owner.clone())
                .filter(|owner| !self.nodes.contains_key(owner))
                .collect();
            for owner in gone {
                self.release(&owner);
            }
        }
        let mut load: BTreeMap<NodeName, u64> = BTreeMap::new();
        for owner in self.tasks.values().filter_map(|row| row.owner.as_ref()) {
            *load.entry(owner.clone()).or_default() += 1;
        }
        Reply::Surveyed {
            members: self.nodes.keys().cloned().collect(),
            unassigned: self
                .tasks
                .iter()
                .filter(|(_, row)| row.owner.is_none() && row.state != TaskState::Completed)
                .map(|(task, _)| task.clone())
                .collect(),
            load: load.into_iter().collect(),
        }
    }

    fn sync(&mut self, node: &NodeName, session: &Session, changes: &[(TaskName, Wanted)]) -> Reply {
        if !self.has_row(node, session) {
            return Reply::Fenced;
        }
        for (task, wanted) in changes {
            if let Some(row) = self.tasks.get_mut(task)
                && row.owner.as_ref() == Some(node)
                && wanted.from().contains(&row.state)
            {
                row.state = wanted.state();
            }
        }
        Reply::Rows(
            self.tasks
                .iter()
                .filter(|(_, row)| row.owner.as_ref() == Some(node))
                .map(|(task, row)| Row {
                    task: task.clone(),
                    state: row.state,
                    last_slot: row.last_slot,
                    fired: row.fired,
                })
                .collect(),
        )
    }

    fn claim(&mut self, node: &NodeName, session: &Session, task: &TaskName, slot: i64, limit: Option<u64>) -> Reply {
        if !self.has_row(node, session) {
            return Reply::NotOwner;
        }
        let Some(row) = self.tasks.get_mut(task) else { return Reply::NotOwner };
        if row.owner.as_ref() != Some(node) || row.state != TaskState::Running {
            return Reply::NotOwner;
        }
        if limit.is_some_and(|limit| row.fired >= limit) {
            return Reply::Exhausted;
        }
        if row.last_slot.is_some_and(|last| last >= slot) {
            return Reply::Taken;
        }
        row.last_slot = Some(slot);
        row.fired += 1;
        Reply::Granted
    }
}
