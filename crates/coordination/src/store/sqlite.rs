//! SQLite: the embedded default for nodes on one host, which share its clock.

use super::dialect::Dialect;

/// SQLite's SQL. A transaction locks the whole file, so rows need no locks.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn now(&self) -> &'static str {
        "CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)"
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn lock(&self) -> &'static str {
        ""
    }

    fn insert_if_absent(&self) -> (&'static str, &'static str) {
        ("INSERT OR IGNORE", "")
    }

    fn session(&self) -> &'static [&'static str] {
        &["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 5000"]
    }

    fn create(&self, table: &str) -> &'static str {
        match table {
            "LEADER_STATUS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS LEADER_STATUS_TABLE (GROUP_ID VARCHAR(512) NOT NULL PRIMARY KEY, \
                 NODE_ID VARCHAR(512) NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL)"
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
                "CREATE TABLE IF NOT EXISTS COORDINATED_TASK_TABLE (TASK_NAME VARCHAR(512) NOT NULL PRIMARY KEY, \
                 DESTINED_NODE_ID VARCHAR(512), TASK_STATE VARCHAR(32) NOT NULL, GROUP_ID VARCHAR(512), \
                 LAST_SLOT BIGINT, FIRE_COUNT BIGINT)"
            }
            "MP_STATE_TABLE" => {
                "CREATE TABLE IF NOT EXISTS MP_STATE_TABLE (MP_NAME VARCHAR(512) NOT NULL PRIMARY KEY, \
                 MP_STATE VARCHAR(32) NOT NULL)"
            }
            _ => {
                "CREATE TABLE IF NOT EXISTS CLUSTER_STATE_TABLE (GROUP_ID VARCHAR(512) NOT NULL PRIMARY KEY, \
                 EPOCH BIGINT NOT NULL, NODE_ID VARCHAR(512), SESSION_ID VARCHAR(128), \
                 MEMBER_REVISION BIGINT NOT NULL)"
            }
        }
    }

    fn script(&self) -> &'static str {
        "dbscripts/sqlite/sqlite_cluster.sql"
    }
}
