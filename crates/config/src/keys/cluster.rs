//! `[cluster_config]`, `[task_handling]`, `[[task_resolver]]` (coordination spec, part 2).

use super::Kind::{Any, Choice, Count, Flag, Text};
use super::{Key, open, with};

/// Any number: too small ones are replaced by the default with a warning, as MI does.
const ANY: super::Kind = Count(i64::MIN, i64::MAX);

pub(super) const KEYS: &[Key] = &[
    open("cluster_config.node_id", Text, "The node's name; the property and the variable nodeId win."),
    with("task_handling.resolving_period", ANY, "2", "The pause between resolver rounds, in seconds, 1 or more."),
    with("task_handling.resolving_frequency", ANY, "5", "The leader cleans the task table every so many rounds."),
    with(
        "task_handling.resolver_class",
        Text,
        "org.wso2.micro.integrator.ntask.coordination.task.resolver.ActivePassiveResolver",
        "How tasks are given to nodes: ActivePassiveResolver, RoundRobinResolver or TaskNodeResolver.",
    ),
    with(
        "task_handling.fire_guard",
        Choice(&["claim", "lease"]),
        "claim",
        "Whether a fire of a coordinated task claims its slot in the database, or only checks the lease.",
    ),
    with(
        "task_handling.persist_message_processor_state",
        Flag,
        "false",
        "Whether the activation of message processors is kept in the database.",
    ),
    open("task_resolver[].task_server_count", Text, "RoundRobinResolver: the nodes to wait for."),
    open("task_resolver[].task_nodes", Text, "TaskNodeResolver: the nodes that run tasks, separated by commas."),
    open("task_resolver[].*", Any, "A property of another resolver."),
];
