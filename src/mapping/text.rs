//! What the functions of a text do, counted in characters and never in bytes.

use super::latin;

/// The text from a character on (the first is 1), so many of them.
pub(super) fn mid(text: &str, start: i64, length: i64) -> &str {
    // What stands in front of the text does not count.
    let skip = usize::try_from(start.saturating_sub(1)).unwrap_or(0);
    let take = usize::try_from(length).unwrap_or(0);
    let from = boundary(text, skip);
    let rest = text.get(from..).unwrap_or_default();
    rest.get(..boundary(rest, take)).unwrap_or_default()
}

pub(super) fn right(text: &str, length: i64) -> &str {
    let length = usize::try_from(length).unwrap_or(0);
    let skip = text.chars().count().saturating_sub(length);
    text.get(boundary(text, skip)..).unwrap_or_default()
}

/// Where so many characters end.
fn boundary(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(place, _)| place)
}

/// At which character `find` begins; 0 if nowhere.
pub(super) fn position(text: &str, find: &str) -> i64 {
    let before = text.find(find).and_then(|place| text.get(..place));
    before.map_or(0, |before| i64::try_from(before.chars().count()).unwrap_or(0).saturating_add(1))
}

/// How long the text is with every `find` replaced.
pub(super) fn replaced_length(text: &str, find: &str, replacement: &str) -> usize {
    if find.is_empty() {
        return text.len();
    }
    let count = text.matches(find).count();
    text.len()
        .saturating_sub(count * find.len())
        .saturating_add(count.saturating_mul(replacement.len()))
}

pub(super) fn replaced(text: &str, find: &str, replacement: &str) -> String {
    if find.is_empty() { text.to_owned() } else { text.replace(find, replacement) }
}

pub(super) fn without_spaces(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

pub(super) fn without_diacritics(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // A mark counts only behind a Latin letter; in other scripts it may make another letter of one.
    let mut behind_latin = false;
    for letter in text.chars() {
        if behind_latin && latin::is_combining(letter) {
            continue;
        }
        let letters = if letter.is_ascii() { None } else { latin::plain(letter) };
        behind_latin = letters.is_some() || letter.is_ascii_alphabetic();
        match letters {
            Some(letters) => plain.push_str(letters),
            None => plain.push(letter),
        }
    }
    plain
}
