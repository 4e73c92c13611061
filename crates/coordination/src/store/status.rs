//! The state of the cluster as the tables tell it: for `cluster status` and the management API.

use std::sync::Arc;

use sqlx::any::AnyRow;

use super::error::StoreError;
use super::sql::{SqlStore, column, rows};
use crate::protocol::{Epoch, NodeName, TaskName, TaskState};

/// A group's state at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterStatus {
    /// The group.
    pub group: Arc<str>,
    /// The database's time in milliseconds since 1970.
    pub now: i64,
    /// The leader, if there is one.
    pub leader: Option<NodeName>,
    /// The newest leadership.
    pub epoch: Epoch,
    /// The nodes that have a row, by name.
    pub members: Vec<MemberStatus>,
    /// The coordinated tasks, by name.
    pub tasks: Vec<TaskStatus>,
}

/// A node's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// The node's id.
    pub node: NodeName,
    /// How old its heartbeat is, milliseconds.
    pub age: i64,
    /// How long until it counts as gone, milliseconds; negative when it does.
    pub remaining: i64,
    /// Whether it is a node of this product; others are MI's.
    pub native: bool,
}

/// A coordinated task's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// The task.
    pub task: TaskName,
    /// Its owner.
    pub owner: Option<NodeName>,
    /// Its state.
    pub state: TaskState,
    /// The last slot claimed, in milliseconds since 1970.
    pub last_fire: Option<i64>,
    /// How many slots have been claimed.
    pub fired: u64,
}

impl SqlStore {
    /// Reads the state of the group.
    ///
    /// # Errors
    /// Those of the connection and its statements.
    pub async fn status(&self) -> Result<ClusterStatus, StoreError> {
        let mut lent = self.connection().await?;
        let connection = lent.connection();
        let (what, group) = ("read the cluster's status", [(&self.group).into()]);
        let text = "SELECT {now}, S.EPOCH, L.NODE_ID FROM CLUSTER_STATE_TABLE S \
                    LEFT JOIN LEADER_STATUS_TABLE L ON L.GROUP_ID = S.GROUP_ID WHERE S.GROUP_ID = ?";
        let state = rows(self.dialect, connection, what, text, &group).await?;
        let state = state.first().ok_or_else(|| StoreError::Content(format!("no group {}", self.group)))?;
        let (now, epoch): (i64, Epoch) = (column(state, 0)?, column(state, 1)?);
        let leader = column::<Option<String>>(state, 2)?.map(Arc::from);
        let text = "SELECT NODE_ID, {now} - LAST_HEARTBEAT, SESSION_ID FROM CLUSTER_NODE_STATUS_TABLE \
                    WHERE GROUP_ID = ? ORDER BY NODE_ID";
        let mut members = Vec::new();
        for row in rows(self.dialect, connection, what, text, &group).await? {
            let age: i64 = column(&row, 1)?;
            let native = column::<Option<String>>(&row, 2)?.is_some();
            let node = column::<String>(&row, 0)?.into();
            members.push(MemberStatus { node, age, remaining: self.expiry - age, native });
        }
        let text = format!("{TASKS} WHERE GROUP_ID IS NULL OR GROUP_ID = ? ORDER BY TASK_NAME");
        let found = rows(self.dialect, connection, what, &text, &group).await?;
        let tasks = found.iter().map(task).collect::<Result<_, _>>()?;
        lent.give_back();
        Ok(ClusterStatus { group: self.group.clone(), now, leader, epoch, members, tasks })
    }

    /// Reads the row of one task; `None` when there is none in the group.
    ///
    /// # Errors
    /// Those of the connection and its statements.
    pub async fn task_status(&self, name: &str) -> Result<Option<TaskStatus>, StoreError> {
        let mut lent = self.connection().await?;
        let text = format!("{TASKS} WHERE TASK_NAME = ? AND (GROUP_ID IS NULL OR GROUP_ID = ?)");
        let args = [name.into(), (&self.group).into()];
        let found = rows(self.dialect, lent.connection(), "read a task's status", &text, &args).await?;
        lent.give_back();
        found.first().map(task).transpose()
    }
}

const TASKS: &str = "SELECT TASK_NAME, DESTINED_NODE_ID, TASK_STATE, LAST_SLOT, FIRE_COUNT FROM COORDINATED_TASK_TABLE";

fn task(row: &AnyRow) -> Result<TaskStatus, StoreError> {
    let state: String = column(row, 2)?;
    Ok(TaskStatus {
        task: column::<String>(row, 0)?.into(),
        owner: column::<Option<String>>(row, 1)?.map(Arc::from),
        state: TaskState::from_text(state.trim())
            .ok_or_else(|| StoreError::Content(format!("unknown task state {state:?}")))?,
        last_fire: column(row, 3)?,
        fired: u64::try_from(column::<Option<i64>>(row, 4)?.unwrap_or(0)).unwrap_or(0),
    })
}
