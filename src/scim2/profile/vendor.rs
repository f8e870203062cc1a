//! What is known of vendors' servers: data files, versioned and dated.

use std::sync::OnceLock;

use serde::Deserialize;

use super::layers::Layer;

/// What is known of one vendor's server before it was asked anything.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VendorProfile {
    /// The name by which the setting `profile` picks it.
    pub name: String,
    /// The product.
    pub label: String,
    /// Counts up with every change.
    pub version: u32,
    /// The month in which it was last held against the vendor's documentation, as `2026-11`.
    pub dated: String,
    /// What an administrator should know besides.
    pub notes: Vec<String>,
    /// The fields that differ from what is assumed of every server.
    pub(crate) fields: Layer,
}

impl VendorProfile {
    /// The fields in which this server differs from what is assumed of every other, by name, as JSON.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &serde_json::Value)> {
        self.fields.iter().map(|(field, value)| (field.as_str(), value))
    }
}

const FILES: [&str; 6] = [
    include_str!("vendors/aws.json"),
    include_str!("vendors/entra.json"),
    include_str!("vendors/github_emu.json"),
    include_str!("vendors/okta.json"),
    include_str!("vendors/slack.json"),
    include_str!("vendors/wso2.json"),
];

/// The vendors' profiles that this version of the crate has, by name.
///
/// ```
/// use outbound_provisioning::scim2::profile::vendors;
///
/// assert!(vendors().iter().any(|vendor| vendor.name == "aws"));
/// ```
pub fn vendors() -> &'static [VendorProfile] {
    static VENDORS: OnceLock<Vec<VendorProfile>> = OnceLock::new();
    // The files are part of the crate, and a test reads every one.
    VENDORS
        .get_or_init(|| FILES.iter().filter_map(|file| serde_json::from_str(file).ok()).collect())
}

/// A vendor's profile by its name.
pub(crate) fn vendor(name: &str) -> Option<&'static VendorProfile> {
    vendors().iter().find(|vendor| vendor.name == name)
}
