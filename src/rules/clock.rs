//! A point in time as a clock on a wall shows it. Pure: the time is passed in.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::model::Timestamp;

/// How far a clock is ahead of UTC, all year round: rules that speak of office hours mean a clock on a wall.
///
/// ```
/// use outbound_provisioning::rules::UtcOffset;
///
/// let colombo: UtcOffset = "+05:30".parse()?;
/// assert_eq!(colombo.to_string(), "+05:30");
/// assert_eq!(UtcOffset::default(), "Z".parse()?);
/// assert!("IST".parse::<UtcOffset>().is_err());
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UtcOffset {
    minutes: i16,
}

impl UtcOffset {
    /// The clock is this many minutes ahead; 14 hours in either direction at most, as XML Schema has it.
    pub fn from_minutes(minutes: i16) -> Option<Self> {
        (-840..=840).contains(&minutes).then_some(Self { minutes })
    }

    /// How many minutes the clock is ahead of UTC.
    pub fn minutes(self) -> i16 {
        self.minutes
    }
}

impl FromStr for UtcOffset {
    type Err = Error;

    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration), when it is neither `Z` nor of the form `+05:30`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            if text == "Z" {
                return Some(Self::default());
            }
            let (sign, clock) = match text.split_at_checked(1)? {
                ("+", clock) => (1, clock),
                ("-", clock) => (-1, clock),
                _ => return None,
            };
            let (hours, minutes) = clock.split_once(':')?;
            let number = |digits: &str| {
                let is_good =
                    digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
                digits.parse::<i16>().ok().filter(|_| is_good)
            };
            let minutes = number(minutes).filter(|minutes| *minutes < 60)?;
            Self::from_minutes(sign * (number(hours)? * 60 + minutes))
        };
        read().ok_or_else(|| {
            let message = "not an offset from UTC; write Z, or like +05:30, 14 hours at most";
            Error::new(ErrorKind::Configuration, message)
        })
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.minutes.unsigned_abs();
        match self.minutes {
            0 => f.write_str("Z"),
            ahead => {
                let sign = if ahead < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// What a clock shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    offset: UtcOffset,
}

impl Reading {
    pub(super) fn of(time: Timestamp, offset: UtcOffset) -> Self {
        let seconds =
            time.as_millis().div_euclid(1000).saturating_add(i64::from(offset.minutes) * 60);
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        Self { year, month, day, second_of_day: seconds.rem_euclid(86_400), offset }
    }

    /// `2026-11-04`.
    pub(super) fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// `10:30:00`.
    pub(super) fn time(self) -> String {
        let second = self.second_of_day;
        format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }

    /// `2026-11-04T10:30:00Z`, with the offset.
    pub(super) fn date_time(self) -> String {
        format!("{}T{}{}", self.date(), self.time(), self.offset)
    }

    /// `2026/11/04`, as WSO2 writes it.
    pub(super) fn slashed_date(self) -> String {
        self.date().replace('-', "/")
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar, before its beginning too. Years
/// begin in March, so that the odd day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days that a calendar program named: leap days, ends of centuries, and a day before 1970.
    #[test]
    fn a_clock_shows_what_a_calendar_says() {
        for (seconds, offset, expected) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (-1, 0, "1969-12-31T23:59:59Z"),
            (951_782_400, 0, "2000-02-29T00:00:00Z"),
            (4_107_542_399, 0, "2100-02-28T23:59:59Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00Z"),
            (1_793_788_200, 0, "2026-11-04T10:30:00Z"),
            (1_793_788_200, 330, "2026-11-04T16:00:00+05:30"),
            (1_793_788_200, -660, "2026-11-03T23:30:00-11:00"),
        ] {
            let offset = UtcOffset { minutes: offset };
            let reading = Reading::of(Timestamp::from_millis(seconds * 1000), offset);
            assert_eq!(reading.date_time(), expected);
        }
        for extreme in [i64::MIN, i64::MAX] {
            Reading::of(Timestamp::from_millis(extreme), UtcOffset { minutes: 840 }).date_time();
        }
    }
}
