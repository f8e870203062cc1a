//! The parts of a connector's settings that every connector has, described so that an admin console can draw a form.
//!
//! Not for: checking what is typed. That is done by reading it, and a problem's path ends in the field's name.

use super::{
    ConnectorSettings, Deprovisioning, Guard, Passwords, Provisioner, RuleSettings, Scope,
    TargetPolicy,
};
use crate::model::form::{FieldKind, FormField, FormSection};
use crate::model::mapping::{Mapping, Rule};
use crate::model::properties::{Choice, PropertyKind};

impl ConnectorSettings {
    /// All that can be set for a connector beside its own properties, section by section.
    ///
    /// [`ConnectorRegistry::form`](crate::ConnectorRegistry::form) has the connector's own in front.
    ///
    /// ```
    /// use outbound_provisioning::model::ConnectorSettings;
    ///
    /// let form = ConnectorSettings::form();
    /// let guard = form.iter().find(|section| section.name.as_deref() == Some("guard")).unwrap();
    /// let names: Vec<&str> = guard.fields.iter().map(|field| field.name.as_str()).collect();
    /// assert_eq!(names, ["count", "share_percent", "then"]);
    /// ```
    pub fn form() -> Vec<FormSection> {
        let enabled = flag("enabled", "Enabled", "Whether anything is sent through this connector")
            .with_default("true");
        vec![
            FormSection::new("Connector", "Whether it is used, and what is done where the target's state and ours do not go together")
                .with([enabled])
                .with(TargetPolicy::fields()),
            FormSection::new("Scope", "Who is provisioned there; by default everybody").under("scope").with(Scope::fields()),
            FormSection::new("Mapping", "What the target sees of users and groups; by default all of it as it is")
                .under("mapping")
                .with(Mapping::fields()),
            FormSection::new("Rules", "What follows when a rule engine has decided; it is asked where the provisioner's rules option is on")
                .under("rules")
                .with(RuleSettings::fields()),
            FormSection::new("Deprovisioning", "What becomes of the accounts of those who are to lose them")
                .under("deprovisioning")
                .with(Deprovisioning::fields()),
            FormSection::new("Guard", "How many accounts may be switched off or deleted within an hour before somebody is asked")
                .under("guard")
                .with(Guard::fields()),
            FormSection::new("Passwords", "Which passwords the target is given; by default none").under("passwords").with(Passwords::fields()),
        ]
    }
}

impl TargetPolicy {
    /// Its fields; they stand beside the connector's own.
    pub fn fields() -> Vec<FormField> {
        vec![
            choice(
                "link_policy",
                "Accounts already there",
                "Which of them count as ours, beside those that show our id",
                "never",
                &[
                    ("never", "None: a name that is taken waits for a decision"),
                    ("if_unmanaged", "The one with the wanted name, if it shows nobody's id"),
                    ("trust_absence", "The one whose name was not there right before our create"),
                ],
            ),
            flag(
                "temporary_names",
                "Temporary names",
                "Two that swap their names may get one of their own in between",
            ),
            choice(
                "gone",
                "Accounts lost there",
                "What follows when the target has no such account any more",
                "recreate",
                &[("recreate", "Create it again"), ("park", "Wait for a decision")],
            ),
        ]
    }
}

impl Scope {
    /// Its fields.
    pub fn fields() -> Vec<FormField> {
        vec![
            FormField::new("users", "Users", FieldKind::Filter)
                .described("Only users of whom this holds"),
            FormField::new("members_of", "Members of", FieldKind::Texts)
                .described("Only members of one of these groups, each by its id or its name"),
            flag("nested", "Nested groups", "Members of groups within those count too"),
            FormField::new("groups", "Groups", FieldKind::FilterOrFalse)
                .described("Only groups of which this holds; false: no group at all"),
        ]
    }
}

impl Mapping {
    /// Its fields. The attributes that a target has are the connector's
    /// [`schemas`](crate::connector::ConnectorFactory::schemas).
    pub fn fields() -> Vec<FormField> {
        let rules = || FieldKind::Rows(Rule::fields());
        vec![
            choice(
                "pass",
                "Attributes without a rule",
                "What happens to attributes that no rule names",
                "all",
                &[
                    ("all", "They pass as they are"),
                    ("nothing", "They are not ours: what the target has there stays"),
                ],
            ),
            FormField::new("users", "Rules for users", rules())
                .described("What attributes of users are made of"),
            FormField::new("groups", "Rules for groups", rules())
                .described("What attributes of groups are made of"),
        ]
    }
}

impl Rule {
    /// The fields of one rule: `to`, and one of the others up to `clear`, or `default` on its own.
    pub fn fields() -> Vec<FormField> {
        let field = FormField::new;
        vec![
            field("to", "Attribute", FieldKind::Path)
                .described("The attribute of the target")
                .required(),
            field("from", "From", FieldKind::Path)
                .described("What this attribute of the host's holds"),
            field("rename", "Renamed from", FieldKind::Path)
                .described("The same, and it is not sent under its own name"),
            field("constant", "Constant", FieldKind::Value).described("Always this"),
            field("expression", "Expression", FieldKind::Expression)
                .described("What it makes of the host's attributes"),
            field("drop", "Not ours", FieldKind::Mark)
                .described("Never sent, and what the target has there stays"),
            field("clear", "Empty", FieldKind::Mark)
                .described("No value: what we sent there is removed"),
            field("default", "Default", FieldKind::Value)
                .described("This where the source has nothing, when the account is created"),
            choice(
                "on",
                "When",
                "When the rule counts",
                "always",
                &[
                    ("always", "When the account is created, and at every change"),
                    ("create", "When the account is created only"),
                ],
            ),
        ]
    }
}

impl RuleSettings {
    /// Its fields.
    pub fn fields() -> Vec<FormField> {
        vec![
            choice(
                "not_applicable",
                "No rule applies",
                "What follows when no rule speaks of it",
                "allow",
                &[("allow", "It is done"), ("skip", "It is not done, and that is reported")],
            ),
            choice(
                "indeterminate",
                "No decision",
                "What follows when the rules cannot be evaluated, or the engine cannot be reached",
                "hold",
                &[
                    ("hold", "It waits, and the engine is asked again"),
                    ("skip", "It is not done, and that is reported"),
                ],
            ),
            choice(
                "obligations",
                "Obligations",
                "What follows from a permit with an obligation that nobody fulfils",
                "deny",
                &[("deny", "It counts as a denial"), ("ignore", "It counts as a permit")],
            ),
            flag(
                "deprovisioning",
                "Deprovisioning too",
                "Whether switching off and deleting are subject to rules; a policy that knows only of creating would then keep accounts alive",
            ),
            choice(
                "on_exit",
                "Denied later",
                "What follows for an account that is there when the rules begin to forbid it",
                "keep",
                &[
                    ("keep", "It stays as it is"),
                    ("deactivate", "It is switched off"),
                    ("delete", "It is deleted"),
                ],
            ),
        ]
    }
}

impl Deprovisioning {
    /// Its fields.
    pub fn fields() -> Vec<FormField> {
        let cause = |name, label, description, default| {
            choice(
                name,
                label,
                description,
                default,
                &[
                    ("leave", "Leave it as it is"),
                    ("deactivate", "Switch it off"),
                    ("strip_groups", "Take it out of the groups that are provisioned there"),
                    (
                        "deactivate_then_delete",
                        "Switch it off, and delete it after the grace period",
                    ),
                    ("delete", "Delete it"),
                ],
            )
        };
        vec![
            cause("deleted", "Deleted", "For who was deleted at the host", "delete"),
            cause("disabled", "Switched off", "For who is switched off at the host", "deactivate"),
            cause("erased", "Erased", "For who asked to be forgotten", "delete"),
            cause("left_scope", "Left the scope", "For who is in the scope no more", "deactivate"),
            cause(
                "unassigned",
                "Lost the application",
                "For who has lost the application through which they came",
                "deactivate",
            ),
            number(
                "grace_days",
                "Grace period in days",
                "How long an account stays switched off before it is deleted, where it is deleted later",
                "30",
            ),
            FormField::new("protected", "Protected accounts", FieldKind::Filter).described(
                "Accounts that are never switched off or deleted before somebody has said so",
            ),
        ]
    }
}

impl Passwords {
    /// Its fields.
    pub fn fields() -> Vec<FormField> {
        let symbols = "Whether one that is made up has other characters than letters and digits";
        vec![
            choice(
                "policy",
                "Passwords",
                "Which passwords the target is given",
                "never",
                &[
                    ("never", "None"),
                    ("initial_random", "A new account gets one that nobody knows"),
                    ("from_event", "A new account gets the one that the user has then"),
                    ("sync", "The same, and every later one"),
                ],
            ),
            number(
                "length",
                "Length",
                "How many characters one has that is made up, from 12 to 128",
                "24",
            ),
            flag("symbols", "Symbols", symbols).with_default("true"),
        ]
    }
}

impl Guard {
    /// Its fields.
    pub fn fields() -> Vec<FormField> {
        vec![
            number(
                "count",
                "Accounts",
                "So many go through within any hour, whatever the share",
                "100",
            ),
            number(
                "share_percent",
                "Share in percent",
                "So many of a hundred accounts go through within any hour, whatever the count; 100: no limit",
                "20",
            ),
            choice(
                "then",
                "Beyond that",
                "What becomes of those beyond",
                "hold",
                &[
                    ("hold", "They wait for a decision"),
                    (
                        "soften_to_disable",
                        "Who was to be deleted is switched off until somebody allows more",
                    ),
                ],
            ),
        ]
    }
}

impl Provisioner {
    /// Its fields. Which connections and connectors there are is the configuration's to say.
    pub fn fields() -> Vec<FormField> {
        let text = || FieldKind::Property(PropertyKind::Text);
        vec![
            FormField::new("connection", "Connection", text())
                .described("Which external system")
                .required(),
            FormField::new("connector", "Connector", text())
                .described("Which of its connectors")
                .required(),
            flag("blocking", "Blocking", "Whether the caller waits for the target's answer"),
            FormField::new(
                "deadline_ms",
                "Deadline in milliseconds",
                FieldKind::Property(PropertyKind::Integer),
            )
            .described("How long a caller waits at most; only where blocking is on"),
            flag("rules", "Rules", "Whether a rule engine may say no"),
            flag(
                "jit",
                "Just in time",
                "Whether users created just in time at a federated login are provisioned too",
            ),
        ]
    }
}

fn flag(name: &str, label: &str, description: &str) -> FormField {
    let kind = FieldKind::Property(PropertyKind::Boolean);
    FormField::new(name, label, kind).described(description).with_default("false")
}

fn number(name: &str, label: &str, description: &str, default: &str) -> FormField {
    let kind = FieldKind::Property(PropertyKind::Integer);
    FormField::new(name, label, kind).described(description).with_default(default)
}

fn choice(
    name: &str,
    label: &str,
    description: &str,
    default: &str,
    choices: &[(&str, &str)],
) -> FormField {
    let choices = choices.iter().map(|(value, label)| Choice::new(*value, *label)).collect();
    let kind = FieldKind::Property(PropertyKind::Choice(choices));
    FormField::new(name, label, kind).described(description).with_default(default)
}
