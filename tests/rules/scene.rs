//! Somebody who is about to be provisioned.

use outbound_provisioning::model::{
    Address, ApplicationId, EnterpriseUser, Group, MultiValue, Name, OrganizationId, Resource,
    Target, Timestamp, User,
};
#[cfg(any(feature = "authzen", feature = "xacml"))]
use outbound_provisioning::rules::{Obligation, RuleDecision, Verdict};
use outbound_provisioning::rules::{Operation, RuleRequest};

/// 4 November 2026, 10:30:00 UTC.
pub(crate) const NOW: i64 = 1_793_788_200_000;

/// What a request borrows.
pub(crate) struct Scene {
    pub(crate) organization: OrganizationId,
    pub(crate) application: Option<ApplicationId>,
    pub(crate) target: Target,
    pub(crate) resource: Resource,
    pub(crate) groups: Vec<String>,
    pub(crate) operation: Operation,
    pub(crate) time: Timestamp,
}

impl Scene {
    /// Ada of finance, who is created through the portal.
    pub(crate) fn new() -> Self {
        Self {
            organization: "acme".into(),
            application: Some("hr-portal".into()),
            target: Target::new("GoogleIDP", "scim2"),
            resource: ada().into(),
            groups: vec!["finance".to_owned(), "staff".to_owned()],
            operation: Operation::Create,
            time: Timestamp::from_millis(NOW),
        }
    }

    pub(crate) fn of_group() -> Self {
        Self { resource: Group::new("g-1", "Staff, all").into(), groups: Vec::new(), ..Self::new() }
    }

    pub(crate) fn request(&self) -> RuleRequest<'_> {
        RuleRequest::new(
            &self.organization,
            &self.target,
            self.operation,
            &self.resource,
            self.time,
        )
        .through(self.application.as_ref())
        .with_groups(&self.groups)
    }
}

pub(crate) fn ada() -> User {
    let mut user = User::new("u-42", "ada").with_email("ada@example.com").with_extension(
        "urn:example:badge",
        [("colour", "green".into()), ("odd", ["a", "b"].into())],
    );
    user.name = Some(Name::new("Ada", "Lovelace"));
    user.title = Some("Countess".to_owned());
    user.emails.push(MultiValue::new("home", "ada@example.org"));
    user.phone_numbers = vec![MultiValue::new("Mobile", "+44 1"), MultiValue::new("work", "+44 2")];
    user.roles = vec![MultiValue::new("", "Internal/finance"), MultiValue::new("", "ops")];
    let mut address = Address::default();
    address.country = Some("UK".to_owned());
    user.addresses = vec![address];
    let mut enterprise = EnterpriseUser::default();
    enterprise.department = Some("finance".to_owned());
    enterprise.organization = Some("Analytical Engines".to_owned());
    user.enterprise = Some(enterprise);
    user
}

/// A recorded answer, and what it is to be taken for.
#[cfg(any(feature = "authzen", feature = "xacml"))]
#[derive(serde::Deserialize)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) body: String,
    expect: String,
    reason: Option<String>,
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    obligations: Vec<String>,
}

#[cfg(any(feature = "authzen", feature = "xacml"))]
impl Answer {
    /// Those of one file.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        serde_json::from_str(text).unwrap()
    }

    pub(crate) fn judge(&self, taken: outbound_provisioning::Result<RuleDecision>) {
        use outbound_provisioning::ErrorKind;
        let decision = match (self.expect.as_str(), taken) {
            ("error", Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{}", self.name);
                assert!(!format!("{error:?}").contains("Permit"), "{}: {error:?}", self.name);
                let decision = RuleDecision::of(Err(error));
                assert_eq!(decision.verdict, Verdict::Indeterminate);
                return;
            }
            (_, Err(error)) => panic!("{}: {error}", self.name),
            (_, Ok(decision)) => decision,
        };
        assert_eq!(format!("{:?}", decision.verdict), self.expect, "{}", self.name);
        assert_eq!(decision.policies(), self.policies, "{}", self.name);
        let obligations = decision.obligations().iter().map(Obligation::id);
        assert!(obligations.eq(self.obligations.iter().map(String::as_str)), "{}", self.name);
        if self.reason.is_some() || decision.verdict == Verdict::Permit {
            assert_eq!(decision.reason(), self.reason.as_deref(), "{}", self.name);
        }
    }
}
