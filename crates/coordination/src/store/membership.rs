//! Join, heartbeat, election, leave.
//!
//! Every transaction that changes the set of nodes, the leader or assignments first locks the group's row in
//! CLUSTER_STATE_TABLE: they are executed one after another. A heartbeat only touches the node's own row.

use std::sync::Arc;

use sqlx::AnyConnection;

use super::error::StoreError;
use super::sql::{Arg, SqlStore, Tx, column, execute, rows};
use crate::protocol::{BeatReply, Epoch, Leader, NodeName, Reply, Session};

/// The group's row in CLUSTER_STATE_TABLE.
pub(super) struct State {
    pub(super) epoch: Epoch,
    pub(super) session: Option<Session>,
}

const OWN_WORK: &str = "TASK_STATE IN ('NONE', 'ACTIVATED', 'DEACTIVATED')";

impl SqlStore {
    /// Locks the group's row, which is there since the schema was checked.
    pub(super) async fn lock_state(&self, tx: &mut Tx<'_>) -> Result<State, StoreError> {
        let text =
            format!("SELECT EPOCH, SESSION_ID FROM CLUSTER_STATE_TABLE WHERE GROUP_ID = ?{}", self.dialect.lock());
        let found = tx.rows("lock the group's state", &text, &[(&self.group).into()]).await?;
        let row = found.first().ok_or_else(|| {
            StoreError::Content(format!("CLUSTER_STATE_TABLE has no row for the group {}", self.group))
        })?;
        Ok(State { epoch: column(row, 0)?, session: column::<Option<String>>(row, 1)?.map(|t| Session::from_text(&t)) })
    }

    /// Changes the revision by which nodes notice that the set of nodes is another.
    pub(super) async fn members_changed(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let text = "UPDATE CLUSTER_STATE_TABLE SET MEMBER_REVISION = MEMBER_REVISION + 1 WHERE GROUP_ID = ?";
        tx.execute("note a change of members", text, &[(&self.group).into()]).await?;
        self.notify(tx).await
    }

    /// Releases the tasks of a node that are not completed.
    pub(super) async fn release(&self, tx: &mut Tx<'_>, node: &str) -> Result<u64, StoreError> {
        let text = "UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = NULL, TASK_STATE = CASE TASK_STATE \
                    WHEN 'RUNNING' THEN 'NONE' WHEN 'DEACTIVATED' THEN 'PAUSED' ELSE TASK_STATE END \
                    WHERE DESTINED_NODE_ID = ? AND TASK_STATE <> 'COMPLETED' AND (GROUP_ID IS NULL OR GROUP_ID = ?)";
        tx.execute("release the tasks of a node", text, &[node.into(), (&self.group).into()]).await
    }

    /// The session and heartbeat age of a node's row, which is locked.
    async fn lock_node(&self, tx: &mut Tx<'_>) -> Result<Option<(Option<Session>, i64)>, StoreError> {
        let text = format!(
            "SELECT SESSION_ID, {{now}} - LAST_HEARTBEAT FROM CLUSTER_NODE_STATUS_TABLE \
             WHERE GROUP_ID = ? AND NODE_ID = ?{}",
            self.dialect.lock()
        );
        let found = tx.rows("lock the node's row", &text, &[(&self.group).into(), (&self.node).into()]).await?;
        found
            .first()
            .map(|row| Ok((column::<Option<String>>(row, 0)?.map(|t| Session::from_text(&t)), column(row, 1)?)))
            .transpose()
    }

    /// Whether the node's row is this session's; the row is locked.
    pub(super) async fn holds_session(&self, tx: &mut Tx<'_>, session: &Session) -> Result<bool, StoreError> {
        Ok(self.lock_node(tx).await?.is_some_and(|(current, _)| current.as_ref() == Some(session)))
    }

    pub(super) async fn join(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        anew: bool,
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        self.lock_state(&mut tx).await?;
        if let Some((current, age)) = self.lock_node(&mut tx).await?
            && age < self.expiry
            && !current.is_some_and(|current| session.follows(&current))
        {
            tx.rollback().await?;
            return Ok(Reply::Duplicate { age: u64::try_from(age).unwrap_or(0) });
        }
        let own: [Arg<'_>; 2] = [(&self.group).into(), (&self.node).into()];
        tx.execute("delete the leader row", "DELETE FROM LEADER_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?", &own)
            .await?;
        let text = "DELETE FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?";
        tx.execute("delete the old node row", text, &own).await?;
        let text = "INSERT INTO CLUSTER_NODE_STATUS_TABLE (GROUP_ID, NODE_ID, IS_NEW_NODE, LAST_HEARTBEAT, SESSION_ID) \
                    VALUES (?, ?, 1, {now}, ?)";
        tx.execute("insert the node row", text, &[own[0], own[1], session.as_str().into()]).await?;
        // Events that MI's leader wrote for this id; the product reads the node rows themselves.
        let text = "DELETE FROM MEMBERSHIP_EVENT_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?";
        tx.execute("delete old events", text, &own).await?;
        self.release(&mut tx, &self.node).await?;
        if anew {
            let text = "UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = NULL, TASK_STATE = 'NONE', \
                        FIRE_COUNT = NULL WHERE DESTINED_NODE_ID = ? AND TASK_STATE = 'COMPLETED' \
                        AND (GROUP_ID IS NULL OR GROUP_ID = ?)";
            tx.execute("begin completed tasks anew", text, &[own[1], own[0]]).await?;
        }
        self.members_changed(&mut tx).await?;
        let now = self.database_time(&mut tx).await?;
        tx.commit().await?;
        Ok(Reply::Joined { now })
    }

    async fn database_time(&self, tx: &mut Tx<'_>) -> Result<i64, StoreError> {
        let text = "SELECT {now} FROM CLUSTER_STATE_TABLE WHERE GROUP_ID = ?";
        let found = tx.rows("read the database's time", text, &[(&self.group).into()]).await?;
        found.first().map_or_else(|| Err(StoreError::Content("no state row".to_owned())), |row| column(row, 0))
    }

    pub(super) async fn beat(&self, connection: &mut AnyConnection, session: &Session) -> Result<Reply, StoreError> {
        let what = "heartbeat";
        let (group, node) = (Arg::from(&self.group), Arg::from(&self.node));
        let seen = format!(
            "{{now}}, L.NODE_ID, {{now}} - L.LAST_HEARTBEAT, S.NODE_ID, S.SESSION_ID, S.EPOCH, S.MEMBER_REVISION, \
             CASE WHEN EXISTS (SELECT 1 FROM COORDINATED_TASK_TABLE WHERE DESTINED_NODE_ID = ? AND {OWN_WORK} \
             AND (GROUP_ID IS NULL OR GROUP_ID = ?)) \
             THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM COORDINATED_TASK_TABLE WHERE DESTINED_NODE_ID IS NULL \
             AND TASK_STATE <> 'COMPLETED' AND (GROUP_ID IS NULL OR GROUP_ID = ?)) THEN 1 ELSE 0 END, \
             CASE WHEN EXISTS (SELECT 1 FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? \
             AND LAST_HEARTBEAT <= {{now}} - ?) THEN 1 ELSE 0 END"
        );
        let session = Arg::from(session.as_str());
        let join = "LEFT JOIN LEADER_STATUS_TABLE L ON L.GROUP_ID = S.GROUP_ID WHERE S.GROUP_ID = ?";
        let looking: [Arg<'_>; 6] = [node, group, group, group, self.expiry.into(), group];
        let found = match self.dialect.beat() {
            Some(beat) => {
                let text =
                    format!("{beat} SELECT D.OWN, D.LED, {seen} FROM CLUSTER_STATE_TABLE S CROSS JOIN done D {join}");
                let mut args = vec![group, node, session, group, node, group, session, group, node, session];
                args.extend(looking);
                rows(self.dialect, connection, what, &text, &args).await?
            }
            None => {
                let text = "UPDATE CLUSTER_NODE_STATUS_TABLE SET LAST_HEARTBEAT = {now} \
                            WHERE GROUP_ID = ? AND NODE_ID = ? AND SESSION_ID = ?";
                let own = execute(self.dialect, connection, what, text, &[group, node, session]).await?;
                let text = "UPDATE LEADER_STATUS_TABLE SET LAST_HEARTBEAT = {now} WHERE GROUP_ID = ? AND NODE_ID = ? \
                            AND EXISTS (SELECT 1 FROM CLUSTER_STATE_TABLE WHERE GROUP_ID = ? AND SESSION_ID = ?)";
                let led = match own {
                    0 => 0,
                    _ => {
                        let args = [group, node, group, session];
                        execute(self.dialect, connection, what, text, &args).await?
                    }
                };
                let mut args = vec![number(own), number(led)];
                args.extend(looking);
                rows(
                    self.dialect,
                    connection,
                    what,
                    &format!("SELECT ?, ?, {seen} FROM CLUSTER_STATE_TABLE S {join}"),
                    &args,
                )
                .await?
            }
        };
        let row = found.first().ok_or_else(|| StoreError::Content("no state row".to_owned()))?;
        let flag = |place: usize| column::<i64>(row, place).or_else(|_| column::<i32>(row, place).map(i64::from));
        let led = flag(1)? > 0;
        let leader = match column::<Option<String>>(row, 3)? {
            None => None,
            Some(leader) => {
                let elected: Option<String> = column(row, 5)?;
                let age: i64 = if led { 0 } else { column::<Option<i64>>(row, 4)?.unwrap_or(i64::MAX) };
                Some(Leader {
                    // A leader of MI changes the leader row only: the session is that of the last leader of ours.
                    session: column::<Option<String>>(row, 6)?
                        .filter(|_| elected.as_deref() == Some(leader.as_str()))
                        .map(|text| Session::from_text(&text)),
                    node: leader.into(),
                    epoch: column(row, 7)?,
                    age: u64::try_from(age).unwrap_or(0),
                })
            }
        };
        Ok(Reply::Beat(BeatReply {
            now: column(row, 2)?,
            renewed: flag(0)? > 0,
            leader,
            member_revision: column(row, 8)?,
            own_work: flag(9)? > 0,
            unassigned: flag(10)? > 0,
            expired: flag(11)? > 0,
        }))
    }

    pub(super) async fn elect(&self, connection: &mut AnyConnection, session: &Session) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        self.lock_state(&mut tx).await?;
        let group = Arg::from(&self.group);
        let text = format!(
            "SELECT NODE_ID FROM LEADER_STATUS_TABLE WHERE GROUP_ID = ? AND LAST_HEARTBEAT > {{now}} - ?{}",
            self.dialect.lock()
        );
        let live = tx.rows("look for a leader", &text, &[group, self.expiry.into()]).await?;
        if !live.is_empty() || !self.holds_session(&mut tx, session).await? {
            tx.rollback().await?;
            return Ok(Reply::NotElected);
        }
        tx.execute("delete the stale leader row", "DELETE FROM LEADER_STATUS_TABLE WHERE GROUP_ID = ?", &[group])
            .await?;
        // A node of MI may be faster; then the primary key refuses this row, and the transaction with it.
        let text = "INSERT INTO LEADER_STATUS_TABLE (GROUP_ID, NODE_ID, LAST_HEARTBEAT) VALUES (?, ?, {now})";
        tx.execute("insert the leader row", text, &[group, (&self.node).into()]).await?;
        let text = "UPDATE CLUSTER_STATE_TABLE SET EPOCH = EPOCH + 1, NODE_ID = ?, SESSION_ID = ? WHERE GROUP_ID = ?";
        tx.execute("begin an epoch", text, &[(&self.node).into(), session.as_str().into(), group]).await?;
        let state = self.lock_state(&mut tx).await?;
        self.notify(&mut tx).await?;
        tx.commit().await?;
        Ok(Reply::Elected { epoch: state.epoch })
    }

    pub(super) async fn leave(&self, connection: &mut AnyConnection, session: &Session) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        self.lock_state(&mut tx).await?;
        if self.holds_session(&mut tx, session).await? {
            let own: [Arg<'_>; 2] = [(&self.group).into(), (&self.node).into()];
            let text = "DELETE FROM LEADER_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?";
            tx.execute("delete the leader row", text, &own).await?;
            let text = "DELETE FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?";
            tx.execute("delete the node row", text, &own).await?;
            self.release(&mut tx, &self.node).await?;
            self.members_changed(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }

    pub(super) async fn members(&self, connection: &mut AnyConnection) -> Result<Reply, StoreError> {
        let text = "SELECT NODE_ID FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? ORDER BY NODE_ID";
        let found = rows(self.dialect, connection, "read the members", text, &[(&self.group).into()]).await?;
        Ok(Reply::Members(found.iter().map(node_name).collect::<Result<_, _>>()?))
    }
}

pub(super) fn node_name(row: &sqlx::any::AnyRow) -> Result<NodeName, StoreError> {
    column::<String>(row, 0).map(Arc::from)
}

fn number(count: u64) -> Arg<'static> {
    Arg::Number(i64::try_from(count).unwrap_or(i64::MAX))
}
