//! `[[datasource]]` (spec 2.6).

use super::Kind::{Any, Count, Flag, Millis, Secret, Text};
use super::{Key, open};

pub(super) const KEYS: &[Key] = &[
    open("datasource[].id", Text, "The data source's name; WSO2_COORDINATION_DB switches the cluster on."),
    open("datasource[].url", Text, "The JDBC URL; it alone decides which database is meant."),
    open("datasource[].username", Text, "The user name; empty or absent for none."),
    open("datasource[].password", Secret, "The password."),
    open("datasource[].driver", Text, "The JDBC class; accepted, the URL decides."),
    open("datasource[].dataSourceClassName", Text, "An XA class; accepted, the URL decides."),
    open("datasource[].dataSourceProps.*", Secret, "A property of that class."),
    open("datasource[].defaultAutoCommit", Flag, "Whether each statement is its own transaction."),
    open("datasource[].jmx_enable", Flag, "Accepted for compatibility."),
    open("datasource[].pool_options.maxActive", Count(-1, i64::MAX), "The most connections."),
    open("datasource[].pool_options.maxIdle", Count(-1, i64::MAX), "The most idle connections that are kept."),
    open("datasource[].pool_options.minIdle", Count(-1, i64::MAX), "The idle connections that are kept ready."),
    open("datasource[].pool_options.initialSize", Count(0, i64::MAX), "The connections opened at the start."),
    open("datasource[].pool_options.maxWait", Count(-1, i64::MAX), "The longest wait for a connection, milliseconds."),
    open("datasource[].pool_options.testOnBorrow", Flag, "Whether a connection is tested before it is used."),
    open(
        "datasource[].pool_options.validationQuery",
        Text,
        "The statement of that test; the database's own if absent.",
    ),
    open("datasource[].pool_options.minEvictableIdleTimeMillis", Millis, "How long a connection may be idle."),
    open("datasource[].pool_options.maxAge", Millis, "How old a connection may become."),
    open("datasource[].pool_options.*", Any, "A further pool property."),
];
