//! Texts that try to be more than texts: one for each number.
#![allow(dead_code, reason = "every user takes only its part")]

use crate::dice::Dice;

const PIECES: &[&str] = &[
    "\"",
    "\\",
    "\\\"",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    " ",
    "  ",
    "+",
    "&",
    "=",
    "?",
    "#",
    "%",
    "%%",
    "%2",
    "%20",
    "%22",
    "%00",
    "%0d%0a",
    "%2e",
    "%2E%2e",
    "%252e%252e",
    "%2f",
    "%5c",
    "%c0%af",
    ".",
    "..",
    "/",
    "//",
    "../",
    "..\\",
    "/../",
    ";",
    ";x=1",
    ":",
    "@",
    "~",
    "*",
    "|",
    "^",
    "`",
    "$",
    ",",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{80}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{200e}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{feff}",
    "\u{fffd}",
    "\u{ffff}",
    "\u{1f600}",
    "\u{1d7ce}",
    "\u{10ffff}",
    "\u{e000}",
    "\u{301}",
    "\u{df}",
    "\u{130}",
    "\u{212a}",
    "\u{5d0}\u{5d1}",
    " or userName pr",
    " and ",
    " or ",
    " not (",
    "\" or userName pr or userName eq \"",
    "eq \"x\"",
    "] or x[",
    "value eq \"",
    "userName",
    "members",
    "urn:a:b",
    "null",
    "true",
    "\\u0022",
    "\\ud800",
    "https://evil.example/",
    "//evil.example/x",
    "Groups/1",
    "X-Evil: 1",
    "\r\nX-Evil: 1",
    "startIndex=1",
    "a",
    "A",
    "1",
    "ada",
    "x",
];

/// The text of a number: up to nine pieces, of which some are any letters of Unicode.
pub(crate) fn text(number: u64) -> String {
    let mut dice = Dice::new(number);
    let mut text = String::new();
    for _ in 0..=dice.below(8) {
        match dice.below(4) {
            0 => {
                for _ in 0..=dice.below(4) {
                    text.push(letter(&mut dice));
                }
            }
            _ => text.push_str(dice.pick(PIECES).copied().unwrap_or_default()),
        }
    }
    text
}

/// Any letter, those of few bytes as often as those of many.
fn letter(dice: &mut Dice) -> char {
    let end = [0x80, 0x800, 0x1_0000, 0x11_0000].get(dice.index(4)).copied().unwrap_or(0x80);
    let number = u32::try_from(dice.below(end)).unwrap_or_default();
    char::from_u32(number).unwrap_or('\u{fffd}')
}
