//! What the leader does for all: every transaction begins with the check that it still leads.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::dialect::{joined, one_of};
use super::error::StoreError;
use super::membership::node_name;
use super::sql::{Arg, SqlStore, Tx, column};
use crate::protocol::{Epoch, NodeName, Reply, Session, TaskName};

/// How many tasks one statement names.
const CHUNK: usize = 500;

impl SqlStore {
    /// Whether this session leads in this epoch. The state row is locked, so that no election and no change of the set of
    /// nodes comes between the check and the commit.
    async fn leads(&self, tx: &mut Tx<'_>, session: &Session, epoch: Epoch) -> Result<bool, StoreError> {
        let state = self.lock_state(tx).await?;
        if state.epoch != epoch || state.session.as_ref() != Some(session) {
            return Ok(false);
        }
        let text = "SELECT NODE_ID FROM LEADER_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ?";
        let own = tx.rows("check the leader row", text, &[(&self.group).into(), (&self.node).into()]).await?;
        Ok(!own.is_empty() && self.holds_session(tx, session).await?)
    }

    pub(super) async fn survey(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        epoch: Epoch,
        orphans: bool,
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        if !self.leads(&mut tx, session, epoch).await? {
            tx.rollback().await?;
            return Ok(Reply::Fenced);
        }
        let group = Arg::from(&self.group);
        self.remove_expired(&mut tx).await?;
        if orphans {
            let text = "UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = NULL, TASK_STATE = CASE TASK_STATE \
                        WHEN 'RUNNING' THEN 'NONE' WHEN 'DEACTIVATED' THEN 'PAUSED' ELSE TASK_STATE END \
                        WHERE DESTINED_NODE_ID IS NOT NULL AND TASK_STATE <> 'COMPLETED' \
                        AND (GROUP_ID IS NULL OR GROUP_ID = ?) AND NOT EXISTS (SELECT 1 \
                        FROM CLUSTER_NODE_STATUS_TABLE N WHERE N.GROUP_ID = ? \
                        AND N.NODE_ID = COORDINATED_TASK_TABLE.DESTINED_NODE_ID)";
            tx.execute("release orphaned tasks", text, &[group, group]).await?;
        }
        let text = "SELECT NODE_ID FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? ORDER BY NODE_ID";
        let members = names(&tx.rows("read the members", text, &[group]).await?)?;
        let text = "SELECT TASK_NAME FROM COORDINATED_TASK_TABLE WHERE DESTINED_NODE_ID IS NULL \
                    AND TASK_STATE <> 'COMPLETED' AND (GROUP_ID IS NULL OR GROUP_ID = ?) ORDER BY TASK_NAME";
        let unassigned = names(&tx.rows("read the unassigned tasks", text, &[group]).await?)?;
        let load = if unassigned.is_empty() { Vec::new() } else { self.load(&mut tx).await? };
        tx.commit().await?;
        Ok(Reply::Surveyed { members, unassigned, load })
    }

    async fn remove_expired(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let group = Arg::from(&self.group);
        let text = "SELECT NODE_ID FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID <> ? \
                    AND LAST_HEARTBEAT <= {now} - ?";
        let args = [group, (&self.node).into(), self.expiry.into()];
        let expired = names(&tx.rows("look for expired nodes", text, &args).await?)?;
        let mut removed = false;
        for node in &expired {
            // The node may have sent a heartbeat since: the condition is checked again under the row's lock.
            let text = "DELETE FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? AND NODE_ID = ? \
                        AND LAST_HEARTBEAT <= {now} - ?";
            let args = [group, node.into(), self.expiry.into()];
            if tx.execute("remove an expired node", text, &args).await? > 0 {
                self.release(tx, node).await?;
                removed = true;
            }
        }
        if removed {
            self.members_changed(tx).await?;
        }
        Ok(())
    }

    async fn load(&self, tx: &mut Tx<'_>) -> Result<Vec<(NodeName, u64)>, StoreError> {
        let text = "SELECT DESTINED_NODE_ID, COUNT(*) FROM COORDINATED_TASK_TABLE WHERE DESTINED_NODE_ID IS NOT NULL \
                    AND (GROUP_ID IS NULL OR GROUP_ID = ?) GROUP BY DESTINED_NODE_ID ORDER BY DESTINED_NODE_ID";
        let found = tx.rows("count tasks by node", text, &[(&self.group).into()]).await?;
        found.iter().map(|row| Ok((node_name(row)?, u64::try_from(column::<i64>(row, 1)?).unwrap_or(0)))).collect()
    }

    pub(super) async fn assign(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        epoch: Epoch,
        tasks: &[(TaskName, NodeName)],
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        if !self.leads(&mut tx, session, epoch).await? {
            tx.rollback().await?;
            return Ok(Reply::Fenced);
        }
        let group = Arg::from(&self.group);
        let text = "SELECT NODE_ID FROM CLUSTER_NODE_STATUS_TABLE WHERE GROUP_ID = ? ORDER BY NODE_ID";
        let members = names(&tx.rows("read the members", text, &[group]).await?)?;
        let there: Vec<&(TaskName, NodeName)> = tasks.iter().filter(|(_, node)| members.contains(node)).collect();
        match self.dialect.assign() {
            Some(text) => {
                for chunk in there.chunks(CHUNK * 10) {
                    let tasks = joined(chunk.iter().map(|(task, _)| &**task));
                    let nodes = joined(chunk.iter().map(|(_, node)| &**node));
                    tx.execute("assign tasks", text, &[group, (&tasks).into(), (&nodes).into(), group]).await?;
                }
            }
            None => self.assign_by_node(&mut tx, &members, &there).await?,
        }
        self.notify(&mut tx).await?;
        tx.commit().await?;
        Ok(Reply::Done)
    }

    async fn assign_by_node(
        &self,
        tx: &mut Tx<'_>,
        members: &[NodeName],
        tasks: &[&(TaskName, NodeName)],
    ) -> Result<(), StoreError> {
        let group = Arg::from(&self.group);
        for node in members {
            let own: Vec<&TaskName> = tasks.iter().filter(|(_, to)| to == node).map(|(task, _)| task).collect();
            for chunk in own.chunks(CHUNK) {
                let (named, names) = one_of(self.dialect, chunk.iter().map(|task| &***task));
                let text = format!(
                    "UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = ?, GROUP_ID = ? WHERE TASK_NAME {named} \
                     AND DESTINED_NODE_ID IS NULL AND TASK_STATE <> 'COMPLETED' AND (GROUP_ID IS NULL OR GROUP_ID = ?)"
                );
                let mut args: Vec<Arg<'_>> = vec![node.into(), group];
                args.extend(names.iter().map(Arg::from));
                args.push(group);
                tx.execute("assign tasks", &text, &args).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn remove(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        epoch: Epoch,
        tasks: &[TaskName],
        owned: bool,
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        if !self.leads(&mut tx, session, epoch).await? {
            tx.rollback().await?;
            return Ok(Reply::Fenced);
        }
        for chunk in tasks.chunks(CHUNK) {
            let (named, names) = one_of(self.dialect, chunk.iter().map(|task| &**task));
            let text = format!(
                "DELETE FROM COORDINATED_TASK_TABLE WHERE TASK_NAME {named} AND (GROUP_ID IS NULL OR GROUP_ID = ?){}",
                if owned { "" } else { " AND DESTINED_NODE_ID IS NULL" }
            );
            let mut args: Vec<Arg<'_>> = names.iter().map(Arg::from).collect();
            args.push((&self.group).into());
            tx.execute("delete tasks", &text, &args).await?;
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }
}

fn names(rows: &[AnyRow]) -> Result<Vec<NodeName>, StoreError> {
    rows.iter().map(node_name).collect()
}
