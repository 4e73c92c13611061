//! Document order.

use smallvec::SmallVec;

use super::node::NodeRef;
use crate::document::{Document, NodeId};

/// Puts nodes in document order and drops repetitions. Documents stay in the order in which they come first.
pub(super) fn sort(nodes: &mut SmallVec<[NodeRef<'_>; 1]>) {
    let Some(first) = nodes.first().map(|node| node.document) else { return };
    if nodes.len() == 1 {
        return;
    }
    if first.sorted && nodes.iter().all(|node| std::ptr::eq(node.document, first)) {
        nodes.sort_unstable_by_key(|node| (node.node, node.part));
    } else {
        sort_across(nodes);
    }
    nodes.dedup();
}

/// Sorts where ids alone do not tell the order.
fn sort_across(nodes: &mut SmallVec<[NodeRef<'_>; 1]>) {
    let mut documents: Vec<(&Document, Option<Vec<u32>>)> = Vec::new();
    let mut keyed = Vec::with_capacity(nodes.len());
    for &node in nodes.iter() {
        let known = documents.iter().position(|(document, _)| std::ptr::eq(*document, node.document));
        let place = known.unwrap_or_else(|| {
            documents.push((node.document, (!node.document.sorted).then(|| rank(node.document))));
            documents.len() - 1
        });
        let ranks = documents.get(place).and_then(|(_, ranks)| ranks.as_ref());
        let rank = ranks.map_or(Some(node.node.0), |ranks| ranks.get(node.node.index()).copied());
        keyed.push(((place, rank, node.part), node));
    }
    keyed.sort_unstable_by_key(|(key, _)| *key);
    nodes.clear();
    nodes.extend(keyed.into_iter().map(|(_, node)| node));
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
