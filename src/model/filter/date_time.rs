//! Date-times of RFC 3339 as points in time, to compare them.

use std::cmp::Ordering;

/// A point in time: seconds since 1970-01-01T00:00:00Z, and the digits of a fraction of a second without zeros behind.
/// A leap second is the same as the second after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Instant<'a> {
    seconds: i64,
    fraction: &'a str,
}

/// Which is earlier; none unless both are date-times.
pub(super) fn compared(left: &str, right: &str) -> Option<Ordering> {
    Some(parsed(left)?.cmp(&parsed(right)?))
}

/// `2026-11-23T03:12:26.5+01:00` (RFC 3339 section 5.6).
fn parsed(text: &str) -> Option<Instant<'_>> {
    let mut rest = Rest(text);
    let year = rest.number(4)?;
    rest.one_of(b"-")?;
    let month = rest.number(2).filter(|month| (1..=12).contains(month))?;
    rest.one_of(b"-")?;
    let day = rest.number(2).filter(|day| (1..=days_in(year, month)).contains(day))?;
    rest.one_of(b"Tt")?;
    let hour = rest.number(2).filter(|hour| *hour < 24)?;
    rest.one_of(b":")?;
    let minute = rest.number(2).filter(|minute| *minute < 60)?;
    rest.one_of(b":")?;
    let second = rest.number(2).filter(|second| *second <= 60)?;
    let fraction = if rest.one_of(b".").is_some() { rest.digits()? } else { "" };
    let offset = match rest.one_of(b"Zz+-")? {
        sign @ (b'+' | b'-') => {
            let hours = rest.number(2).filter(|hours| *hours < 24)?;
            rest.one_of(b":")?;
            let minutes = rest.number(2).filter(|minutes| *minutes < 60)?;
            let minutes = hours * 60 + minutes;
            if sign == b'+' { minutes } else { -minutes }
        }
        _ => 0,
    };
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - offset;
    rest.0.is_empty().then(|| Instant {
        seconds: minutes * 60 + second,
        fraction: fraction.trim_end_matches('0'),
    })
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// A number of exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.bytes().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })
    }

    fn one_of(&mut self, letters: &[u8]) -> Option<u8> {
        let letter = self.0.bytes().next().filter(|letter| letters.contains(letter))?;
        self.0 = self.0.get(1..)?;
        Some(letter)
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self.0.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar. The year is taken to begin in March, so that a leap day is its last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 306 days of the months from March to December; 719,468 days from 0000-03-01 to 1970-01-01.
    365 * year + leap_days + (month * 306 + 5) / 10 + day - 1 - 719_468
}
