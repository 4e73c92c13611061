//! MySQL and MariaDB.

use super::dialect::Dialect;

/// MySQL's and MariaDB's SQL. Connections use UTC, so that the database's time never jumps with daylight saving, and
/// names are compared byte by byte, as on the other databases.
pub(super) struct MySql;

impl Dialect for MySql {
    fn now(&self) -> &'static str {
        "CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)"
    }

    fn begin(&self) -> &'static str {
        "START TRANSACTION"
    }

    fn lock(&self) -> &'static str {
        " FOR UPDATE"
    }

    fn insert_if_absent(&self) -> (&'static str, &'static str) {
        ("INSERT IGNORE", "")
    }

    fn session(&self) -> &'static [&'static str] {
        &[
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET SESSION innodb_lock_wait_timeout = 10",
            "SET SESSION time_zone = '+00:00'",
        ]
    }

    fn create(&self, table: &str) -> &'static str {
        match table {
            "LEADER_STATUS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS LEADER_STATUS_TABLE (GROUP_ID VARCHAR(128) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL, PRIMARY KEY (GROUP_ID)) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            "CLUSTER_NODE_STATUS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS CLUSTER_NODE_STATUS_TABLE (GROUP_ID VARCHAR(128) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, IS_NEW_NODE INT NOT NULL, LAST_HEARTBEAT BIGINT NOT NULL, \
                 SESSION_ID VARCHAR(128), PRIMARY KEY (GROUP_ID, NODE_ID)) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            "MEMBERSHIP_EVENT_TABLE" => {
                "CREATE TABLE IF NOT EXISTS MEMBERSHIP_EVENT_TABLE (GROUP_ID VARCHAR(128) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, CHANGE_TYPE INT NOT NULL, CHANGED_MEMBER_ID VARCHAR(512) NOT NULL) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            "REMOVED_MEMBERS_TABLE" => {
                "CREATE TABLE IF NOT EXISTS REMOVED_MEMBERS_TABLE (GROUP_ID VARCHAR(128) NOT NULL, \
                 NODE_ID VARCHAR(512) NOT NULL, REMOVED_MEMBER_ID VARCHAR(512) NOT NULL) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            "COORDINATED_TASK_TABLE" => {
                "CREATE TABLE IF NOT EXISTS COORDINATED_TASK_TABLE (TASK_NAME VARCHAR(512) NOT NULL, \
                 DESTINED_NODE_ID VARCHAR(512), TASK_STATE VARCHAR(32) NOT NULL, GROUP_ID VARCHAR(128), \
                 LAST_SLOT BIGINT, FIRE_COUNT BIGINT, PRIMARY KEY (TASK_NAME)) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            "MP_STATE_TABLE" => {
                "CREATE TABLE IF NOT EXISTS MP_STATE_TABLE (MP_NAME VARCHAR(512) NOT NULL, \
                 MP_STATE VARCHAR(32) NOT NULL, PRIMARY KEY (MP_NAME)) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
            _ => {
                "CREATE TABLE IF NOT EXISTS CLUSTER_STATE_TABLE (GROUP_ID VARCHAR(128) NOT NULL, \
                 EPOCH BIGINT NOT NULL, NODE_ID VARCHAR(512), SESSION_ID VARCHAR(128), \
                 MEMBER_REVISION BIGINT NOT NULL, PRIMARY KEY (GROUP_ID)) \
                 ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
            }
        }
    }

    fn script(&self) -> &'static str {
        "dbscripts/mysql/mysql_cluster.sql"
    }
}
