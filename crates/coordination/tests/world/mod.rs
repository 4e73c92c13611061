//! A deterministic world: processes with their own clocks, a database, a network between them, and faults.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::Duration;

use mi_coordination::protocol::{
    Action, Event, Node, NodeName, Reply, Request, RequestId, Resolver, Session, TaskName, Timing,
};

use crate::model::Model;

/// Microseconds of the world's own time.
type Micros = u64;

const SECOND: Micros = 1_000_000;
const EXPIRY: Micros = 3 * SECOND;

/// What is taken out of the protocol, to see that the invariants notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    Nothing,
    LeaseCheck,
    EpochCondition,
    DatabaseTime,
    Claim,
}

/// A small generator (SplitMix64): the same seed gives the same schedule on every machine.
#[derive(Debug, Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

#[derive(Debug, Clone)]
enum Happening {
    /// Something for a process, if it is still the same life of it.
    To { process: usize, life: u32, event: Event },
    /// A request reaches the database.
    Execute { process: usize, life: u32, id: RequestId, request: Request },
    /// A task's slot is due on a process.
    Due { process: usize, life: u32, task: TaskName, slot: i64 },
    /// A claim reaches the database.
    Claim { process: usize, life: u32, session: Session, task: TaskName, slot: i64 },
    /// A claim's answer reaches the process.
    Claimed { process: usize, life: u32, task: TaskName, slot: i64, reply: Reply },
    /// A process that was stopped by a signal goes on.
    Resume { process: usize },
    /// A cut between a process and the database is mended.
    Mend { process: usize },
    /// The database is back.
    DatabaseUp,
    /// A process is started again.
    Start { process: usize },
    /// The next fault.
    Fault,
}

#[derive(Debug)]
struct Process {
    name: NodeName,
    life: u32,
    node: Option<Node>,
    born: Micros,
    /// The rate of its clock, in millionths.
    rate: u64,
    /// How far its wall clock is from the database's, milliseconds.
    skew: i64,
    paused: bool,
    cut: bool,
    slow: bool,
    held: Vec<Happening>,
    wake: Option<Micros>,
    /// The cluster's time as the process knows it: database milliseconds at a moment of its own clock.
    time: Option<(i64, Duration)>,
    sessions: BTreeMap<TaskName, Session>,
}

pub struct World {
    chance: Chance,
    mutation: Mutation,
    now: Micros,
    sequence: u64,
    queue: BinaryHeap<Reverse<(Micros, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    model: Model,
    database_up: bool,
    processes: Vec<Process>,
    timing: Timing,
    tasks: Vec<(TaskName, i64, Option<u64>)>,
    resolver: Resolver,
    healing: bool,
    fired: BTreeSet<(TaskName, i64)>,
    fires: BTreeMap<TaskName, (u64, Micros)>,
    pub statements: u64,
    violation: Option<String>,
    /// Print what happens: to understand a seed.
    trace: bool,
}

impl World {
    pub fn new(seed: u64, mutation: Mutation) -> Self {
        let mut chance = Chance(seed);
        let timing = Timing::new(
            Duration::from_secs(1),
            3,
            Duration::from_millis(chance.between(500, 2000)),
            u32::try_from(chance.between(1, 5)).unwrap_or(1),
        );
        let count = chance.between(1, 7);
        let resolver = match chance.below(4) {
            0 => Resolver::RoundRobin { server_count: 1 },
            _ => Resolver::ActivePassive,
        };
        let tasks = (0..chance.between(1, 4))
            .map(|number| {
                let limit = (number == 3).then(|| chance.between(1, 20));
                let interval = i64::try_from(chance.between(200, 1500)).unwrap_or(1000);
                (TaskName::from(format!("task-{number}")), interval, limit)
            })
            .collect();
        let mut model = Model::new(i64::try_from(EXPIRY / 1000).unwrap_or(3000));
        model.ignore_epoch = mutation == Mutation::EpochCondition;
        let processes = (0..count)
            .map(|number| {
                let duplicate = number > 0 && chance.percent(12);
                let id = if duplicate { chance.below(number) } else { number };
                Process {
                    name: NodeName::from(format!("node-{id}")),
                    life: 0,
                    node: None,
                    born: 0,
                    rate: chance.between(980_000, 1_020_000),
                    skew: i64::try_from(chance.below(14_400_000)).unwrap_or(0) - 7_200_000,
                    paused: false,
                    cut: false,
                    slow: false,
                    held: Vec::new(),
                    wake: None,
                    time: None,
                    sessions: BTreeMap::new(),
                }
            })
            .collect();
        Self {
            chance,
            mutation,
            now: 0,
            sequence: 0,
            queue: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            model,
            database_up: true,
            processes,
            timing,
            tasks,
            resolver,
            healing: false,
            fired: BTreeSet::new(),
            fires: BTreeMap::new(),
            statements: 0,
            violation: None,
            trace: std::env::var_os("SIMULATION_TRACE").is_some(),
        }
    }

    /// Runs a whole schedule: faults for a while, then none, then every task must run on exactly one node.
    pub fn run(&mut self) -> Result<(), String> {
        for process in 0..self.processes.len() {
            let after = self.chance.below(2 * SECOND);
            self.at(after, Happening::Start { process });
        }
        self.at(SECOND, Happening::Fault);
        let faults = self.chance.between(15, 40) * SECOND;
        self.run_until(faults)?;
        self.heal();
        // Expiry of the dead, expiry of a duplicate's wait, election, a few heartbeats.
        let settled = self.now + 3 * EXPIRY + 6 * SECOND;
        self.run_until(settled)?;
        let from = self.now;
        self.run_until(from + 4 * SECOND)?;
        self.check_live(from)
    }

    fn run_until(&mut self, end: Micros) -> Result<(), String> {
        while let Some(Reverse((when, number))) = self.queue.peek().copied() {
            if when > end {
                break;
            }
            self.queue.pop();
            self.now = self.now.max(when);
            if let Some(happening) = self.happenings.remove(&number) {
                self.happen(happening);
            }
            if let Some((late, newest)) = self.model.late_writes.first() {
                return Err(format!("{} a write of epoch {late} took effect in epoch {newest}", self.now));
            }
            if let Some(violation) = self.violation.take() {
                return Err(violation);
            }
        }
        self.now = end;
        Ok(())
    }

    fn at(&mut self, after: Micros, happening: Happening) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now + after, self.sequence)));
        self.happenings.insert(self.sequence, happening);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::To { process, life, ref event } => {
                if self.processes[process].life != life || self.processes[process].node.is_none() {
                    return;
                }
                if self.processes[process].paused {
                    self.processes[process].held.push(happening);
                    return;
                }
                let event = event.clone();
                self.step(process, event);
            }
            Happening::Execute { process, life, id, request } => self.execute(process, life, id, &request),
            Happening::Due { process, life, ref task, slot } => {
                if self.processes[process].life != life || self.processes[process].node.is_none() {
                    return;
                }
                if self.processes[process].paused {
                    self.processes[process].held.push(happening);
                    return;
                }
                let task = task.clone();
                self.due(process, &task, slot);
            }
            Happening::Claim { process, life, session, task, slot } => {
                if !self.database_up {
                    return;
                }
                self.statements += 1;
                let limit = self.limit(&task);
                let name = self.processes[process].name.clone();
                let request = Request::Claim { session, task: task.clone(), slot, limit };
                let now = self.database_time(process);
                let reply = self.model.run(now, &name, &request);
                let after = self.delay(process);
                if !self.lost(process) {
                    self.at(after, Happening::Claimed { process, life, task, slot, reply });
                }
            }
            Happening::Claimed { process, life, ref task, slot, ref reply } => {
                if self.processes[process].life != life || self.processes[process].node.is_none() {
                    return;
                }
                if self.processes[process].paused {
                    self.processes[process].held.push(happening);
                    return;
                }
                let (task, reply) = (task.clone(), reply.clone());
                match reply {
                    Reply::Granted => self.fire(task, slot),
                    Reply::NotOwner => self.step(process, Event::Suspect),
                    Reply::Exhausted => self.step(process, Event::Completed { task }),
                    _ => {}
                }
            }
            Happening::Resume { process } => self.resume(process),
            Happening::Mend { process } => {
                self.processes[process].cut = false;
                self.processes[process].slow = false;
            }
            Happening::DatabaseUp => self.database_up = true,
            Happening::Start { process } => self.start(process),
            Happening::Fault => self.fault(),
        }
    }

    fn mono(&self, process: usize) -> Duration {
        let process = &self.processes[process];
        Duration::from_micros((self.now - process.born) * process.rate / 1_000_000)
    }

    /// A span of the process's clock in the world's time, rounded up.
    fn real(&self, process: usize, span: Duration) -> Micros {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 2_000_000);
        micros.saturating_mul(1_000_000) / self.processes[process].rate + 1
    }

    /// The time that the database uses for a statement of this process.
    fn database_time(&self, process: usize) -> i64 {
        let now = i64::try_from(self.now / 1000).unwrap_or(i64::MAX) + 1_600_000_000_000;
        if self.mutation == Mutation::DatabaseTime { now + self.processes[process].skew } else { now }
    }

    fn start(&mut self, process: usize) {
        if self.processes[process].node.is_some() {
            return;
        }
        let (timing, resolver) = (self.timing, self.resolver.clone());
        let state = &mut self.processes[process];
        state.life += 1;
        state.born = self.now;
        state.paused = false;
        state.held.clear();
        state.time = None;
        state.sessions.clear();
        state.wake = None;
        let incarnation = format!("process-{process}-life-{}", state.life);
        state.node = Some(Node::new(state.name.clone(), &incarnation, timing, resolver));
        for (task, _, _) in self.tasks.clone() {
            self.step(process, Event::Deploy { task, paused: false });
        }
    }

    fn step(&mut self, process: usize, event: Event) {
        let now = self.mono(process);
        let mut actions = Vec::new();
        let Some(node) = self.processes[process].node.as_mut() else { return };
        node.handle(now, event, &mut actions);
        for action in actions {
            self.act(process, action);
        }
        let Some(node) = self.processes[process].node.as_ref() else { return };
        let wake = node.wake(now);
        if wake < Duration::MAX {
            let after = self.real(process, wake.saturating_sub(now));
            let when = self.now + after;
            let life = self.processes[process].life;
            if self.processes[process].wake.is_none_or(|wake| wake > when || wake <= self.now) {
                self.processes[process].wake = Some(when);
                self.at(after, Happening::To { process, life, event: Event::Tick });
            }
        }
    }

    fn act(&mut self, process: usize, action: Action) {
        let life = self.processes[process].life;
        if self.trace {
            println!("{} process {process} at {:?}: {action:?}", self.now, self.mono(process));
        }
        match action {
            Action::Send { id, request, timeout } => {
                let after = self.real(process, timeout);
                self.at(after, Happening::To { process, life, event: Event::Failed { id } });
                if !self.lost(process) {
                    let after = self.delay(process);
                    self.at(after, Happening::Execute { process, life, id, request });
                }
            }
            Action::Lease { database, read, .. } => {
                self.processes[process].time = Some((database, read));
                self.check_alone(process);
            }
            Action::Open { row, session, .. } => {
                self.processes[process].sessions.insert(row.task.clone(), session);
                self.check_alone(process);
                self.plan(process, &row.task, row.last_slot.unwrap_or(i64::MIN));
            }
            Action::Close { task, .. } => {
                self.processes[process].sessions.remove(&task);
            }
            Action::Drain => {
                let after = self.chance.below(SECOND);
                self.at(after, Happening::To { process, life, event: Event::Drained });
            }
            Action::Gone => {
                self.processes[process].node = None;
                let after = self.chance.between(1, 4 * SECOND);
                self.at(after, Happening::Start { process });
            }
            Action::Note(_) => {}
        }
    }

    fn lost(&mut self, process: usize) -> bool {
        let faulty = !self.healing && self.chance.percent(2);
        !self.database_up || self.processes[process].cut || faulty
    }

    fn delay(&mut self, process: usize) -> Micros {
        let slow = self.processes[process].slow && self.chance.percent(50);
        let late = !self.healing && self.chance.percent(2);
        match (slow, late) {
            (_, true) => self.chance.between(1, 4 * EXPIRY),
            (true, _) => self.chance.between(1000, SECOND),
            _ => self.chance.between(200, 15_000),
        }
    }

    fn execute(&mut self, process: usize, life: u32, id: RequestId, request: &Request) {
        if !self.database_up {
            return;
        }
        self.statements += 1;
        let now = self.database_time(process);
        let name = self.processes[process].name.clone();
        let reply = self.model.run(now, &name, request);
        if self.trace {
            println!("{} database for {process} ({name}): {request:?} -> {reply:?}", self.now);
        }
        // PostgreSQL notifies of what others must act on.
        if matches!(request, Request::Leave { .. } | Request::Assign { .. }) && self.chance.percent(50) {
            for other in 0..self.processes.len() {
                let (life, after) = (self.processes[other].life, self.delay(other));
                self.at(after, Happening::To { process: other, life, event: Event::Notified });
            }
        }
        if !self.lost(process) {
            let after = self.delay(process);
            self.at(after, Happening::To { process, life, event: Event::Answer { id, reply } });
        }
    }

    fn limit(&self, task: &TaskName) -> Option<u64> {
        self.tasks.iter().find(|(name, _, _)| name == task).and_then(|(_, _, limit)| *limit)
    }

    /// Plans the first slot of the task's grid after `last` that is not over on the process's clock.
    fn plan(&mut self, process: usize, task: &TaskName, last: i64) {
        let Some(interval) = self.tasks.iter().find(|(name, _, _)| name == task).map(|(_, interval, _)| *interval)
        else {
            return;
        };
        let Some(now) = self.cluster_time(process) else { return };
        let slot = ((now.max(last)) / interval + 1) * interval;
        let wait = Duration::from_millis(u64::try_from(slot - now).unwrap_or(0));
        let (after, life) = (self.real(process, wait), self.processes[process].life);
        self.at(after, Happening::Due { process, life, task: task.clone(), slot });
    }

    fn cluster_time(&self, process: usize) -> Option<i64> {
        let (database, read) = self.processes[process].time?;
        let since = self.mono(process).saturating_sub(read);
        Some(database + i64::try_from(since.as_millis()).unwrap_or(0))
    }

    fn due(&mut self, process: usize, task: &TaskName, slot: i64) {
        let now = self.mono(process);
        let Some(node) = self.processes[process].node.as_ref() else { return };
        if !node.is_open(task) {
            return;
        }
        let may = match self.mutation {
            Mutation::LeaseCheck => true,
            _ => node.may_act(now, task),
        };
        if may && let Some(session) = self.processes[process].sessions.get(task).cloned() {
            if self.mutation == Mutation::Claim {
                self.fire(task.clone(), slot);
            } else if !self.lost(process) {
                let (after, life) = (self.delay(process), self.processes[process].life);
                self.at(after, Happening::Claim { process, life, session, task: task.clone(), slot });
            }
        }
        self.plan(process, task, slot);
    }

    fn fire(&mut self, task: TaskName, slot: i64) {
        if !self.fired.insert((task.clone(), slot)) {
            self.violation = Some(format!("{} slot {slot} of {task} fired twice", self.now));
        }
        let entry = self.fires.entry(task.clone()).or_default();
        entry.0 += 1;
        entry.1 = self.now;
    }

    /// No other process may act on a task that this one may act on.
    fn check_alone(&mut self, process: usize) {
        let may = |index: usize, task: &TaskName| {
            self.processes[index].node.as_ref().is_some_and(|node| match self.mutation {
                Mutation::LeaseCheck => node.is_open(task),
                _ => node.may_act(self.mono(index), task),
            })
        };
        for (task, _, _) in &self.tasks {
            let holders: Vec<usize> = (0..self.processes.len()).filter(|index| may(*index, task)).collect();
            if holders.len() > 1 && holders.contains(&process) {
                self.violation = Some(format!("{} processes {holders:?} both hold {task}", self.now));
                return;
            }
        }
    }

    fn fault(&mut self) {
        if self.healing {
            return;
        }
        let process = usize::try_from(self.chance.below(self.processes.len() as u64)).unwrap_or(0);
        let long = self.chance.between(SECOND / 10, 3 * EXPIRY);
        match self.chance.below(9) {
            0 | 1 => self.crash(process, long),
            2 | 3 => {
                if !self.processes[process].paused {
                    self.processes[process].paused = true;
                    self.at(long, Happening::Resume { process });
                }
            }
            4 => {
                self.processes[process].cut = true;
                self.at(long, Happening::Mend { process });
            }
            5 => {
                self.processes[process].slow = true;
                self.at(long, Happening::Mend { process });
            }
            6 => {
                self.database_up = false;
                self.at(long, Happening::DatabaseUp);
            }
            7 => self.step_unless_paused(process, Event::Stop),
            _ => {
                let index = usize::try_from(self.chance.below(self.tasks.len() as u64)).unwrap_or(0);
                let task = self.tasks[index].0.clone();
                self.toggle(process, task);
            }
        }
        let next = self.chance.between(SECOND / 5, 3 * SECOND);
        self.at(next, Happening::Fault);
    }

    fn step_unless_paused(&mut self, process: usize, event: Event) {
        if !self.processes[process].paused {
            self.step(process, event);
        }
    }

    fn toggle(&mut self, process: usize, task: TaskName) {
        let life = self.processes[process].life;
        let (event, request) = if self.chance.percent(50) {
            (Event::Deactivate { task: task.clone() }, Request::Deactivate { task })
        } else {
            (Event::Activate { task: task.clone() }, Request::Activate { task })
        };
        self.step_unless_paused(process, event);
        if !self.lost(process) {
            let after = self.delay(process);
            self.at(after, Happening::Execute { process, life, id: 0, request });
        }
    }

    fn crash(&mut self, process: usize, long: Micros) {
        if self.processes[process].node.take().is_some() {
            self.at(long, Happening::Start { process });
        }
    }

    /// A process that was stopped goes on: what came meanwhile is handled in any order, at once.
    fn resume(&mut self, process: usize) {
        self.processes[process].paused = false;
        let mut held = std::mem::take(&mut self.processes[process].held);
        while !held.is_empty() {
            let index = usize::try_from(self.chance.below(held.len() as u64)).unwrap_or(0);
            let happening = held.swap_remove(index);
            self.happen(happening);
        }
        self.step(process, Event::Tick);
    }

    /// Ends all faults: everything runs, everything is connected, every task is active.
    fn heal(&mut self) {
        self.healing = true;
        self.database_up = true;
        // A request to pause that is still on its way would be obeyed, rightly.
        self.happenings.retain(|_, happening| {
            !matches!(happening, Happening::Execute { request: Request::Deactivate { .. }, .. })
        });
        for process in 0..self.processes.len() {
            self.processes[process].cut = false;
            self.processes[process].slow = false;
            if self.processes[process].paused {
                self.resume(process);
            }
            self.start(process);
            for (task, _, _) in self.tasks.clone() {
                self.step(process, Event::Activate { task });
            }
        }
        let name = self.processes[0].name.clone();
        for (task, _, _) in self.tasks.clone() {
            self.model.run(0, &name, &Request::Activate { task });
        }
    }

    fn check_live(&self, since: Micros) -> Result<(), String> {
        for (task, _, limit) in &self.tasks {
            let row = self.model.tasks.get(task);
            let (fires, last) = self.fires.get(task).copied().unwrap_or_default();
            if row.is_some_and(|row| limit.is_some_and(|limit| row.fired >= limit)) {
                continue;
            }
            if last < since {
                return Err(format!("{task} did not fire after all faults ended: {row:?}, {fires} fires, last {last}"));
            }
            let holders =
                self.processes.iter().filter(|p| p.node.as_ref().is_some_and(|node| node.is_open(task))).count();
            if holders != 1 {
                return Err(format!("{task} is open on {holders} nodes after all faults ended"));
            }
        }
        Ok(())
    }
}
