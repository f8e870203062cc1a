//! Traits of real servers, one by one: what a client must cope with beside the RFCs.
//!
//! The strict server stays as it is. Around it, requests are refused or rewritten on the way in, and answers are
//! disguised on the way out, as the servers do on which each trait was seen.

mod announced;
mod answers;
mod operations;
mod refusals;
mod requests;
mod serve;

pub(super) use serve::answer;

use super::schema::ResourceType;

/// One trait in which a server departs from the strict one; given by
/// [`Scim2Target::with_quirk`](super::Scim2Target::with_quirk). Several may be combined.
///
/// Each names where it was seen or said. A status is one of HTTP; where it is no status, 500 is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quirk {
    /// PATCH is answered with this status: 405 (GitLab and others), 501 (scim2-server without the feature). Announced.
    NoPatch(u16),
    /// PUT is answered with this status and a page of HTML: 405 (AWS, Microsoft Entra), 404 (Google Cloud Identity).
    NoPut(u16),
    /// DELETE is answered with this status: 405 (Salesforce: users cannot be deleted), 501.
    NoDelete(u16),
    /// DELETE of a user only deactivates: 204 again and again, GET goes on to show it, its name stays taken
    /// (django-scim2-server, Slack, Atlassian).
    DeleteDeactivates,

    /// `/ServiceProviderConfig` is a 404 in HTML (GitHub).
    NoServiceProviderConfig,
    /// Nothing is told: the three endpoints are 404 in HTML (GitLab, vCenter).
    NoDiscovery,
    /// The configuration is at `/ServiceProviderConfigs`, as in SCIM 1.1 (Salesforce, Slack).
    OldDiscoveryName,
    /// `/ResourceTypes` and `/Schemas` are bare arrays.
    BareDiscovery,
    /// The collections are `/users` and `/groups`, and `/ResourceTypes` says so (Microsoft Entra's own server).
    LowerCaseEndpoints,
    /// There are no groups: `/Groups` is a 404 in HTML, and `/ResourceTypes` does not name them (GitHub organisations).
    NoGroups,

    /// A filter is refused with this status: 400 (`invalidFilter`), 403, 501 (scim2-server without the feature).
    NoFilter(u16),
    /// A filter is ignored, and everybody is listed (seen on several products; fault F45).
    FilterIgnored,
    /// Filters compare with case what is unique without it: POST is 409 while the look-up finds nobody (scimmy).
    FilterCaseSensitive,
    /// A filter on `externalId` is refused with this status: 400 (Snowflake after 2026_03, Mirantis MKE).
    NoExternalIdFilter(u16),
    /// A filter on `externalId` finds nobody (Snowflake before 2026_03: an unknown filter is 200 with nothing).
    ExternalIdFilterEmpty,

    /// A page holds this many at most, whatever `count` asks (Microsoft Entra 10, scimmy 20, AWS 50).
    PageSize(usize),
    /// Pages are turned by cursor only (RFC 9865); `startIndex` is a 501 (Microsoft Entra's own server, scim2-server).
    CursorOnly,
    /// A page behind the last one is the first one again (scimmy).
    PagesRepeat,
    /// `itemsPerPage` repeats what was asked for, not what came (scimmy).
    WrongItemsPerPage,
    /// `Resources` is spelt `resources` (Microsoft Entra's own server).
    LowerCaseListKey,
    /// Lists have no `totalResults` (Microsoft Entra's own server while paging).
    NoTotalResults,
    /// `totalResults` is text.
    TextTotalResults,

    /// There are no versions: no `ETag`, no `meta.version`, `If-Match` is ignored (scimmy, django-scim2-server).
    NoEtag,
    /// A change without `If-Match` is a 412.
    IfMatchRequired,

    /// A request that names more members is refused, with 413 (Miro) or 400 `tooMany` (AWS: 100).
    MemberCap {
        /// So many may be named.
        most: usize,
        /// The status of the refusal.
        status: u16,
    },
    /// A request that removes more than one member is refused (Microsoft Entra's own server).
    OneRemovalPerRequest,
    /// A request that adds and removes members is refused (Microsoft Entra's own server).
    NoMixedMemberChanges,
    /// Members of a new group are dropped without a word (seen on several products).
    MembersDroppedOnCreate,
    /// No answer ever shows members (AWS, HCP Terraform).
    MembersNeverListed,
    /// Members leave by `remove` of `members` with a list of values; a value filter is refused (Microsoft Entra's
    /// client without its flag sends this).
    MembersRemovedByValueList,

    /// An operation without a path takes one attribute only (AWS).
    PathlessTakesOneAttribute,
    /// Attributes change by `replace` without a path only; members alone have paths (Okta's dialect).
    PathlessOnly,
    /// `emails[type eq "work"]` is refused as a path; `members[value eq "…"]` is not (GitHub organisations).
    NoValuePaths,
    /// `op` is `Add`, `Replace`, `Remove` (what Microsoft Entra's client sends).
    CapitalOpsOnly,
    /// `op` is `add`, `replace`, `remove`, and nothing else.
    LowerOpsOnly,
    /// A PATCH takes booleans as text only: `"True"` (what Microsoft Entra's client sends without its flag).
    TextBooleansOnly,
    /// A PATCH that changes nothing is a 400 (better-auth).
    PatchMustChange,
    /// A PATCH is answered with 200 and the resource (django-scim2-server).
    PatchShowsResource,
    /// As [`PatchShowsResource`](Self::PatchShowsResource), but 204 where nothing changed (scimmy).
    PatchShowsChange,

    /// This attribute of users is taken and not kept, without a word; `externalId` of groups too (`displayName` at django-scim2-server, `externalId` at
    /// many).
    Drops(&'static str),
    /// This attribute of users is refused, and `/Schemas` does not name it (AWS: `photos`; Microsoft Entra: all but its own).
    Refuses(&'static str),
    /// A user without this attribute is refused; `name.givenName` is one of a name (AWS, Microsoft Entra, GitHub).
    Requires(&'static str),
    /// The enterprise extension is not announced, and 400 (django-scim2-server).
    NoEnterprise,
    /// A second e-mail is refused (AWS).
    OneEmail,
    /// One e-mail is kept, the first of what was written last, without a word about the others
    /// (django-scim2-server).
    KeepsOneEmail,
    /// User names are kept in lower case (fault F57).
    LowerCasesUserName,
    /// A user cannot be renamed: 400 `mutability` (JFrog).
    UserNameFixed,
    /// A group cannot be renamed: 400 `mutability`.
    GroupNameFixed,
    /// `externalId` is shown by GET and in lists, and not in answers to what is written.
    ExternalIdNotEchoed,

    /// A conflict is a 409 without `scimType` (Sentry).
    ConflictWithoutType,
    /// A conflict is answered with this status: 400, 500 as a page of HTML (django-scim2-server: group names).
    ConflictAs(u16),

    /// Ids are numbers (seen on several products; fault F48).
    NumericIds,
    /// `active` is text: `"True"` (Microsoft Entra's samples; fault F56).
    TextActive,
    /// A new resource has no `Location` header (scimmy, django-scim2-server).
    NoLocation,
    /// A new resource is answered without a body (fault F41).
    CreatedWithoutBody,
    /// A new resource is answered with 200.
    CreatedAs200,
    /// A PUT is answered with 204 and no body.
    PutWithoutBody,
    /// What is not there is a 404 in HTML (django-scim2-server: malformed ids).
    HtmlNotFound,

    /// Every so many requests, one is answered with 429 and does nothing (all vendors).
    RateLimited {
        /// How many requests there are to one that is refused.
        every: u64,
        /// `Retry-After` in seconds, if there is one.
        retry_after: Option<u64>,
    },
    /// A request without `User-Agent` is a 403 (GitHub).
    UserAgentRequired,
    /// A body that is not `application/json` is a 415.
    PlainJsonOnly,
}

/// The traits of one server.
#[derive(Clone, Debug, Default)]
pub(super) struct Quirks(Vec<Quirk>);

impl Quirks {
    pub(super) fn add(&mut self, quirk: Quirk) {
        self.0.push(quirk);
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }

    fn iter(&self) -> impl Iterator<Item = Quirk> {
        self.0.iter().copied()
    }

    /// What the first trait says to which the question applies.
    fn find<T>(&self, ask: impl Fn(Quirk) -> Option<T>) -> Option<T> {
        self.iter().find_map(ask)
    }

    /// Whether this top-level attribute is taken and not kept.
    fn drops(&self, kind: Option<ResourceType>, name: &str) -> bool {
        let is = |quirk| matches!(quirk, Quirk::Drops(own) if own.eq_ignore_ascii_case(name));
        is_meant(kind, name) && self.iter().any(is)
    }

    fn refuses(&self, kind: Option<ResourceType>, name: &str) -> bool {
        let is = |quirk| matches!(quirk, Quirk::Refuses(own) if own.eq_ignore_ascii_case(name));
        is_meant(kind, name) && self.iter().any(is)
    }
}

/// Attributes are those of users; a group has one in common with them that it can do without.
fn is_meant(kind: Option<ResourceType>, name: &str) -> bool {
    kind == Some(ResourceType::User) || name.eq_ignore_ascii_case("externalId")
}
