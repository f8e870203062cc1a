//! Vendors' servers as far as they are known: once learnt from their answers, once known beforehand by a profile.

use outbound_provisioning::conformance::Quirk;

use crate::open::{self, Open};
use crate::stage::live_at;

/// A vendor's server.
struct Vendor {
    profile: &'static str,
    quirks: &'static [Quirk],
    /// What such a server cannot hold.
    limits: &'static [&'static str],
    /// Requests for each hundred of the fewest, where everything is to be learnt and where it is known.
    most: (u64, u64),
    /// What does not succeed yet: learning, and knowing.
    open: (Open, Open),
}

const VENDORS: &[Vendor] = &[
    Vendor {
        profile: "aws",
        quirks: &[
            Quirk::NoPut(405),
            Quirk::PathlessTakesOneAttribute,
            Quirk::MemberCap { most: 100, status: 400 },
            Quirk::MembersNeverListed,
            Quirk::OneEmail,
            Quirk::Requires("displayName"),
            Quirk::Requires("name.givenName"),
            Quirk::PageSize(50),
            Quirk::NoEtag,
        ],
        limits: &["emails"],
        most: (125, 115),
        open: ("", ""),
    },
    Vendor {
        profile: "entra",
        quirks: &[
            Quirk::LowerCaseEndpoints,
            Quirk::NoPut(405),
            Quirk::MemberCap { most: 20, status: 400 },
            Quirk::OneRemovalPerRequest,
            Quirk::NoMixedMemberChanges,
            Quirk::MembersNeverListed,
            Quirk::LowerCaseListKey,
            Quirk::NoTotalResults,
            Quirk::CursorOnly,
            Quirk::Requires("displayName"),
        ],
        limits: &[],
        most: (150, 150),
        open: ("", ""),
    },
    Vendor {
        profile: "github_emu",
        quirks: &[
            Quirk::NoDiscovery,
            Quirk::UserAgentRequired,
            Quirk::Requires("externalId"),
            Quirk::Requires("displayName"),
            Quirk::NoEtag,
        ],
        limits: &[],
        most: (115, 110),
        open: ("", ""),
    },
    Vendor {
        profile: "slack",
        quirks: &[
            Quirk::DeleteDeactivates,
            Quirk::OldDiscoveryName,
            Quirk::ConflictWithoutType,
            Quirk::RateLimited { every: 20, retry_after: Some(1) },
        ],
        limits: &["accounts"],
        most: (130, 130),
        open: ("", ""),
    },
];

#[test]
fn at_a_vendors_server_everything_arrives_learnt_or_known() {
    let mut report = Vec::new();
    for vendor in VENDORS {
        let ways = [
            (None, vendor.most.0, vendor.open.0),
            (Some(vendor.profile), vendor.most.1, vendor.open.1),
        ];
        for (profile, most, reason) in ways {
            let told = live_at(vendor.quirks, profile);
            let mut complaints = told.failures;
            let strange =
                told.limits.iter().filter(|limit| !vendor.limits.contains(&limit.as_str()));
            complaints.extend(strange.map(|limit| format!("could be held: {limit}")));
            if told.sent * 100 > told.minimum * most {
                complaints.push(format!("{} requests, and {} would do", told.sent, told.minimum));
            }
            let way = if profile.is_some() { "known" } else { "learnt" };
            open::note(&mut report, &format!("{} {way}", vendor.profile), &complaints, reason);
        }
    }
    open::settle(&report);
}
