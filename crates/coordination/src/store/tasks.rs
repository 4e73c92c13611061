//! What owners and deployers do with tasks, and claims.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::dialect::one_of;
use super::error::StoreError;
use super::sql::{Arg, SqlStore, Tx, column, execute, rows};
use crate::protocol::{Reply, Row, Session, TaskName, TaskState, Wanted};

/// How many tasks one statement names.
const CHUNK: usize = 500;

impl SqlStore {
    pub(super) async fn sync(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        changes: &[(TaskName, Wanted)],
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        if !self.holds_session(&mut tx, session).await? {
            tx.rollback().await?;
            return Ok(Reply::Fenced);
        }
        let (group, node) = (Arg::from(&self.group), Arg::from(&self.node));
        let mut by_state: BTreeMap<Wanted, Vec<&TaskName>> = BTreeMap::new();
        for (task, wanted) in changes {
            by_state.entry(*wanted).or_default().push(task);
        }
        for (wanted, tasks) in by_state {
            let from: Vec<String> = wanted.from().iter().map(|state| format!("'{}'", state.text())).collect();
            for chunk in tasks.chunks(CHUNK) {
                let (named, names) = one_of(self.dialect, chunk.iter().map(|task| &***task));
                let text = format!(
                    "UPDATE COORDINATED_TASK_TABLE SET TASK_STATE = ? WHERE TASK_NAME {named} AND DESTINED_NODE_ID = ? \
                     AND TASK_STATE IN ({}) AND (GROUP_ID IS NULL OR GROUP_ID = ?)",
                    from.join(", ")
                );
                let mut args: Vec<Arg<'_>> = vec![wanted.state().text().into()];
                args.extend(names.iter().map(Arg::from));
                args.extend([node, group]);
                tx.execute("change states of own tasks", &text, &args).await?;
            }
        }
        let text = "SELECT TASK_NAME, TASK_STATE, LAST_SLOT, FIRE_COUNT FROM COORDINATED_TASK_TABLE \
                    WHERE DESTINED_NODE_ID = ? AND (GROUP_ID IS NULL OR GROUP_ID = ?) ORDER BY TASK_NAME";
        let found = tx.rows("read the own tasks", text, &[node, group]).await?;
        let read = found.iter().map(task_row).collect::<Result<_, _>>()?;
        tx.commit().await?;
        Ok(Reply::Rows(read))
    }

    pub(super) async fn register(
        &self,
        connection: &mut AnyConnection,
        tasks: &[(TaskName, bool)],
    ) -> Result<Reply, StoreError> {
        let (insert, absent) = self.dialect.insert_if_absent();
        let mut tx = self.begin(connection).await?;
        let mut inserted = 0;
        for chunk in tasks.chunks(CHUNK) {
            if self.are_present(&mut tx, chunk).await? {
                continue;
            }
            let text = format!(
                "{insert} INTO COORDINATED_TASK_TABLE (TASK_NAME, DESTINED_NODE_ID, TASK_STATE, GROUP_ID) VALUES {}{absent}",
                vec!["(?, NULL, ?, ?)"; chunk.len()].join(", ")
            );
            let args: Vec<Arg<'_>> = chunk
                .iter()
                .flat_map(|(task, paused)| {
                    let state = if *paused { TaskState::Paused } else { TaskState::None };
                    [task.into(), state.text().into(), (&self.group).into()]
                })
                .collect();
            inserted += tx.execute("insert tasks", &text, &args).await?;
        }
        if inserted > 0 {
            self.notify(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }

    /// Whether all of these tasks have a row: every node registers every task, and counting is cheaper than inserting in
    /// vain.
    async fn are_present(&self, tx: &mut Tx<'_>, tasks: &[(TaskName, bool)]) -> Result<bool, StoreError> {
        let (named, names) = one_of(self.dialect, tasks.iter().map(|(task, _)| &**task));
        let text = format!("SELECT COUNT(*) FROM COORDINATED_TASK_TABLE WHERE TASK_NAME {named}");
        let args: Vec<Arg<'_>> = names.iter().map(Arg::from).collect();
        let found = tx.rows("look for tasks", &text, &args).await?;
        let count: i64 = found.first().map_or(Ok(0), |row| column(row, 0))?;
        Ok(usize::try_from(count).is_ok_and(|count| count == tasks.len()))
    }

    pub(super) async fn withdraw(
        &self,
        connection: &mut AnyConnection,
        tasks: &[TaskName],
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        for chunk in tasks.chunks(CHUNK) {
            let (named, names) = one_of(self.dialect, chunk.iter().map(|task| &**task));
            let text = format!(
                "DELETE FROM COORDINATED_TASK_TABLE WHERE TASK_NAME {named} \
                 AND (DESTINED_NODE_ID = ? OR DESTINED_NODE_ID IS NULL) AND (GROUP_ID IS NULL OR GROUP_ID = ?)"
            );
            let mut args: Vec<Arg<'_>> = names.iter().map(Arg::from).collect();
            args.extend([Arg::from(&self.node), Arg::from(&self.group)]);
            tx.execute("delete undeployed tasks", &text, &args).await?;
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }

    pub(super) async fn deactivate(
        &self,
        connection: &mut AnyConnection,
        task: &TaskName,
    ) -> Result<Reply, StoreError> {
        let text = "UPDATE COORDINATED_TASK_TABLE SET TASK_STATE = CASE WHEN DESTINED_NODE_ID IS NULL \
                    OR DESTINED_NODE_ID = ? THEN 'PAUSED' ELSE 'DEACTIVATED' END WHERE TASK_NAME = ? \
                    AND TASK_STATE NOT IN ('PAUSED', 'COMPLETED') AND (GROUP_ID IS NULL OR GROUP_ID = ?)";
        let args = [(&self.node).into(), task.into(), (&self.group).into()];
        self.ask(connection, "deactivate a task", text, &args).await
    }

    pub(super) async fn activate(&self, connection: &mut AnyConnection, task: &TaskName) -> Result<Reply, StoreError> {
        let text = "UPDATE COORDINATED_TASK_TABLE SET TASK_STATE = 'ACTIVATED' WHERE TASK_NAME = ? \
                    AND TASK_STATE IN ('PAUSED', 'DEACTIVATED') AND (GROUP_ID IS NULL OR GROUP_ID = ?)";
        self.ask(connection, "activate a task", text, &[task.into(), (&self.group).into()]).await
    }

    /// One statement that others must act on, so they are notified when it changed something.
    async fn ask(
        &self,
        connection: &mut AnyConnection,
        what: &'static str,
        text: &str,
        args: &[Arg<'_>],
    ) -> Result<Reply, StoreError> {
        let mut tx = self.begin(connection).await?;
        if tx.execute(what, text, args).await? > 0 {
            self.notify(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(Reply::Done)
    }

    /// One conditional statement: it decides, whatever pauses there are around it.
    pub(super) async fn claim(
        &self,
        connection: &mut AnyConnection,
        session: &Session,
        task: &TaskName,
        slot: i64,
        limit: Option<u64>,
    ) -> Result<Reply, StoreError> {
        let (group, node) = (Arg::from(&self.group), Arg::from(&self.node));
        let session = Arg::from(session.as_str());
        let limit = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let mine = "TASK_NAME = ? AND DESTINED_NODE_ID = ? AND TASK_STATE = 'RUNNING' \
                    AND (GROUP_ID IS NULL OR GROUP_ID = ?) AND EXISTS (SELECT 1 FROM CLUSTER_NODE_STATUS_TABLE N \
                    WHERE N.GROUP_ID = ? AND N.NODE_ID = ? AND N.SESSION_ID = ?)";
        let text = format!(
            "UPDATE COORDINATED_TASK_TABLE SET LAST_SLOT = ?, FIRE_COUNT = COALESCE(FIRE_COUNT, 0) + 1 WHERE {mine} \
             AND (LAST_SLOT IS NULL OR LAST_SLOT < ?) AND COALESCE(FIRE_COUNT, 0) < ?"
        );
        let args = [slot.into(), task.into(), node, group, group, node, session, slot.into(), limit.into()];
        if execute(self.dialect, connection, "claim a slot", &text, &args).await? > 0 {
            return Ok(Reply::Granted);
        }
        let text = format!("SELECT FIRE_COUNT FROM COORDINATED_TASK_TABLE WHERE {mine}");
        let args = [task.into(), node, group, group, node, session];
        let found = rows(self.dialect, connection, "read a claim", &text, &args).await?;
        Ok(match found.first() {
            None => Reply::NotOwner,
            Some(row) if column::<Option<i64>>(row, 0)?.unwrap_or(0) >= limit => Reply::Exhausted,
            Some(_) => Reply::Taken,
        })
    }
}

fn task_row(row: &AnyRow) -> Result<Row, StoreError> {
    let task: String = column(row, 0)?;
    let text: String = column(row, 1)?;
    let state = TaskState::from_text(text.trim())
        .ok_or_else(|| StoreError::Content(format!("the task {task} has the state {text:?}")))?;
    Ok(Row {
        task: Arc::from(task),
        state,
        last_slot: column(row, 2)?,
        fired: u64::try_from(column::<Option<i64>>(row, 3)?.unwrap_or(0)).unwrap_or(0),
    })
}
