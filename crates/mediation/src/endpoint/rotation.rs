//! Whose turn it is among the children of a load-balance endpoint (spec: services 4.8). Pure but for one atomic number.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Round robin with weights: each child has as many turns in a row as it weighs, then the next one.
#[derive(Debug)]
pub struct Rotation {
    /// For each child the turn after its last one; the last number is how many turns a round has.
    ends: Vec<usize>,
    turn: AtomicUsize,
}

impl Rotation {
    /// A rotation over children of these weights. No child weighs less than one.
    pub fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let mut end = 0_usize;
        let ends = weights.into_iter().map(|weight| {
            end = end.saturating_add(weight.max(1) as usize);
            end
        });
        Self { ends: ends.collect(), turn: AtomicUsize::new(0) }
    }

    /// The child whose turn it is; children that are not `eligible` lose their turns to the next one. `None` when no
    /// child is.
    pub fn next(&self, eligible: impl Fn(usize) -> bool) -> Option<usize> {
        let mut turn = self.turn.load(Ordering::Relaxed);
        loop {
            let (child, next) = self.choose(turn, &eligible)?;
            match self.turn.compare_exchange_weak(turn, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(child),
                Err(other) => turn = other,
            }
        }
    }

    /// The child for `turn`, and the turn after that.
    fn choose(&self, turn: usize, eligible: &impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let round = *self.ends.last()?;
        let first = self.ends.partition_point(|&end| end <= turn);
        let mut turn = turn;
        for child in (first..self.ends.len()).chain(0..first) {
            if eligible(child) {
                return Some((child, (turn + 1) % round));
            }
            turn = self.ends[child] % round;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turns(rotation: &Rotation, count: usize, eligible: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..count).filter_map(|_| rotation.next(&eligible)).collect()
    }

    #[test]
    fn children_take_turns_by_weight() {
        assert_eq!(turns(&Rotation::new([1, 1, 1]), 5, |_| true), [0, 1, 2, 0, 1]);
        assert_eq!(turns(&Rotation::new([1, 2, 3]), 9, |_| true), [0, 1, 1, 2, 2, 2, 0, 1, 1]);
    }

    #[test]
    fn turns_of_a_child_that_is_out_go_to_the_next() {
        let rotation = Rotation::new([1, 2, 1]);
        assert_eq!(turns(&rotation, 5, |child| child != 1), [0, 2, 0, 2, 0]);
        assert_eq!(turns(&rotation, 2, |_| true), [1, 1]);
        assert_eq!(rotation.next(|_| false), None);
        assert_eq!(Rotation::new([]).next(|_| true), None);
    }

    proptest! {
        /// In one round every child has exactly the turns that its weight gives it.
        #[test]
        fn a_round_is_fair(weights in prop::collection::vec(1..6_u32, 1..6)) {
            let rotation = Rotation::new(weights.iter().copied());
            let round = turns(&rotation, weights.iter().sum::<u32>() as usize, |_| true);
            for (child, weight) in weights.iter().enumerate() {
                prop_assert_eq!(round.iter().filter(|&&at| at == child).count(), *weight as usize);
            }
        }
    }
}
