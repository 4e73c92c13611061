//! When a task fires (spec 1.2).

use std::time::Duration;

/// The trigger of a task, as its attributes say. Whether a cron expression is one is only found when the task is scheduled:
/// with a wrong one the artifact is deployed all the same (spec 1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// At once and then on a fixed grid.
    Interval {
        /// The pause from one slot to the next.
        every: Duration,
        /// How many fires there are; `None` for no end.
        count: Option<u64>,
    },
    /// A Quartz expression, as written.
    Cron(String),
    /// The attributes make a trigger that MI accepts and never fires; the reason is for a warning.
    Never(&'static str),
}

/// Why attributes make no trigger. The texts are MI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// `count` is no integer.
    #[error("Failed to parse trigger count as an integer")]
    Count,
    /// `interval` is no whole number of seconds.
    #[error("Failed to parse trigger interval as a long value")]
    Interval,
    /// `cron` together with `interval` or `once`.
    #[error("Trigger syntax error : both cron and simple trigger attributes are present")]
    Both,
    /// `count` without `interval`.
    #[error("Trigger seems to be a simple trigger, but no interval specified")]
    NoInterval,
}

impl Trigger {
    /// Makes a trigger from the attributes of `<trigger>`; all of them `None` when the element is absent.
    ///
    /// # Errors
    /// [`TriggerError`] for combinations that MI refuses.
    pub fn from_attributes(
        count: Option<&str>,
        once: Option<&str>,
        interval: Option<&str>,
        cron: Option<&str>,
    ) -> Result<Self, TriggerError> {
        let mut fires: i64 = match count {
            Some(text) => text.trim().parse::<i32>().map_err(|_| TriggerError::Count)?.into(),
            None => -1,
        };
        let mut millis: i64 = 0;
        let once = once == Some("true");
        if once {
            (fires, millis) = (1, 1000);
        }
        if let Some(text) = interval {
            let seconds: i64 = text.trim().parse().map_err(|_| TriggerError::Interval)?;
            millis = seconds.checked_mul(1000).ok_or(TriggerError::Interval)?;
        }
        let cron = cron.map(str::trim).filter(|text| !text.is_empty());
        if let Some(cron) = cron {
            if once || interval.is_some() {
                return Err(TriggerError::Both);
            }
            return Ok(Self::Cron(cron.to_owned()));
        }
        if fires > 1 && millis == 0 {
            return Err(TriggerError::NoInterval);
        }
        if fires == 0 {
            return Ok(Self::Never("its count is 0"));
        }
        match u64::try_from(millis) {
            Ok(millis) if millis >= 1000 => {
                Ok(Self::Interval { every: Duration::from_millis(millis), count: u64::try_from(fires).ok() })
            }
            _ => Ok(Self::Never("it has no interval of a second or more; write once=\"true\" for a single fire")),
        }
    }

    /// The number of fires, if it is limited.
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Interval { count, .. } => *count,
            Self::Cron(_) | Self::Never(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(text: &str) -> Result<Trigger, TriggerError> {
        let attribute = |name: &str| {
            text.split(' ')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let cron = attribute("cron").map(|text| text.replace('_', " "));
        Trigger::from_attributes(attribute("count"), attribute("once"), attribute("interval"), cron.as_deref())
    }

    #[test]
    fn attributes_make_triggers() {
        let interval = |seconds, count| Ok(Trigger::Interval { every: Duration::from_secs(seconds), count });
        assert_eq!(trigger("interval=30"), interval(30, None));
        assert_eq!(trigger("interval=5 count=3"), interval(5, Some(3)));
        assert_eq!(trigger("interval=1 count=1"), interval(1, Some(1)));
        assert_eq!(trigger("once=true"), interval(1, Some(1)));
        assert_eq!(trigger("once=true interval=7"), interval(7, Some(1)));
        assert_eq!(trigger("cron=0_0_9_*_*_?"), Ok(Trigger::Cron("0 0 9 * * ?".to_owned())));
        for never in ["", "count=1", "interval=0", "once=yes", "count=0 interval=5", "interval=-5"] {
            assert!(matches!(trigger(never), Ok(Trigger::Never(_))), "{never}");
        }
    }

    #[test]
    fn mi_refuses() {
        assert_eq!(trigger("count=x"), Err(TriggerError::Count));
        assert_eq!(trigger("interval=5s"), Err(TriggerError::Interval));
        assert_eq!(trigger("interval=0.5"), Err(TriggerError::Interval));
        assert_eq!(trigger("cron=x interval=5"), Err(TriggerError::Both));
        assert_eq!(trigger("cron=x once=true"), Err(TriggerError::Both));
        assert_eq!(trigger("count=2"), Err(TriggerError::NoInterval));
    }
}
