//! When a [`Cron`] fires next.

use chrono::{
    DateTime, Datelike, Days as Span, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike,
};

use super::{Cron, Days};

/// Quartz knows no year after this one.
const LAST_YEAR: i32 = 2099;

impl Cron {
    /// The first moment strictly after another at which the expression fires, or `None` when there is none up to 2099.
    ///
    /// A local time that the zone skips does not fire. Of a local time that comes twice, the first fires; an expression
    /// that fires in every hour fires in both.
    pub fn next_after<Z: TimeZone>(&self, after: &DateTime<Z>) -> Option<DateTime<Z>> {
        if self.hours.len() == 24 { self.next_in_every_hour(after) } else { self.next_by_the_clock(after) }
    }

    fn next_by_the_clock<Z: TimeZone>(&self, after: &DateTime<Z>) -> Option<DateTime<Z>> {
        let mut from = after.naive_local();
        loop {
            let local = self.next_local(from)?;
            match after.timezone().from_local_datetime(&local) {
                LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) if moment > *after => {
                    return Some(moment);
                }
                _ => from = local,
            }
        }
    }

    /// Goes by what the clock shows at the offset from UTC that holds at the moment found.
    fn next_in_every_hour<Z: TimeZone>(&self, after: &DateTime<Z>) -> Option<DateTime<Z>> {
        let zone = after.timezone();
        let offset_at = |utc: &NaiveDateTime| zone.offset_from_utc_datetime(utc).fix();
        let mut from = after.naive_utc();
        let mut offset = offset_at(&from);
        loop {
            let local = self.next_local(from.checked_add_offset(offset)?)?;
            let utc = local.checked_sub_offset(offset)?;
            let found = offset_at(&utc);
            if found == offset {
                return Some(zone.from_utc_datetime(&utc));
            }
            // The offset changed in between: look again, with the new one, from the moment of the change on.
            from = change_of_offset(from, utc, |moment| offset_at(moment) == offset)?;
            offset = offset_at(&from.checked_add_signed(TimeDelta::seconds(1))?);
        }
    }

    /// The first local time strictly after another that fits.
    fn next_local(&self, after: NaiveDateTime) -> Option<NaiveDateTime> {
        let from = after.with_nanosecond(0)?.checked_add_signed(TimeDelta::seconds(1))?;
        let mut date = from.date();
        let mut time = (from.hour(), from.minute(), from.second());
        while date.year() <= LAST_YEAR {
            if !self.has_year(date.year()) {
                date = NaiveDate::from_ymd_opt(date.year() + 1, 1, 1)?;
            } else if !self.months.has(date.month()) {
                date = first_of_next_month(date)?;
            } else {
                if self.has_day(date)
                    && let Some((hour, minute, second)) = self.time_from(time)
                {
                    return date.and_hms_opt(hour, minute, second);
                }
                date = date.checked_add_days(Span::new(1))?;
            }
            time = (0, 0, 0);
        }
        None
    }

    /// The first time of day that is not before another and fits.
    fn time_from(&self, (hour, minute, second): (u32, u32, u32)) -> Option<(u32, u32, u32)> {
        if self.hours.has(hour) {
            if self.minutes.has(minute)
                && let Some(second) = self.seconds.from(second)
            {
                return Some((hour, minute, second));
            }
            if let Some(minute) = self.minutes.from(minute + 1) {
                return Some((hour, minute, self.seconds.first()));
            }
        }
        self.hours.from(hour + 1).map(|hour| (hour, self.minutes.first(), self.seconds.first()))
    }

    fn has_year(&self, year: i32) -> bool {
        self.years.is_empty() || u16::try_from(year).is_ok_and(|year| self.years.contains(&year))
    }

    fn has_day(&self, date: NaiveDate) -> bool {
        let last = last_day(date);
        let weekday = date.weekday().num_days_from_sunday() + 1;
        match self.days {
            Days::OfMonth(days) => days.has(date.day()),
            Days::BeforeLast { days, weekday: false } => date.day() + days == last,
            Days::BeforeLast { days, weekday: true } => {
                days < last && nearest_weekday(date, last - days) == Some(date.day())
            }
            Days::NearestWeekday(day) => day <= last && nearest_weekday(date, day) == Some(date.day()),
            Days::OfWeek(days) => days.has(weekday),
            Days::LastOfWeek(day) => weekday == day && date.day() + 7 > last,
            Days::Nth { day, number } => weekday == day && (date.day() - 1) / 7 + 1 == number,
        }
    }
}

/// The last moment, to the second, between two for which a property holds that holds for the first and not the last.
fn change_of_offset(
    mut holds: NaiveDateTime,
    mut fails: NaiveDateTime,
    property: impl Fn(&NaiveDateTime) -> bool,
) -> Option<NaiveDateTime> {
    holds = holds.with_nanosecond(0)?;
    while fails - holds > TimeDelta::seconds(1) {
        let middle = holds.checked_add_signed(TimeDelta::seconds((fails - holds).num_seconds() / 2))?;
        if property(&middle) {
            holds = middle;
        } else {
            fails = middle;
        }
    }
    Some(holds)
}

fn first_of_next_month(date: NaiveDate) -> Option<NaiveDate> {
    match date.month() {
        12 => NaiveDate::from_ymd_opt(date.year() + 1, 1, 1),
        month => NaiveDate::from_ymd_opt(date.year(), month + 1, 1),
    }
}

fn last_day(date: NaiveDate) -> u32 {
    first_of_next_month(date).and_then(|next| next.pred_opt()).map_or(31, |last| last.day())
}

/// The weekday nearest to a day of the date's month, without leaving the month.
fn nearest_weekday(date: NaiveDate, day: u32) -> Option<u32> {
    let last = last_day(date);
    let wanted = date.with_day(day)?;
    Some(match wanted.weekday() {
        chrono::Weekday::Sat if day == 1 => 3,
        chrono::Weekday::Sat => day - 1,
        chrono::Weekday::Sun if day == last => day - 2,
        chrono::Weekday::Sun => day + 1,
        _ => day,
    })
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use chrono_tz::Europe::Berlin;
    use proptest::prelude::*;

    use super::*;

    fn fires(expression: &str, after: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(expression).expect("an expression");
        let mut moment: DateTime<Utc> = format!("{after}Z").parse().expect("a time");
        std::iter::from_fn(|| {
            moment = cron.next_after(&moment)?;
            Some(moment.format("%Y-%m-%dT%H:%M:%S").to_string())
        })
        .take(count)
        .collect()
    }

    #[test]
    fn fires_as_quartz_does() {
        // 24 November 2026 is a Tuesday.
        for (expression, expected) in [
            ("0 */5 * * * ?", ["2026-11-24T09:05:00", "2026-11-24T09:10:00"]),
            ("5/20 * * * * ?", ["2026-11-24T09:00:05", "2026-11-24T09:00:25"]),
            ("0 0 9 ? * MON-FRI", ["2026-11-25T09:00:00", "2026-11-26T09:00:00"]),
            ("0 0 22-2 * * ?", ["2026-11-24T22:00:00", "2026-11-24T23:00:00"]),
            ("0 0 9 ? * FRI-MON", ["2026-11-27T09:00:00", "2026-11-28T09:00:00"]),
            ("0 0 9 L * ?", ["2026-11-30T09:00:00", "2026-12-31T09:00:00"]),
            ("0 0 9 L-3 * ?", ["2026-11-27T09:00:00", "2026-12-28T09:00:00"]),
            ("0 0 9 LW 1,2 ?", ["2027-01-29T09:00:00", "2027-02-26T09:00:00"]),
            ("0 0 9 15W * ?", ["2026-12-15T09:00:00", "2027-01-15T09:00:00"]),
            ("0 0 9 1W 5,8 ?", ["2027-05-03T09:00:00", "2027-08-02T09:00:00"]),
            ("0 0 9 ? * 6L", ["2026-11-27T09:00:00", "2026-12-25T09:00:00"]),
            ("0 0 9 ? * L", ["2026-11-28T09:00:00", "2026-12-05T09:00:00"]),
            ("0 0 9 ? * 6#3", ["2026-12-18T09:00:00", "2027-01-15T09:00:00"]),
            ("0 0 9 ? * 1#5", ["2026-11-29T09:00:00", "2027-01-31T09:00:00"]),
            ("0 0 0 29 2 ?", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
            ("0 0 12 1 1 ? 2027-2031/3", ["2027-01-01T12:00:00", "2030-01-01T12:00:00"]),
        ] {
            assert_eq!(fires(expression, "2026-11-24T09:00:00", 2), expected, "{expression}");
        }
    }

    #[test]
    fn a_moment_that_fits_is_not_after_itself() {
        assert_eq!(fires("0 0 9 * * ?", "2026-11-24T08:59:59.999", 1), ["2026-11-24T09:00:00"]);
        assert_eq!(fires("0 0 9 * * ?", "2026-11-24T09:00:00", 1), ["2026-11-25T09:00:00"]);
    }

    #[test]
    fn some_expressions_never_fire_again() {
        assert!(fires("0 0 0 1 1 ? 2020", "2026-11-24T09:00:00", 1).is_empty());
        assert!(fires("0 0 0 31 2 ?", "2026-11-24T09:00:00", 1).is_empty());
    }

    fn in_berlin(expression: &str, after: (i32, u32, u32, u32, u32), count: usize) -> Vec<String> {
        let cron = Cron::parse(expression).expect("an expression");
        let (year, month, day, hour, minute) = after;
        let mut moment = Berlin.with_ymd_and_hms(year, month, day, hour, minute, 0).earliest().expect("a time");
        std::iter::from_fn(|| {
            moment = cron.next_after(&moment)?;
            Some(moment.format("%dT%H:%M%z").to_string())
        })
        .take(count)
        .collect()
    }

    #[test]
    fn a_skipped_hour_is_skipped() {
        assert_eq!(in_berlin("0 30 2 * * ?", (2026, 3, 28, 12, 0), 1), ["30T02:30+0200"]);
        let every = in_berlin("0 */30 * * * ?", (2026, 3, 29, 1, 0), 3);
        assert_eq!(every, ["29T01:30+0100", "29T03:00+0200", "29T03:30+0200"]);
    }

    #[test]
    fn a_repeated_hour_fires_once_or_twice() {
        assert_eq!(in_berlin("0 30 2 * * ?", (2026, 10, 24, 12, 0), 2), ["25T02:30+0200", "26T02:30+0100"]);
        let every = in_berlin("0 */30 * * * ?", (2026, 10, 25, 1, 30), 5);
        assert_eq!(every, ["25T02:00+0200", "25T02:30+0200", "25T02:00+0100", "25T02:30+0100", "25T03:00+0100"]);
    }

    proptest! {
        #[test]
        fn the_next_moment_fits_and_is_later(
            seconds in 0i64..4_000_000_000,
            expression in prop_oneof![
                Just("0/7 */3 1-20 ? * MON,WED"), Just("15 0 0 L-2 * ?"), Just("0 59 23 1W 2-5 ?"), Just("* * * * * ?"),
                Just("3 */2 * 13 * ?"), Just("0 0 12 ? 1/4 2#5"), Just("0 0 2 LW * ?"),
            ],
        ) {
            let cron = Cron::parse(expression).expect("an expression");
            let after = Berlin.timestamp_opt(seconds, 0).single().expect("a time");
            if let Some(next) = cron.next_after(&after) {
                prop_assert!(next > after);
                let local = next.naive_local();
                prop_assert!(cron.seconds.has(local.second()) && cron.minutes.has(local.minute()));
                prop_assert!(cron.hours.has(local.hour()) && cron.months.has(local.month()) && cron.has_day(local.date()));
            }
        }
    }
}
