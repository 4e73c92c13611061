//! PostgreSQL.

use super::dialect::Dialect;

/// PostgreSQL's SQL.
pub(super) struct Postgres;

impl Dialect for Postgres {
    fn now(&self) -> &'static str {
        "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint"
    }

    fn numbered_arguments(&self) -> bool {
        true
    }

    fn begin(&self) -> &'static str {
        "BEGIN ISOLATION LEVEL READ COMMITTED"
    }

    fn lock(&self) -> &'static str {
        " FOR UPDATE"
    }

    fn insert_if_absent(&self) -> (&'static str, &'static str) {
        ("INSERT", " ON CONFLICT DO NOTHING")
    }

    fn session(&self) -> &'static [&'static str] {
        &["SET lock_timeout = '10s'"]
    }

    fn beat(&self) -> Option<&'static str> {
        Some(
            "WITH own AS (UPDATE CLUSTER_NODE_STATUS_TABLE SET LAST_HEARTBEAT = {now} \
             WHERE GROUP_ID = ? AND NODE_ID = ? AND SESSION_ID = ? RETURNING 1), \
             led AS (UPDATE LEADER_STATUS_TABLE SET LAST_HEARTBEAT = {now} WHERE GROUP_ID = ? AND NODE_ID = ? \
             AND EXISTS (SELECT 1 FROM CLUSTER_STATE_TABLE WHERE GROUP_ID = ? AND SESSION_ID = ?) \
             AND EXISTS (SELECT 1 FROM CLUSTER_NODE_STATUS_TABLE \
             WHERE GROUP_ID = ? AND NODE_ID = ? AND SESSION_ID = ?) RETURNING 1), \
             done AS (SELECT (SELECT COUNT(*) FROM own) AS OWN, (SELECT COUNT(*) FROM led) AS LED)",
        )
    }

    fn in_joined(&self) -> Option<&'static str> {
        // A subselect, because it is joined by hashing; an array would be searched for each row.
        Some("IN (SELECT unnest(string_to_array(?, chr(31))))")
    }

    fn assign(&self) -> Option<&'static str> {
        Some(
            "UPDATE COORDINATED_TASK_TABLE SET DESTINED_NODE_ID = A.NODE, GROUP_ID = ? \
             FROM (SELECT unnest(string_to_array(?, chr(31))) AS TASK, unnest(string_to_array(?, chr(31))) AS NODE) A \
             WHERE TASK_NAME = A.TASK AND DESTINED_NODE_ID IS NULL AND TASK_STATE <> 'COMPLETED' \
             AND (GROUP_ID IS NULL OR GROUP_ID = ?)",
        )
    }

    fn notify(&self) -> Option<&'static str> {
        Some("SELECT pg_notify('mi_cluster', ?)")
    }

    fn create(&self, table: &str) -> &'static str {
        match table {
            "LEADER_STATUS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS LEADER_STATUS_TABLE (GROUP_ID VARCHAR(512) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL, PRIMARY KEY (GROUP_ID))"
            }
            "CLUSTER_NODE_STATUS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS CLUSTER_NODE_STATUS_TABLE (GROUP_ID VARCHAR(512) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, IS_NEW_NODE INT NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL, \
                 SESSION_ID VARCHAR(128), PRIMARY KEY (GROUP_ID, NODE_ID))"
            }
            "MEMBERSHIP_EVENT_TABLE" => {
                "CREATE TABLE IF NOT EXISTS MEMBERSHIP_EVENT_TABLE (GROUP_ID VARCHAR(512) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, CHANGE_TYPE INT NOT NULL, CHANGED_MEMBER_ID VARCHAR(512) NOT NULL)"
            }
            "REMOVED_MEMBERS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS REMOVED_MEMBERS_TABLE (GROUP_ID VARCHAR(512) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, REMOVED_MEMBER_ID VARCHAR(512) NOT NULL)"
            }
            "COORDINATED_TASK_TABLE" => {
                "CREATE TABLE IF NOT EXISTS COORDINATED_TASK_TABLE (TASK_NAME VARCHAR(512) NOT NULL, \
                 DESTINED_NODE_ID VARCHAR(512), TASK_STATE VARCHAR(32) NOT NULL, GROUP_ID VARCHAR(512), \
                 LAST_SLOT BIGINT, FIRE_COUNT BIGINT, PRIMARY KEY (TASK_NAME))"
            }
            "MP_STATE_TABLE" => {
                "CREATE TABLE IF NOT EXISTS MP_STATE_TABLE (MP_NAME VARCHAR(512) NOT NULL, \
                 MP_STATE VARCHAR(32) NOT NULL, PRIMARY KEY (MP_NAME))"
            }
            _ => {
                "CREATE TABLE IF NOT EXISTS CLUSTER_STATE_TABLE (GROUP_ID VARCHAR(512) NOT NULL, \
                 EPOCH BIGINT NOT NULL, NODE_ID VARCHAR(512), SESSION_ID VARCHAR(128), \
                 MEMBER_REVISION BIGINT NOT NULL, PRIMARY KEY (GROUP_ID))"
            }
        }
    }

    fn script(&self) -> &'static str {
        "dbscripts/postgresql/postgresql_cluster.sql"
    }
}
