//! Times: nanoseconds since the Unix epoch, and RFC 3339 text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Span};

/// A moment: nanoseconds since 1970-01-01T00:00:00Z, from the year 1677 to 2262.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that can be stored.
    pub const MIN: Self = Self(i64::MIN);
    /// The last moment that can be stored.
    pub const MAX: Self = Self(i64::MAX);

    /// Returns the moment this many nanoseconds after the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the moment `span` later, or the last one.
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.nanos()))
    }

    /// Returns the moment `span` earlier, or the first one.
    #[must_use]
    pub const fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.nanos()))
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 in UTC with as many digits as needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, nanos_of_day) = (self.0.div_euclid(DAY_NANOS), self.0.rem_euclid(DAY_NANOS));
        let (year, month, day) = civil_from_days(days);
        let seconds = nanos_of_day / 1_000_000_000;
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        let fraction = nanos_of_day % 1_000_000_000;
        if fraction != 0 {
            let digits = format!("{fraction:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339, with `T` or a space, any number of digits up to nine, and an offset;
    /// without an offset the time is UTC, and a date alone is its midnight.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| Error::Time {
            text: text.to_owned(),
        })
    }
}

/// A stretch of time, from `start` until just before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first moment inside.
    pub start: Timestamp,
    /// The first moment after.
    pub end: Timestamp,
}

impl TimeRange {
    /// All of time but its last nanosecond.
    pub const ALL: Self = Self {
        start: Timestamp::MIN,
        end: Timestamp::MAX,
    };

    /// Tells whether the moment lies inside.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.start <= moment && moment < self.end
    }

    /// Tells whether nothing lies inside.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Returns what lies in both.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        }
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let date = text.get(..10)?;
    let mut parts = date.split('-');
    let year: i64 = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2).filter(|m| (1..=12).contains(m))?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let rest = text.get(10..)?;
    let nanos_of_day = match rest.strip_prefix(['T', 't', ' ']) {
        None if rest.is_empty() => 0,
        None => return None,
        Some(clock) => clock_nanos(clock)?,
    };
    days.checked_mul(DAY_NANOS)?
        .checked_add(nanos_of_day)
        .map(Timestamp)
}

/// Reads `HH:MM[:SS[.fraction]][offset]` and returns nanoseconds since midnight, UTC.
fn clock_nanos(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = (text.get(..zone_at)?, text.get(zone_at..)?);
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':');
    let hour = digits(parts.next()?, 2).filter(|h| *h < 24)?;
    let minute = digits(parts.next()?, 2).filter(|m| *m < 60)?;
    let second = match parts.next() {
        Some(part) => digits(part, 2).filter(|s| *s < 60)?,
        None => 0,
    };
    if parts.next().is_some() || fraction.len() > 9 || (clock.ends_with('.')) {
        return None;
    }
    let nanos: i64 = if fraction.is_empty() {
        0
    } else {
        digits(&format!("{fraction:0<9}"), 9)?
    };
    let seconds = hour * 3_600 + minute * 60 + second - offset_seconds(zone)?;
    Some(seconds * 1_000_000_000 + nanos)
}

fn offset_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next() {
        None | Some('Z' | 'z') => return (zone.len() <= 1).then_some(0),
        Some('+') => 1,
        Some('-') => -1,
        Some(_) => return None,
    };
    let text = zone.get(1..)?;
    let (hours, minutes) = match text.split_once(':') {
        Some(pair) => pair,
        None if text.len() == 4 => text.split_at(2),
        None => (text, "00"),
    };
    let hours = digits(hours, 2).filter(|h| *h < 24)?;
    let minutes = digits(minutes, 2).filter(|m| *m < 60)?;
    Some(sign * (hours * 3_600 + minutes * 60))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    if text.len() != count || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Returns the days since the epoch of a date of the proleptic Gregorian calendar.
///
/// **Source:** Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns year, month and day of a number of days since the epoch.
///
/// **Source:** as [`days_from_civil`], `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

const DAY_NANOS: i64 = 86_400_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TimeRange, Timestamp};

    #[test]
    fn known_moments_are_read() {
        for (text, nanos) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01", 0),
            ("2000-02-29T12:30:45.5Z", 951_827_445_500_000_000),
            ("2026-11-22T18:28:25+01:00", 1_795_368_505_000_000_000),
            ("2026-11-22 17:28:25", 1_795_368_505_000_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-13-01",
            "2026-02-30",
            "2026-01-01T25:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01X",
            "9999-01-01T00:00:00Z",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01T00:00:00.1234567890Z",
            "２026-01-01",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_range_excludes_its_end() {
        let (start, end) = (Timestamp::from_nanos(1), Timestamp::from_nanos(2));
        let range = TimeRange { start, end };
        assert!(range.contains(start) && !range.contains(end) && !range.is_empty());
    }

    proptest! {
        #[test]
        fn every_moment_survives_its_text(nanos in any::<i64>()) {
            let moment = Timestamp::from_nanos(nanos);
            prop_assert_eq!(moment.to_string().parse(), Ok(moment));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let read = text.parse::<Timestamp>();
            prop_assert!(read.is_ok() || read.is_err());
        }
    }
}
