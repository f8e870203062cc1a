//! The vocabulary: what identity people talk about, after RFC 7643, without any I/O.
//!
//! Not for: deciding anything. Who must know is the [`resolver`](crate::resolver)'s question, what is sent next
//! the delivery core's.
//!
//! ```
//! use outbound_provisioning::model::{Event, Trigger, User};
//!
//! let ada = User::new("u-42", "ada@example.com").with_email("ada@example.com");
//! let event = Event::user_created(ada).in_organization("acme").triggered_by(Trigger::SelfSignUp);
//! assert_eq!(event.local_id().as_str(), "u-42");
//! ```

#[macro_use]
mod redacted;

mod attribute;
pub(crate) mod capabilities;
mod configuration;
mod difference;
mod event;
mod extension;
mod fact;
mod filter;
mod form;
mod group;
pub(crate) mod hex;
mod ids;
mod kind;
mod lenient;
mod letters;
mod link;
pub mod mapping;
mod path;
mod problem;
mod properties;
pub(crate) mod remote;
mod resource;
mod sealed;
mod secret;
pub(crate) mod skip;
pub(crate) mod stored;
mod time;
mod user;

pub use attribute::{Address, MultiValue, Name};
pub use configuration::{
    ApplicationConfiguration, ApplicationMode, Cause, Configuration, Connection, ConnectorSettings,
    Deprovision, Deprovisioning, Guard, GuardAction, LinkPolicy, OnRuleExit,
    OrganizationConfiguration, PasswordPolicy, Passwords, Provisioner, RuleSettings, Scope,
    TargetPolicy, Wait, WhenGone, WhenIndeterminate, WhenNotApplicable, WhenObliged, Withdrawal,
};
pub use difference::{Change, Difference, ValueKey};
pub use event::{Event, EventChange, MAX_EVENT_BYTES, Trigger};
pub use extension::{ENTERPRISE_USER, EnterpriseUser, Extensions, Manager, USER_STORE};
pub use fact::Fact;
pub use filter::{
    Filter, FilterError, FilterErrorKind, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, Operator, ValuePath,
};
pub use form::{FieldKind, FormField, FormSection};
pub use group::{Group, Member, MemberChanges};
pub use ids::{
    ApplicationId, ConnectionId, ConnectorName, EventId, LocalId, OrganizationId, Reference,
    RemoteId,
};
pub use kind::{ResourceKey, ResourceKind};
pub(crate) use link::Link;
pub use link::{LaneKey, Target, TargetKey};
pub use path::AttributePath;
pub use problem::{Problem, Problems};
pub use properties::{Choice, Properties, PropertyKind, PropertySpec};
pub use resource::Resource;
pub use sealed::SealedSecret;
pub use secret::{Secret, SecretReference};
pub use time::Timestamp;
pub use user::User;

pub(crate) use configuration::{Membership, document};
pub(crate) use event::MEMBER_BYTES;
pub(crate) use extension::is_urn;
#[cfg(feature = "scim2")]
pub(crate) use lenient::truth;
pub(crate) use letters::is_disruptive;

// Public by the rooms whose words they are: `connector` and `resolver`.
pub(crate) use capabilities::Capabilities;
pub(crate) use remote::Remote;
pub(crate) use skip::SkipReason;
