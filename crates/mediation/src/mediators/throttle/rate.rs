//! How many accesses a rule grants in its windows of time (spec: EIP mediators 10, rate algorithm).

/// A limit: `most` accesses in each `unit`, then none for `prohibit`. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub most: u64,
    pub unit: u64,
    /// 0: until the window is over.
    pub prohibit: u64,
}

/// What was granted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Window {
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    first: u64,
    end: u64,
    count: u64,
    /// When access is granted again, once it was denied.
    next: Option<u64>,
}

impl Window {
    /// Whether access is granted at `now`, and counts it then.
    pub fn grants(&mut self, limit: &Limit, now: u64) -> bool {
        if limit.most == 0 {
            return false;
        }
        let Some(open) = &mut self.open else { return self.begin(limit, now) };
        if now < open.end {
            if open.count < limit.most {
                open.count += 1;
                return true;
            }
            match open.next {
                None => {
                    let wait = if limit.prohibit == 0 { open.first + limit.unit } else { now + limit.prohibit };
                    open.next = Some(wait);
                    false
                }
                Some(next) if next <= now => self.begin(limit, now),
                Some(_) => false,
            }
        } else if open.count < limit.most || open.next.is_none_or(|next| next <= now) {
            self.begin(limit, now)
        } else {
            // A time of prohibition can outlive the window.
            false
        }
    }

    fn begin(&mut self, limit: &Limit, now: u64) -> bool {
        self.open = Some(Open { first: now, end: now.saturating_add(limit.unit), count: 1, next: None });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn granted(limit: Limit, times: &[u64]) -> Vec<bool> {
        let mut window = Window::default();
        times.iter().map(|&now| window.grants(&limit, now)).collect()
    }

    #[test]
    fn windows_and_prohibition() {
        let limit = Limit { most: 2, unit: 100, prohibit: 0 };
        assert_eq!(granted(limit, &[0, 10, 20, 99, 100, 101, 102]), [true, true, false, false, true, true, false]);
        // Prohibited from 20 to 320, beyond the window's end.
        let limit = Limit { prohibit: 300, ..limit };
        assert_eq!(granted(limit, &[0, 10, 20, 150, 319, 320]), [true, true, false, false, false, true]);
        // A short prohibition opens a new window inside the old one.
        let limit = Limit { prohibit: 5, ..limit };
        assert_eq!(granted(limit, &[0, 10, 20, 24, 25, 26, 27]), [true, true, false, false, true, true, false]);
        assert_eq!(granted(Limit { most: 0, unit: 1, prohibit: 0 }, &[0, 5]), [false, false]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_a_window(
            most in 1u64..5, unit in 1u64..50, steps in proptest::collection::vec(0u64..10, 1..60),
        ) {
            let limit = Limit { most, unit, prohibit: 0 };
            let mut window = Window::default();
            let mut now = 0;
            let mut times = Vec::new();
            for step in steps {
                now += step;
                if window.grants(&limit, now) {
                    times.push(now);
                }
            }
            // Any two windows that touch hold twice the limit at most.
            for (index, &time) in times.iter().enumerate() {
                let within = times[index..].iter().take_while(|&&other| other < time + unit).count() as u64;
                prop_assert!(within <= 2 * most);
            }
        }
    }
}
