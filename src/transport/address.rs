//! Which addresses may be dialled. Pure: no names, no sockets.
//!
//! A list of what is forbidden forgets something, so IPv6 is turned round: only what the registry gives out as global
//! unicast is public. What wraps an IPv4 address is judged by the wrapped one wherever both lead to the same host, and
//! refused where it goes through a stranger's relay.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Neighbouring addresses, all with the same beginning: `10.1.0.0/16`, `fd12:3456::/32`, or one address alone.
///
/// ```
/// use outbound_provisioning::transport::AddressRange;
///
/// let range: AddressRange = "10.1.0.0/16".parse()?;
/// assert!(range.contains("10.1.255.255".parse().unwrap()));
/// assert!(!range.contains("10.2.0.0".parse().unwrap()));
/// assert!("10.1.2.3/16".parse::<AddressRange>().is_err()); // one of the two is a slip
/// # Ok::<(), outbound_provisioning::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    first: IpAddr,
    /// How many leading bits are the same.
    prefix: u32,
}

impl AddressRange {
    /// Whether an address lies in it. An IPv4 address that is written as IPv6 (`::ffff:10.1.2.3`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (first, bits) = number(self.first);
        let (other, other_bits) = number(address.to_canonical());
        // A shift by the whole width leaves nothing to compare.
        let differs = (first ^ other).checked_shr(bits.saturating_sub(self.prefix)).unwrap_or(0);
        bits == other_bits && differs == 0
    }

    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u32) -> Self {
        Self { first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    const fn v6(a: u16, b: u16, c: u16, prefix: u32) -> Self {
        Self { first: IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix }
    }
}

/// The address as a number, and how many bits it has.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl FromStr for AddressRange {
    type Err = Error;

    /// # Errors
    /// [`Configuration`](ErrorKind::Configuration), without the text, when it is no such range, or when its address
    /// has bits beyond the prefix.
    fn from_str(text: &str) -> Result<Self, Error> {
        let complaint = |message| Error::new(ErrorKind::Configuration, message);
        let unreadable =
            || complaint("not a range of addresses; write it like 10.1.0.0/16 or fd12:3456::/32");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| unreadable())?;
        if first != first.to_canonical() {
            return Err(complaint("an IPv4 range, written as IPv6; write it like 10.1.0.0/16"));
        }
        let (address, bits) = number(first);
        let prefix = match prefix {
            None => bits,
            // `parse` would also take a sign.
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(unreadable)?
            }
            Some(_) => return Err(unreadable()),
        };
        if address.trailing_zeros() < bits - prefix {
            return Err(complaint(
                "an address within a range, not the range's first; correct the address or the prefix",
            ));
        }
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl fmt::Debug for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where clouds hand out credentials to whoever asks. Never dialled, whatever is allowed around them.
const METADATA_V4: [Ipv4Addr; 7] = [
    Ipv4Addr::new(169, 254, 169, 254), // nearly all
    Ipv4Addr::new(169, 254, 170, 2),   // AWS, containers
    Ipv4Addr::new(169, 254, 170, 23),  // AWS, pods
    Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(192, 0, 0, 192),     // Oracle, older
    Ipv4Addr::new(168, 63, 129, 16),   // Azure: a public address that is the platform
];

/// The same for IPv6.
const METADATA_V6: [Ipv6Addr; 6] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS, pods
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // Oracle
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),   // Scaleway
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe), // OpenStack
];

/// No host can have such an address, so no range opens it.
const NOBODY: [AddressRange; 4] = [
    AddressRange::v4(0, 0, 0, 0, 8),
    AddressRange::v4(224, 0, 0, 0, 4),
    AddressRange::v4(255, 255, 255, 255, 32),
    AddressRange::v6(0xff00, 0, 0, 8),
];

/// The special purposes of IPv4 (RFC 6890 and its registry), without loopback and what is in [`NOBODY`].
const SPECIAL_V4: [AddressRange; 15] = [
    AddressRange::v4(10, 0, 0, 0, 8),
    AddressRange::v4(100, 64, 0, 0, 10), // carrier-grade NAT
    AddressRange::v4(169, 254, 0, 0, 16),
    AddressRange::v4(172, 16, 0, 0, 12),
    AddressRange::v4(192, 0, 0, 0, 24),
    AddressRange::v4(192, 0, 2, 0, 24),    // documentation
    AddressRange::v4(192, 31, 196, 0, 24), // AS112
    AddressRange::v4(192, 52, 193, 0, 24), // multicast tunnels
    AddressRange::v4(192, 88, 99, 0, 24),  // 6to4 relays
    AddressRange::v4(192, 168, 0, 0, 16),
    AddressRange::v4(192, 175, 48, 0, 24), // AS112
    AddressRange::v4(198, 18, 0, 0, 15),   // benchmarks
    AddressRange::v4(198, 51, 100, 0, 24), // documentation
    AddressRange::v4(203, 0, 113, 0, 24),  // documentation
    AddressRange::v4(240, 0, 0, 0, 4),     // reserved
];

/// All that is given out as global unicast.
const GLOBAL_V6: AddressRange = AddressRange::v6(0x2000, 0, 0, 3);

/// The special purposes of IPv6 within [`GLOBAL_V6`].
const SPECIAL_V6: [AddressRange; 4] = [
    AddressRange::v6(0x2001, 0, 0, 23), // protocol assignments: ORCHID, benchmarks
    AddressRange::v6(0x2001, 0xdb8, 0, 32), // documentation
    AddressRange::v6(0x2620, 0x4f, 0x8000, 48), // AS112
    AddressRange::v6(0x3fff, 0, 0, 20), // documentation
];

/// Ways into IPv4 whose end cannot be seen from here, or not surely: no range opens them.
const DETOURS: [AddressRange; 5] = [
    AddressRange::v6(0, 0, 0, 64), // IPv4-compatible `::a.b.c.d`, IPv4-translated
    AddressRange::v6(0x64, 0xff9b, 1, 48), // NAT64 of one's own
    AddressRange::v6(0x100, 0, 0, 64), // discard
    AddressRange::v6(0x2001, 0, 0, 32), // Teredo
    AddressRange::v6(0x2002, 0, 0, 16), // 6to4
];

/// The well-known NAT64 prefix (RFC 6052): the last 32 bits are the IPv4 address that is reached.
const NAT64: AddressRange = AddressRange::v6(0x64, 0xff9b, 0, 96);

/// What the operator opens besides public addresses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened<'a> {
    pub(super) loopback: bool,
    pub(super) ranges: &'a [AddressRange],
}

impl Opened<'_> {
    /// Whether an address may be dialled.
    pub(super) fn admits(self, address: IpAddr) -> bool {
        // The system dials `::ffff:a.b.c.d` as a.b.c.d.
        match address.to_canonical() {
            IpAddr::V4(address) => self.admits_v4(address),
            IpAddr::V6(address) => self.admits_v6(address),
        }
    }

    fn admits_v4(self, address: Ipv4Addr) -> bool {
        let ip = IpAddr::V4(address);
        if METADATA_V4.contains(&address) {
            false
        } else if is_loopback(ip) {
            self.loopback || (address.is_loopback() && self.covers(ip))
        } else {
            !within(&NOBODY, ip) && (!within(&SPECIAL_V4, ip) || self.covers(ip))
        }
    }

    fn admits_v6(self, address: Ipv6Addr) -> bool {
        let ip = IpAddr::V6(address);
        if METADATA_V6.contains(&address) {
            false
        } else if is_loopback(ip) {
            self.loopback || (address.is_loopback() && self.covers(ip))
        } else if within(&NOBODY, ip) || within(&DETOURS, ip) {
            false
        } else if NAT64.contains(ip) {
            let [.., a, b, c, d] = address.octets();
            self.covers(ip) && self.admits_v4(Ipv4Addr::new(a, b, c, d))
        } else {
            (GLOBAL_V6.contains(ip) && !within(&SPECIAL_V6, ip)) || self.covers(ip)
        }
    }

    fn covers(self, address: IpAddr) -> bool {
        within(self.ranges, address)
    }
}

fn within(ranges: &[AddressRange], address: IpAddr) -> bool {
    ranges.iter().any(|range| range.contains(address))
}

/// Whether it is this machine: loopback, or "unspecified", which systems dial as loopback.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}
