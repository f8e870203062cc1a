//! Letters that do more than stand where they were written.

/// Begins another line somewhere, moves a cursor, or turns round what stands beside it: no id has one, and in a log it
/// would forge a line (F91, F93).
pub(crate) fn is_disruptive(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
