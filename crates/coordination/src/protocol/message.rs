//! The values that the state machine, the database and the driver exchange.

use std::sync::Arc;
use std::time::Duration;

/// A node's id in its group.
pub type NodeName = Arc<str>;
/// A coordinated task's name.
pub type TaskName = Arc<str>;
/// The number of a leadership; each election makes a greater one.
pub type Epoch = i64;
/// A moment on the node's monotonic clock, counted from its start. It is never compared with another node's.
pub type Mono = Duration;
/// Tells answers apart.
pub type RequestId = u64;

/// One attempt to join, and the membership that comes of it: new at each attempt, so that a late statement of an
/// earlier one is recognised by the database and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Session(Arc<str>);

impl Session {
    /// The attempt of this number of a process.
    pub fn new(process: &str, number: u64) -> Self {
        Self(format!("{process}/{number}").into())
    }

    /// A session from its text in the database. Any text will do: one that no process of this product wrote is simply
    /// nobody's.
    pub fn from_text(text: &str) -> Self {
        Self(text.into())
    }

    /// The text for the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a later attempt of the same process, whose row may be replaced at once.
    pub fn follows(&self, earlier: &Self) -> bool {
        match (self.parts(), earlier.parts()) {
            (Some((process, number)), Some((earlier, before))) => process == earlier && number > before,
            _ => false,
        }
    }

    fn parts(&self) -> Option<(&str, u64)> {
        let (process, number) = self.0.rsplit_once('/')?;
        Some((process, number.parse().ok()?))
    }
}

/// The state of a coordinated task in `COORDINATED_TASK_TABLE` (spec part 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// To be scheduled by its owner.
    None,
    /// Asked to resume.
    Activated,
    /// Scheduled by its owner.
    Running,
    /// Asked to pause.
    Deactivated,
    /// Paused.
    Paused,
    /// Has fired as often as it was to.
    Completed,
}

impl TaskState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Activated, Self::Running, Self::Deactivated, Self::Paused, Self::Completed];

    /// The text in the table.
    pub fn text(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Activated => "ACTIVATED",
            Self::Running => "RUNNING",
            Self::Deactivated => "DEACTIVATED",
            Self::Paused => "PAUSED",
            Self::Completed => "COMPLETED",
        }
    }

    /// The state of a text in the table; `None` for a text that is none.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.text() == text)
    }

    /// The state when the owner is lost or gives the task back.
    #[must_use]
    pub fn released(self) -> Self {
        match self {
            Self::Running => Self::None,
            Self::Deactivated => Self::Paused,
            other => other,
        }
    }
}

/// What an owner makes of a task of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wanted {
    /// From NONE or ACTIVATED to RUNNING.
    Running,
    /// From DEACTIVATED to PAUSED: from nothing else, because the task may have been activated since.
    Paused,
    /// From RUNNING or DEACTIVATED to COMPLETED.
    Completed,
}

impl Wanted {
    /// The state that is written.
    pub fn state(self) -> TaskState {
        match self {
            Self::Running => TaskState::Running,
            Self::Paused => TaskState::Paused,
            Self::Completed => TaskState::Completed,
        }
    }

    /// The states that it may be written over.
    pub fn from(self) -> &'static [TaskState] {
        match self {
            Self::Running => &[TaskState::None, TaskState::Activated],
            Self::Paused => &[TaskState::Deactivated],
            Self::Completed => &[TaskState::Running, TaskState::Deactivated],
        }
    }
}

/// What a node asks of the database; each is executed atomically, in the node's own group, with the database's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Insert the own row. Refused while there is a live row of another process, or of a later attempt of this one.
    /// Tasks of the id are released; with `anew` (the process's first time) completed ones begin again.
    Join {
        /// The session to live under: a new one for each attempt.
        session: Session,
        /// Whether the process has just started.
        anew: bool,
    },
    /// Renew the own row, and the leader row when it is the session's; look around.
    Beat {
        /// The own session.
        session: Session,
    },
    /// Take the leadership if nobody has it.
    Elect {
        /// The own session.
        session: Session,
    },
    /// Release the own tasks, delete the own row and, if it is the session's, the leader row.
    Leave {
        /// The own session.
        session: Session,
    },
    /// Read the names of the live nodes.
    Members,
    /// As the leader: remove nodes whose heartbeat has expired and release their tasks; read what is unassigned.
    Survey {
        /// The own session.
        session: Session,
        /// The own leadership.
        epoch: Epoch,
        /// Also release tasks whose node has no row.
        orphans: bool,
    },
    /// As the leader: give tasks that are still unassigned to nodes that are still there.
    Assign {
        /// The own session.
        session: Session,
        /// The own leadership.
        epoch: Epoch,
        /// Task and node.
        tasks: Vec<(TaskName, NodeName)>,
    },
    /// As the leader: delete tasks, `owned` ones too or only unassigned ones.
    Remove {
        /// The own session.
        session: Session,
        /// The own leadership.
        epoch: Epoch,
        /// The tasks.
        tasks: Vec<TaskName>,
        /// Whether a task that a node owns is deleted as well.
        owned: bool,
    },
    /// As an owner: change the states of own tasks, then read all own tasks.
    Sync {
        /// The own session.
        session: Session,
        /// Task and what to make of it.
        changes: Vec<(TaskName, Wanted)>,
    },
    /// Insert tasks that are absent: NONE, or PAUSED where the flag is set; unassigned.
    Register {
        /// Task and whether it begins paused.
        tasks: Vec<(TaskName, bool)>,
    },
    /// Delete tasks that are the own ones or unassigned.
    Withdraw {
        /// The tasks.
        tasks: Vec<TaskName>,
    },
    /// From any node: ask for a pause. Own and unassigned tasks become PAUSED, others DEACTIVATED.
    Deactivate {
        /// The task.
        task: TaskName,
    },
    /// From any node: ask for a task that is paused, or to be, to run again.
    Activate {
        /// The task.
        task: TaskName,
    },
    /// As the owner of a running task: claim a slot later than every slot claimed before, unless `limit` claims have
    /// been granted already.
    Claim {
        /// The own session.
        session: Session,
        /// The task.
        task: TaskName,
        /// The scheduled time in milliseconds since 1970, in database time.
        slot: i64,
        /// The most claims ever granted; `None` for no limit.
        limit: Option<u64>,
    },
}

/// The database's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To Join: the row is there.
    Joined {
        /// The database's time in milliseconds since 1970.
        now: i64,
    },
    /// To Join: another process lives under this id.
    Duplicate {
        /// How old its heartbeat is, milliseconds.
        age: u64,
    },
    /// To Beat.
    Beat(BeatReply),
    /// To Elect: the session leads.
    Elected {
        /// The new leadership.
        epoch: Epoch,
    },
    /// To Elect: somebody else leads, or the session is no member.
    NotElected,
    /// To Leave, Assign, Remove, Register, Withdraw, Deactivate and Activate.
    Done,
    /// To Members: all rows of the group.
    Members(Vec<NodeName>),
    /// To Survey.
    Surveyed {
        /// The live nodes.
        members: Vec<NodeName>,
        /// Unassigned tasks that are not completed.
        unassigned: Vec<TaskName>,
        /// How many tasks each node has that has any.
        load: Vec<(NodeName, u64)>,
    },
    /// To Sync: all own tasks.
    Rows(Vec<Row>),
    /// To a leader's request: the leadership is over. To Sync: the session has no row.
    Fenced,
    /// To Claim: the slot is the caller's.
    Granted,
    /// To Claim: the slot, or a later one, was claimed before.
    Taken,
    /// To Claim: the limit is reached.
    Exhausted,
    /// To Claim: the task is not the session's to run.
    NotOwner,
}

/// What a heartbeat brings home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BeatReply {
    /// The database's time in milliseconds since 1970.
    pub now: i64,
    /// Whether the own row was there and has been renewed.
    pub renewed: bool,
    /// The leader row, if there is one.
    pub leader: Option<Leader>,
    /// Changes whenever the set of nodes does.
    pub member_revision: i64,
    /// Whether own tasks wait for the owner (NONE, ACTIVATED, DEACTIVATED).
    pub own_work: bool,
    /// Whether tasks wait for the leader (unassigned).
    pub unassigned: bool,
    /// Whether a node's heartbeat has expired.
    pub expired: bool,
}

/// The leader row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// The leader's id.
    pub node: NodeName,
    /// The leader's session; `None` for a leader that is not of this product.
    pub session: Option<Session>,
    /// The leadership's number.
    pub epoch: Epoch,
    /// How old its heartbeat is, milliseconds.
    pub age: u64,
}

/// A task that the node owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The task.
    pub task: TaskName,
    /// Its state.
    pub state: TaskState,
    /// The last slot claimed, in database time.
    pub last_slot: Option<i64>,
    /// How many claims have been granted.
    pub fired: u64,
}

/// What happens to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Time has passed.
    Tick,
    /// A request was answered.
    Answer {
        /// Which.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// A request failed or took too long. It may have been executed all the same, or be executed later.
    Failed {
        /// Which.
        id: RequestId,
    },
    /// The database told that something changed.
    Notified,
    /// A task is deployed.
    Deploy {
        /// The task.
        task: TaskName,
        /// Whether it begins paused.
        paused: bool,
    },
    /// A task is undeployed.
    Undeploy {
        /// The task.
        task: TaskName,
    },
    /// Somebody on this node asks for a pause; the driver sends the request to the database itself.
    Deactivate {
        /// The task.
        task: TaskName,
    },
    /// Somebody on this node asks for a resumption; the driver sends the request to the database itself.
    Activate {
        /// The task.
        task: TaskName,
    },
    /// A task has fired as often as it was to.
    Completed {
        /// The task.
        task: TaskName,
    },
    /// A claim was refused although the task seemed to be the own one.
    Suspect,
    /// The node is to leave.
    Stop,
    /// After [`Action::Drain`]: the last running fire has ended, or was given up.
    Drained,
}

/// What a node does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send a request; answer with [`Event::Answer`] or [`Event::Failed`].
    Send {
        /// The id to answer with.
        id: RequestId,
        /// The request.
        request: Request,
        /// How long to wait for the answer.
        timeout: Duration,
    },
    /// The node may act on open tasks until this moment. Closes that stand before it count before it.
    Lease {
        /// The end, exclusive.
        until: Mono,
        /// The database's time at `read`.
        database: i64,
        /// The moment, on the node's clock, that the database's time is taken to belong to.
        read: Mono,
    },
    /// The node owns this task and it is to run.
    Open {
        /// The task, with what is known of its past fires.
        row: Row,
        /// Whether it was paused before, here.
        resumed: bool,
        /// The session under which it is owned: claims go with it.
        session: Session,
    },
    /// The task must not run here any longer.
    Close {
        /// The task.
        task: TaskName,
        /// Why.
        reason: Close,
    },
    /// Let running fires end, then answer with [`Event::Drained`].
    Drain,
    /// The node has left; it will not act again.
    Gone,
    /// Something for the log.
    Note(Note),
}

/// Why a task is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// It was paused.
    Paused,
    /// It has completed.
    Completed,
    /// It is undeployed, or its row is gone.
    Deleted,
    /// The node lost its membership.
    Lost,
    /// The node leaves.
    Leaving,
}

/// Something that happened, for the log and for listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The node is a member.
    Joined,
    /// The node is a member again.
    Rejoined,
    /// Another process lives under the same id; the next attempt is after the wait.
    Duplicate {
        /// How long until the next attempt.
        wait: Duration,
    },
    /// Another node was there at the start.
    ConnectedWith(NodeName),
    /// Another node joined.
    MemberAdded(NodeName),
    /// Another node left.
    MemberRemoved(NodeName),
    /// The leader is another node than before.
    LeaderChanged(NodeName),
    /// The node leads.
    Elected(Epoch),
    /// The node leads no longer.
    Deposed,
    /// The lease has ended: tasks are paused until the database answers again.
    LeaseEnded,
    /// The lease has begun again.
    LeaseRegained,
    /// A row names a task that is not deployed here.
    NotDeployed(TaskName),
    /// The resolver waits for nodes.
    WaitingForNodes {
        /// How many it wants.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// No node that the resolver may use is there.
    NoNodeFor(TaskName),
}
