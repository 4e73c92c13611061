//! What the protocol has to say, in MI's words.

use tracing::{error, info, warn};

use crate::coordinator::View;
use crate::loggers;
use crate::options::ClusterOptions;
use crate::protocol::{Note, TaskName};

/// Logs a note; `open` are the tasks that the end of a lease pauses.
pub(crate) fn log(note: &Note, options: &ClusterOptions, open: &[TaskName]) {
    let (id, group) = (&options.node, &options.group);
    match note {
        Note::Joined => {
            info!(target: loggers::STRATEGY, "Successfully joined the cluster with id [{id}]");
            info!(
                target: loggers::SCHEDULE_MANAGER,
                "Triggering coordinated task scheduler with an initial delay of 0 second(s) and a period of {} second(s).",
                options.resolving_period.as_secs()
            );
        }
        Note::Rejoined => info!(target: loggers::COORDINATOR, "Re-joined the cluster successfully."),
        Note::Duplicate { wait } => warn!(
            target: loggers::STRATEGY,
            "A node with the id [{id}] is alive in group [{group}]. Node ids must be unique; the next attempt to join \
             is in {} ms.",
            wait.as_millis()
        ),
        Note::ConnectedWith(node) => info!(target: loggers::COORDINATOR, "Connected with node [{node}]"),
        Note::MemberAdded(node) => info!(target: loggers::COORDINATOR, "Member added [{node}]"),
        Note::MemberRemoved(node) => info!(target: loggers::COORDINATOR, "Member removed [{node}]"),
        Note::LeaderChanged(node) => info!(target: loggers::COORDINATOR, "Coordinator changed to [{node}]"),
        Note::Elected(_) => {
            info!(
                target: loggers::STRATEGY,
                "Current node state changed from: MEMBER to: COORDINATOR"
            );
            info!(
                target: loggers::STRATEGY,
                "Elected current node (nodeID: {id}) as the coordinator for the group {group}"
            );
        }
        Note::Deposed => info!(
            target: loggers::STRATEGY,
            "Current node state changed from: COORDINATOR to: MEMBER"
        ),
        Note::LeaseEnded => {
            warn!(
                target: loggers::MEMBER_EVENTS,
                "Node [{id}] in group [{group}] has become unresponsive."
            );
            warn!(target: loggers::COORDINATOR, "Lost connection to the cluster.");
            for task in open {
                info!(target: loggers::TASK_MANAGER, "Task temporarily paused: [ESB_TASK][{task}]");
            }
        }
        Note::LeaseRegained => info!(
            target: loggers::MEMBER_EVENTS,
            "Node [{id}] in group [{group}] is responsive again; its tasks go on."
        ),
        Note::NotDeployed(task) => warn!(
            target: loggers::TASK_SCHEDULER,
            "The task [{task}] retrieved to be scheduled is not a deployed task in this node or an invalid entry, hence \
             ignoring it."
        ),
        Note::WaitingForNodes { wanted, found } => info!(
            target: loggers::ROUND_ROBIN,
            "Waiting for {wanted} nodes to resolve the tasks. Only {found} node(s) available cluster ..."
        ),
        Note::NoNodeFor(task) => error!(
            target: loggers::TASK_NODES,
            "No nodes defined in the task_nodes is found in the cluster. Hence can't resolve a location for the task {task}"
        ),
    }
}

/// Takes a note into what the node knows of its cluster.
pub(crate) fn apply(note: &Note, view: &mut View) {
    match note {
        Note::Joined | Note::Rejoined => {
            view.joined = true;
            view.unresponsive = false;
        }
        Note::Duplicate { .. } => view.joined = false,
        Note::ConnectedWith(node) | Note::MemberAdded(node) => {
            view.others.insert(node.clone());
        }
        Note::MemberRemoved(node) => {
            view.others.remove(node);
        }
        Note::LeaderChanged(node) => view.leader = Some(node.clone()),
        Note::Elected(epoch) => view.leading = Some(*epoch),
        Note::Deposed => view.leading = None,
        Note::LeaseEnded => view.unresponsive = true,
        Note::LeaseRegained => view.unresponsive = false,
        Note::NotDeployed(_) | Note::WaitingForNodes { .. } | Note::NoNodeFor(_) => {}
    }
}
