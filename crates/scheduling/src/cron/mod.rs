//! Cron expressions in Quartz's dialect (spec 1.4): a parser of our own, for the reasons in
//! `docs/decisions/quartz-cron.md`.

mod next;
mod parse;

use std::collections::BTreeSet;

pub use parse::CronError;

/// A cron expression: when a task fires. [`Cron::parse`] makes one, [`Cron::next_after`] asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    seconds: Set,
    minutes: Set,
    hours: Set,
    days: Days,
    months: Set,
    /// Empty for every year.
    years: BTreeSet<u16>,
}

/// A set of small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Set(u64);

impl Set {
    fn has(self, number: u32) -> bool {
        number < 64 && self.0 & (1 << number) != 0
    }

    fn insert(&mut self, number: u32) {
        if number < 64 {
            self.0 |= 1 << number;
        }
    }

    /// The smallest member that is not less than a number.
    fn from(self, number: u32) -> Option<u32> {
        if number >= 64 {
            return None;
        }
        let rest = self.0 >> number << number;
        (rest != 0).then(|| rest.trailing_zeros())
    }

    fn first(self) -> u32 {
        self.0.trailing_zeros()
    }

    fn len(self) -> u32 {
        self.0.count_ones()
    }
}

/// Which days of a month: exactly one of Quartz's two day fields says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// These days of the month.
    OfMonth(Set),
    /// So many days before the last one; with `weekday` the weekday nearest to it.
    BeforeLast { days: u32, weekday: bool },
    /// The weekday nearest to this day, in the same month.
    NearestWeekday(u32),
    /// These days of the week, 1 for Sunday to 7 for Saturday.
    OfWeek(Set),
    /// The last such day of the week in the month.
    LastOfWeek(u32),
    /// The n-th such day of the week in the month.
    Nth { day: u32, number: u32 },
}
