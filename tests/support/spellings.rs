//! Ways to write an address so that a filter of texts does not know it again.

use std::net::{Ipv4Addr, Ipv6Addr};

/// As the host of a URL. Most parsers understand most of them.
pub(crate) fn v4_spellings(address: Ipv4Addr) -> Vec<String> {
    let [a, b, c, d] = address.octets();
    let number = address.to_bits();
    let short = u32::from(c) << 8 | u32::from(d);
    let shorter = u32::from(b) << 16 | short;
    let dotted = address.to_string();
    let in_digits_from = |zero: char| -> String {
        let digit = |letter: char| match letter.to_digit(10) {
            Some(digit) => char::from_u32(u32::from(zero) + digit).unwrap_or(letter),
            None => letter,
        };
        dotted.chars().map(digit).collect()
    };
    vec![
        dotted.clone(),
        format!("{dotted}."),
        // Of all parts, of three, of two, and of one.
        format!("{a}.{b}.{short}"),
        format!("{a}.{shorter}"),
        format!("{number}"),
        format!("{number}."),
        format!("0x{number:x}"),
        format!("0X{number:08X}"),
        format!("0{number:o}"),
        format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
        format!("0x{a:02X}.0x{b:02X}.0x{c:02X}.0x{d:02X}"),
        format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
        format!("{a:#06x}.{b}.0{c:o}.{d}"),
        format!("000000{a:o}.{b}.{c}.{d}"),
        format!("0x{a:x}.{shorter}"),
        format!("{a}.0{b:o}.0x{short:x}"),
        // Digits that become digits: full-width, mathematical bold, monospace.
        in_digits_from('\u{ff10}'),
        in_digits_from('\u{1d7ce}'),
        in_digits_from('\u{1d7f6}'),
        // Dots that become dots.
        dotted.replace('.', "\u{3002}"),
        dotted.replace('.', "\u{ff0e}"),
        dotted.replace('.', "\u{ff61}"),
        dotted.replace('.', "%2e"),
        dotted.replace('.', "%2E"),
        // Percent-encoded, and with letters that vanish.
        dotted.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        dotted.replacen('1', "%31", 1),
        format!("{a}\u{ad}.{b}.{c}.{d}"),
        format!("{a}.{b}\u{200b}.{c}.{d}"),
        // With a user name in front.
        format!("8.8.8.8@{dotted}"),
        format!("hr.example.com:443@{dotted}"),
    ]
}

/// As the host of a URL, in brackets.
pub(crate) fn v6_spellings(address: Ipv6Addr) -> Vec<String> {
    let groups = address.segments();
    let joined = |groups: Vec<String>| groups.join(":");
    let [a, b, c, d] = (address.to_bits() as u32).to_be_bytes();
    let front = joined(groups[..6].iter().map(|group| format!("{group:x}")).collect());
    vec![
        format!("[{address}]"),
        format!("[{}]", address.to_string().to_uppercase()),
        format!("[{}]", joined(groups.iter().map(|group| format!("{group:x}")).collect())),
        format!("[{}]", joined(groups.iter().map(|group| format!("{group:04X}")).collect())),
        format!("[{front}:{a}.{b}.{c}.{d}]"),
        format!("[{address}%25eth0]"),
        format!("[{address}%1]"),
    ]
}

/// IPv6 addresses that hold an IPv4 address, and may lead to it.
pub(crate) fn wrapped(address: Ipv4Addr) -> Vec<Ipv6Addr> {
    let bits = u128::from(address.to_bits());
    let high = |prefix: u128| prefix << 112;
    vec![
        // Mapped, compatible, translated.
        Ipv6Addr::from_bits(0xffff << 32 | bits),
        Ipv6Addr::from_bits(bits),
        Ipv6Addr::from_bits(0xffff << 48 | bits),
        // NAT64, by the well-known prefix and by a local one, the latter in two layouts.
        Ipv6Addr::from_bits(high(0x64) | 0xff9b << 96 | bits),
        Ipv6Addr::from_bits(high(0x64) | 0xff9b << 96 | 1 << 80 | bits),
        Ipv6Addr::from_bits(
            high(0x64) | 0xff9b << 96 | 1 << 80 | (bits >> 16) << 64 | (bits & 0xffff) << 40,
        ),
        // 6to4, and Teredo: as its server, and as its client, whose bits are inverted.
        Ipv6Addr::from_bits(high(0x2002) | bits << 80 | 1),
        Ipv6Addr::from_bits(high(0x2001) | bits << 64),
        Ipv6Addr::from_bits(high(0x2001) | 0x0808_0808 << 64 | (!bits & 0xffff_ffff)),
    ]
}
