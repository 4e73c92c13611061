//! The state of an endpoint: ready, in timeout, suspended, off (spec: services 4.7). Pure; time is a parameter.

use std::time::{Duration, Instant};

use crate::fault::codes;

/// When an endpoint is suspended and for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `markForSuspension/errorCodes`; empty means 101504 and 101505.
    pub timeout_codes: Vec<i32>,
    /// `markForSuspension/retriesBeforeSuspension`: failures that only mark it.
    pub retries: u32,
    /// `markForSuspension/retryDelay`
    pub retry_delay: Duration,
    /// `suspendOnFailure/errorCodes`; empty means any.
    pub suspend_codes: Vec<i32>,
    /// `suspendOnFailure/initialDuration`
    pub initial: Duration,
    /// `suspendOnFailure/progressionFactor`
    pub factor: f64,
    /// `suspendOnFailure/maximumDuration`
    pub maximum: Duration,
    /// `retryConfig/disabledErrorCodes`: failures that a group does not try elsewhere.
    pub retry_disabled: Vec<i32>,
    /// `retryConfig/enabledErrorCodes`: the only failures that a group tries elsewhere; empty means any.
    pub retry_enabled: Vec<i32>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timeout_codes: Vec::new(),
            retries: 0,
            retry_delay: Duration::ZERO,
            suspend_codes: Vec::new(),
            initial: Duration::from_millis(30_000),
            factor: 1.0,
            maximum: Duration::MAX,
            retry_disabled: Vec::new(),
            retry_enabled: Vec::new(),
        }
    }
}

impl Rules {
    fn marks(&self, code: i32) -> bool {
        match self.timeout_codes.as_slice() {
            [] => matches!(code, codes::TIMED_OUT | codes::CLOSED),
            listed => listed.contains(&code),
        }
    }

    /// Whether a group tries another child after a failure with this code.
    pub fn tries_elsewhere(&self, code: i32) -> bool {
        !self.retry_disabled.contains(&code) && (self.retry_enabled.is_empty() || self.retry_enabled.contains(&code))
    }

    fn suspends(&self, code: i32) -> bool {
        self.suspend_codes.is_empty() || self.suspend_codes.contains(&code)
    }
}

/// The states; the names are MI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Failed a few times, tried again from then on.
    Timeout {
        /// When.
        retry_at: Instant,
    },
    /// Not in use until then.
    Suspended {
        /// When.
        retry_at: Instant,
    },
    /// Switched off by hand.
    Off,
}

impl Status {
    /// MI's word for it; that for "off" is misspelt there too.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Timeout { .. } => "TIMEOUT",
            Self::Suspended { .. } => "SUSPENDED",
            Self::Off => "MAINTNENCE",
        }
    }
}

/// An endpoint's state and what it remembers.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    status: Status,
    retries_left: u32,
    last_suspension: Option<Duration>,
}

/// What a failure led to, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The code is none that concerns the state.
    Unchanged,
    /// Marked; so many failures more before it is suspended.
    Marked {
        /// Failures left.
        retries_left: u32,
        /// When it is tried again.
        delay: Duration,
    },
    /// Suspended for so long.
    Suspended {
        /// How long.
        duration: Duration,
        /// How long the last time, if this is not the first since it was active.
        last: Option<Duration>,
        /// It had been marked before and no retry was left.
        after_retries: bool,
    },
}

impl Machine {
    /// An active endpoint.
    pub fn new(rules: &Rules) -> Self {
        Self { status: Status::Active, retries_left: rules.retries, last_suspension: None }
    }

    /// The state.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether a message may be sent now.
    pub fn is_ready(&self, now: Instant) -> bool {
        match self.status {
            Status::Active => true,
            Status::Timeout { retry_at } | Status::Suspended { retry_at } => now >= retry_at,
            Status::Off => false,
        }
    }

    /// An answer came, whatever its status. Says whether this ended a suspension or timeout.
    pub fn succeed(&mut self, rules: &Rules) -> Option<Status> {
        if matches!(self.status, Status::Active | Status::Off) {
            return None;
        }
        let before = self.status;
        *self = Self::new(rules);
        Some(before)
    }

    /// Sending failed with this code (state offset included).
    pub fn fail(&mut self, code: i32, now: Instant, rules: &Rules) -> Transition {
        if self.status == Status::Off {
            return Transition::Unchanged;
        }
        if rules.marks(code) {
            if let Some(left) = self.retries_left.checked_sub(1) {
                self.retries_left = left;
                self.status = Status::Timeout { retry_at: now + rules.retry_delay };
                return Transition::Marked { retries_left: left, delay: rules.retry_delay };
            }
            return self.suspend(now, rules, rules.retries > 0);
        }
        if rules.suspends(code) {
            return self.suspend(now, rules, false);
        }
        Transition::Unchanged
    }

    fn suspend(&mut self, now: Instant, rules: &Rules, after_retries: bool) -> Transition {
        let last = self.last_suspension;
        let duration = match last {
            None => rules.initial,
            Some(last) => scaled(last, rules.factor).min(rules.maximum),
        };
        self.last_suspension = Some(duration);
        // A duration beyond what a clock can tell is for ever.
        let retry_at = now.checked_add(duration).unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)));
        self.status = Status::Suspended { retry_at };
        Transition::Suspended { duration, last, after_retries }
    }

    /// Switches it off or on by hand.
    pub fn switch(&mut self, on: bool, rules: &Rules) {
        *self = Self::new(rules);
        if !on {
            self.status = Status::Off;
        }
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rules() -> Rules {
        Rules { initial: SECOND, factor: 2.0, maximum: 3 * SECOND, ..Rules::default() }
    }

    #[test]
    fn any_failure_suspends_by_default() {
        let (rules, now) = (rules(), Instant::now());
        let mut machine = Machine::new(&rules);
        assert!(
            matches!(machine.fail(101_503, now, &rules), Transition::Suspended { duration, last: None, .. } if duration == SECOND)
        );
        assert!(!machine.is_ready(now));
        assert!(machine.is_ready(now + SECOND));
    }

    #[test]
    fn a_failing_probe_suspends_longer_up_to_the_maximum() {
        let (rules, now) = (rules(), Instant::now());
        let mut machine = Machine::new(&rules);
        let mut durations = Vec::new();
        for _ in 0..4 {
            if let Transition::Suspended { duration, .. } = machine.fail(101_503, now, &rules) {
                durations.push(duration.as_secs());
            }
        }
        assert_eq!(durations, [1, 2, 3, 3]);
        assert!(matches!(machine.succeed(&rules), Some(Status::Suspended { .. })));
        assert!(matches!(machine.fail(1, now, &rules), Transition::Suspended { duration, .. } if duration == SECOND));
    }

    #[test]
    fn marked_failures_use_up_the_retries_first() {
        let rules = Rules { retries: 2, timeout_codes: vec![101_507], retry_delay: SECOND, ..rules() };
        let now = Instant::now();
        let mut machine = Machine::new(&rules);
        assert_eq!(machine.fail(101_507, now, &rules), Transition::Marked { retries_left: 1, delay: SECOND });
        assert_eq!(machine.fail(101_507, now, &rules), Transition::Marked { retries_left: 0, delay: SECOND });
        assert!(matches!(machine.fail(101_507, now, &rules), Transition::Suspended { after_retries: true, .. }));
        machine.succeed(&rules);
        assert!(matches!(machine.fail(101_507, now, &rules), Transition::Marked { retries_left: 1, .. }));
    }

    #[test]
    fn codes_that_are_not_listed_change_nothing() {
        let rules = Rules { suspend_codes: vec![-1], timeout_codes: vec![-1], ..rules() };
        let mut machine = Machine::new(&rules);
        assert_eq!(machine.fail(101_503, Instant::now(), &rules), Transition::Unchanged);
        assert_eq!(machine.status(), Status::Active);
    }

    #[test]
    fn off_stays_off_until_switched_on() {
        let (rules, now) = (rules(), Instant::now());
        let mut machine = Machine::new(&rules);
        machine.switch(false, &rules);
        assert!(machine.succeed(&rules).is_none());
        assert!(!machine.is_ready(now + 1_000_000 * SECOND));
        machine.switch(true, &rules);
        assert!(machine.is_ready(now));
    }

    proptest! {
        /// Whatever happens, an endpoint that is not off is ready again after the longest suspension.
        #[test]
        fn it_always_recovers(events in prop::collection::vec((any::<bool>(), 0..4_i32), 0..50)) {
            let rules = Rules { retries: 2, retry_delay: SECOND, timeout_codes: vec![1], ..rules() };
            let mut machine = Machine::new(&rules);
            let mut now = Instant::now();
            for (success, code) in events {
                now += SECOND;
                if success {
                    machine.succeed(&rules);
                } else {
                    machine.fail(code, now, &rules);
                }
                prop_assert!(machine.is_ready(now + rules.maximum + SECOND));
            }
        }
    }
}
