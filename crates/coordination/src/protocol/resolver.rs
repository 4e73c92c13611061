//! Who gets which unassigned task (spec part 2, "Resolvers").

use super::message::{NodeName, Note, TaskName};

/// A task resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolver {
    /// One node gets every task and keeps them until it leaves.
    ActivePassive,
    /// Live nodes in turn, once so many are there.
    RoundRobin {
        /// How many nodes to wait for, 1 or more.
        server_count: usize,
    },
    /// The live ones of these nodes in turn.
    TaskNodes(Vec<NodeName>),
}

/// Why a resolver cannot be made from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolverError {
    /// The class is none of MI's.
    #[error(
        "unknown resolver_class {0}: expected a class that ends with ActivePassiveResolver, RoundRobinResolver or \
         TaskNodeResolver"
    )]
    UnknownClass(String),
    /// `TaskNodeResolver` without nodes.
    #[error("TaskNodeResolver needs task_nodes in [[task_resolver]]: a list of node ids separated by commas")]
    NoTaskNodes,
}

impl Resolver {
    /// Makes a resolver from `resolver_class` and the properties of `[[task_resolver]]`. The second value is an error
    /// that is only to be logged: a `task_server_count` that is no number counts as 1.
    ///
    /// # Errors
    /// [`ResolverError`] when the class is unknown or `task_nodes` is missing.
    pub fn new(
        class: &str,
        task_server_count: Option<&str>,
        task_nodes: Option<&str>,
    ) -> Result<(Self, Option<String>), ResolverError> {
        match class.trim().rsplit('.').next().unwrap_or_default() {
            "ActivePassiveResolver" => Ok((Self::ActivePassive, None)),
            "RoundRobinResolver" => {
                let text = task_server_count.unwrap_or("1").trim();
                let parsed = text.parse::<usize>().ok().filter(|count| *count >= 1);
                let error = parsed.is_none().then(|| format!("task_server_count {text:?} is not a number, 1 is used"));
                Ok((Self::RoundRobin { server_count: parsed.unwrap_or(1) }, error))
            }
            "TaskNodeResolver" => {
                let nodes: Vec<NodeName> = task_nodes
                    .unwrap_or_default()
                    .split(',')
                    .map(str::trim)
                    .filter(|node| !node.is_empty())
                    .map(NodeName::from)
                    .collect();
                if nodes.is_empty() { Err(ResolverError::NoTaskNodes) } else { Ok((Self::TaskNodes(nodes), None)) }
            }
            _ => Err(ResolverError::UnknownClass(class.to_owned())),
        }
    }

    /// Gives tasks to nodes. `load` is what nodes have already, `turn` the place in the round, which moves on, and
    /// `chance` any number, which decides where the rule says "random".
    pub(super) fn assign(
        &self,
        tasks: &[TaskName],
        members: &[NodeName],
        load: &[(NodeName, u64)],
        turn: &mut usize,
        chance: u64,
    ) -> (Vec<(TaskName, NodeName)>, Option<Note>) {
        let Some(first) = tasks.first() else { return (Vec::new(), None) };
        let in_turn: Vec<&NodeName> = match self {
            Self::ActivePassive => {
                let keeper = load
                    .iter()
                    .filter(|(node, _)| members.contains(node))
                    .max_by_key(|(_, count)| *count)
                    .map(|(node, _)| node);
                let random = || {
                    let count = u64::try_from(members.len()).unwrap_or(u64::MAX).max(1);
                    members.get(usize::try_from(chance % count).unwrap_or(0))
                };
                keeper.or_else(random).into_iter().collect()
            }
            Self::RoundRobin { server_count } if members.len() < *server_count => {
                return (Vec::new(), Some(Note::WaitingForNodes { wanted: *server_count, found: members.len() }));
            }
            Self::RoundRobin { .. } => members.iter().collect(),
            Self::TaskNodes(nodes) => nodes.iter().filter(|node| members.contains(node)).collect(),
        };
        if in_turn.is_empty() {
            return (Vec::new(), Some(Note::NoNodeFor(first.clone())));
        }
        let start = *turn;
        *turn = (start + tasks.len()) % in_turn.len();
        let nodes = in_turn.iter().cycle().skip(start % in_turn.len());
        (tasks.iter().cloned().zip(nodes.map(|node| (*node).clone())).collect(), None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<NodeName> {
        names.iter().map(|name| NodeName::from(*name)).collect()
    }

    fn assigned(resolver: &Resolver, members: &[&str], load: &[(&str, u64)], turn: &mut usize) -> Vec<String> {
        let load: Vec<_> = load.iter().map(|(node, count)| (NodeName::from(*node), *count)).collect();
        let (pairs, _) = resolver.assign(&names(&["t1", "t2", "t3"]), &names(members), &load, turn, 1);
        pairs.iter().map(|(_, node)| node.to_string()).collect()
    }

    #[test]
    fn active_passive_keeps_the_node_that_has_tasks() {
        let resolver = Resolver::ActivePassive;
        assert_eq!(assigned(&resolver, &["a", "b", "c"], &[("c", 1), ("gone", 9)], &mut 0), ["c", "c", "c"]);
        assert_eq!(assigned(&resolver, &["a", "b", "c"], &[], &mut 0), ["b", "b", "b"]);
    }

    #[test]
    fn round_robin_waits_and_goes_on_where_it_was() {
        let resolver = Resolver::RoundRobin { server_count: 2 };
        let mut turn = 0;
        assert!(assigned(&resolver, &["a"], &[], &mut turn).is_empty());
        assert_eq!(assigned(&resolver, &["a", "b"], &[], &mut turn), ["a", "b", "a"]);
        assert_eq!(assigned(&resolver, &["a", "b"], &[], &mut turn), ["b", "a", "b"]);
    }

    #[test]
    fn task_nodes_are_the_only_ones() {
        let (resolver, error) =
            Resolver::new("x.TaskNodeResolver", None, Some("node-1, node-3 ,")).expect("nodes are named");
        assert_eq!(error, None);
        assert_eq!(assigned(&resolver, &["node-2", "node-3"], &[], &mut 0), ["node-3"; 3]);
        assert!(assigned(&resolver, &["node-2"], &[], &mut 0).is_empty());
    }

    #[test]
    fn settings_that_make_no_resolver() {
        assert!(matches!(Resolver::new("x.Mine", None, None), Err(ResolverError::UnknownClass(_))));
        assert_eq!(Resolver::new("TaskNodeResolver", None, Some(" , ")), Err(ResolverError::NoTaskNodes));
        let (resolver, error) = Resolver::new("RoundRobinResolver", Some("two"), None).expect("counts as 1");
        assert_eq!(resolver, Resolver::RoundRobin { server_count: 1 });
        assert!(error.is_some());
    }
}
