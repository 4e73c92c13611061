//! Which slot is next: a function of the trigger, the slots before and the time, without clock or waiting.

use chrono::{DateTime, Local, TimeZone};

use crate::cron::{Cron, CronError};
use crate::trigger::Trigger;

/// A slot that is later than this has been missed (Quartz's threshold), milliseconds.
const MISFIRE: i64 = 60_000;

/// The schedule of one task. Times are milliseconds since 1970.
#[derive(Debug, Clone)]
pub struct Plan {
    rhythm: Rhythm,
    next: Option<i64>,
}

#[derive(Debug, Clone)]
enum Rhythm {
    Interval { every: i64, limited: bool },
    Cron(Box<Cron>),
    Never,
}

impl Plan {
    /// The schedule of a trigger.
    ///
    /// # Errors
    /// [`CronError`] when its cron expression is none.
    pub fn new(trigger: &Trigger) -> Result<Self, CronError> {
        let rhythm = match trigger {
            Trigger::Interval { every, count } => Rhythm::Interval {
                every: i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1),
                limited: count.is_some(),
            },
            Trigger::Cron(text) => Rhythm::Cron(Box::new(Cron::parse(text)?)),
            Trigger::Never(_) => Rhythm::Never,
        };
        Ok(Self { rhythm, next: None })
    }

    /// Begins, or begins again, at a time; `last` is the last slot that any node fired.
    ///
    /// An interval that never fired begins at once. One that did goes on on its grid: with the newest slot that is due and
    /// was missed, if any, else with the next. A cron expression begins with its next match.
    pub fn begin(&mut self, now: i64, last: Option<i64>) {
        self.next = match (&self.rhythm, last) {
            (Rhythm::Interval { .. }, None) => Some(now),
            (Rhythm::Interval { every, .. }, Some(last)) => {
                let steps = (now.saturating_sub(last) / every).max(1);
                last.checked_add(steps.saturating_mul(*every))
            }
            (Rhythm::Cron(cron), last) => next_match(cron, last.map_or(now, |last| last.max(now))),
            (Rhythm::Never, _) => None,
        };
    }

    /// The next slot; `None` when there is none any more.
    pub fn next(&self) -> Option<i64> {
        self.next
    }

    /// The slot to fire now, when its time has come: the next one, or what Quartz makes of one that is more than 60 s late.
    /// An interval without end goes on with the next slot of its grid, one with a count fires now and makes a new grid, a
    /// cron expression goes on with its next match.
    pub fn due(&mut self, now: i64) -> Option<i64> {
        let slot = self.next.filter(|slot| *slot <= now)?;
        if now - slot <= MISFIRE {
            return Some(slot);
        }
        match &self.rhythm {
            Rhythm::Interval { limited: true, .. } => {
                self.next = Some(now);
                Some(now)
            }
            Rhythm::Interval { every, limited: false } => {
                self.next = slot.checked_add(((now - slot) / every + 1).saturating_mul(*every));
                None
            }
            Rhythm::Cron(cron) => {
                self.next = next_match(cron, now);
                None
            }
            Rhythm::Never => None,
        }
    }

    /// Goes on to the slot after this one.
    pub fn fired(&mut self, slot: i64) {
        self.next = match &self.rhythm {
            Rhythm::Interval { every, .. } => slot.checked_add(*every),
            Rhythm::Cron(cron) => next_match(cron, slot),
            Rhythm::Never => None,
        };
    }
}

/// Cron expressions are meant in the zone of the process.
fn next_match(cron: &Cron, after: i64) -> Option<i64> {
    let after: DateTime<Local> = Local.timestamp_millis_opt(after).single()?;
    cron.next_after(&after).map(|next| next.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn every_second(count: Option<u64>) -> Plan {
        let trigger = Trigger::Interval { every: Duration::from_secs(1), count };
        Plan::new(&trigger).expect("no cron")
    }

    #[test]
    fn an_interval_begins_at_once_and_keeps_its_grid() {
        let mut plan = every_second(None);
        plan.begin(500, None);
        assert_eq!(plan.due(500), Some(500));
        plan.fired(500);
        assert_eq!(plan.due(1499), None);
        assert_eq!(plan.due(1800), Some(1500));
        plan.fired(1500);
        assert_eq!(plan.next(), Some(2500));
    }

    #[test]
    fn late_slots_are_caught_up_one_by_one() {
        let mut plan = every_second(None);
        plan.begin(0, None);
        plan.fired(0);
        for slot in [1000, 2000, 3000] {
            assert_eq!(plan.due(3500), Some(slot));
            plan.fired(slot);
        }
        assert_eq!(plan.due(3500), None);
    }

    #[test]
    fn slots_more_than_a_minute_late_are_misfires() {
        let mut plan = every_second(None);
        plan.begin(0, None);
        assert_eq!(plan.due(70_500), None);
        assert_eq!(plan.next(), Some(71_000));
        let mut limited = every_second(Some(3));
        limited.begin(0, None);
        assert_eq!(limited.due(70_500), Some(70_500));
        limited.fired(70_500);
        assert_eq!(limited.next(), Some(71_500));
        let mut cron = Plan::new(&Trigger::Cron("*/10 * * * * ?".to_owned())).expect("an expression");
        cron.begin(0, None);
        assert_eq!(cron.next(), Some(10_000));
        assert_eq!(cron.due(75_000), None);
        assert_eq!(cron.next(), Some(80_000));
    }

    #[test]
    fn another_node_goes_on_where_the_last_one_was() {
        let mut plan = every_second(None);
        plan.begin(5_300, Some(5_000));
        assert_eq!(plan.next(), Some(6_000));
        plan.begin(8_300, Some(5_000));
        assert_eq!(plan.next(), Some(8_000));
        let mut cron = Plan::new(&Trigger::Cron("*/10 * * * * ?".to_owned())).expect("an expression");
        cron.begin(19_990, Some(20_000));
        assert_eq!(cron.next(), Some(30_000));
    }

    #[test]
    fn never_is_never() {
        let mut plan = Plan::new(&Trigger::Never("")).expect("no cron");
        plan.begin(0, None);
        assert_eq!((plan.next(), plan.due(i64::MAX)), (None, None));
    }

    proptest! {
        #[test]
        fn slots_only_grow(
            waits in prop::collection::vec((0i64..200_000, any::<bool>()), 1..50),
            count in prop::option::of(1..10u64),
            every in 1u64..100,
        ) {
            let mut plan = Plan::new(&Trigger::Interval { every: Duration::from_secs(every), count }).expect("no cron");
            let (mut now, mut last) = (1_000_000, None);
            plan.begin(now, last);
            for (wait, again) in waits {
                now += wait;
                if again {
                    plan.begin(now, last);
                }
                if let Some(slot) = plan.due(now) {
                    prop_assert!(last.is_none_or(|last| slot > last));
                    prop_assert!(slot <= now);
                    last = Some(slot);
                    plan.fired(slot);
                }
            }
        }
    }
}
