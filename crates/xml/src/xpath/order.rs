//! Document order.

use smallvec::SmallVec;

use super::node::{NodePart, NodeRef};
use crate::document::{Document, NodeId};

/// Puts nodes in document order and drops repetitions. Nodes of different documents come in an order that is the same
/// throughout an evaluation.
pub(super) fn sort(nodes: &mut SmallVec<[NodeRef<'_>; 1]>) {
    if nodes.len() < 2 {
        return;
    }
    if nodes.iter().all(|node| node.document.sorted) {
        nodes.sort_unstable_by_key(|node| (address(node.document), node.node, node.part));
    } else {
        let mut ranks: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut keyed: Vec<((usize, u32, NodePart), NodeRef<'_>)> = Vec::with_capacity(nodes.len());
        for &node in nodes.iter() {
            let place = address(node.document);
            let known = ranks.iter().position(|(of, _)| *of == place).unwrap_or_else(|| {
                ranks.push((place, rank(node.document)));
                ranks.len() - 1
            });
            let rank = ranks.get(known).and_then(|(_, ranks)| ranks.get(node.node.index())).copied().unwrap_or(0);
            keyed.push(((place, rank, node.part), node));
        }
        keyed.sort_unstable_by_key(|(key, _)| *key);
        nodes.clear();
        nodes.extend(keyed.into_iter().map(|(_, node)| node));
    }
    nodes.dedup();
}

fn address(document: &Document) -> usize {
    std::ptr::from_ref(document).addr()
}

/// The place of every node in document order, tree after tree.
fn rank(document: &Document) -> Vec<u32> {
    let mut ranks = vec![0; document.nodes.len()];
    let mut next = 0;
    for top in (0..).take(document.nodes.len()).map(NodeId) {
        if document.node(top).parent != NodeId::NONE {
            continue;
        }
        let mut at = top;
        while at != NodeId::NONE {
            if let Some(rank) = ranks.get_mut(at.index()) {
                *rank = next;
            }
            next += 1;
            at = document.after(at, top);
        }
    }
    ranks
}
