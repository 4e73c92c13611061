//! Deterministic simulation: many seeded schedules of faults against the invariants of the protocol.
//!
//! `SIMULATION_SCHEDULES` sets their number, `SIMULATION_SEED` the first seed.

mod model;
mod world;

use world::{Mutation, World};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn invariants_hold_in_every_schedule() {
    let first = number("SIMULATION_SEED", 1);
    let count = number("SIMULATION_SCHEDULES", 10_000);
    let mut statements = 0;
    for seed in first..first + count {
        let mut world = World::new(seed, Mutation::Nothing);
        if let Err(violation) = world.run() {
            panic!("seed {seed}: {violation}");
        }
        statements += world.statements;
    }
    println!("{count} schedules from seed {first}: {statements} statements, no violation");
}

/// The first seed whose schedule shows that a part of the protocol is missing.
fn noticed(mutation: Mutation) -> Option<(u64, String)> {
    (1..=10_000).find_map(|seed| World::new(seed, mutation).run().err().map(|violation| (seed, violation)))
}

#[test]
fn without_the_lease_check_two_nodes_hold_a_task() {
    let noticed = noticed(Mutation::LeaseCheck);
    assert!(noticed.is_some_and(|(_, violation)| violation.contains("both hold")));
}

#[test]
fn without_the_epoch_condition_a_deposed_leader_writes() {
    let noticed = noticed(Mutation::EpochCondition);
    assert!(noticed.is_some_and(|(_, violation)| violation.contains("took effect in epoch")));
}

#[test]
fn without_database_time_skewed_clocks_break_it() {
    assert!(noticed(Mutation::DatabaseTime).is_some());
}

#[test]
fn without_the_claim_a_slot_fires_twice() {
    let noticed = noticed(Mutation::Claim);
    assert!(noticed.is_some_and(|(_, violation)| violation.contains("fired twice")));
}
