//! What a simulated target has, and what it was asked to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use outbound_provisioning::connector::{Lookup, Remote};
use outbound_provisioning::model::{
    Difference, Group, LocalId, MemberChanges, RemoteId, Resource, ResourceKind, User,
};
use outbound_provisioning::{Error, ErrorKind, Result};
use serde_json::Value;

pub(crate) type Own = (ResourceKind, LocalId);

/// A request that changes something.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create(Resource),
    Update(RemoteId, Resource, Difference),
    Delete(RemoteId, ResourceKind),
    Members(RemoteId, MemberChanges),
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) entries: BTreeMap<RemoteId, Resource>,
    /// Refuses a second resource with the same name or the same id of ours.
    pub(crate) unique: bool,
    /// Accounts that nobody of us made.
    pub(crate) foreign: BTreeSet<RemoteId>,
    /// Whom the host has deleted at some time.
    pub(crate) deleted: BTreeSet<Own>,
    /// Whom the host has now.
    pub(crate) late: Vec<(i64, Request)>,
    /// The newest version that was acknowledged, by resource.
    pub(crate) acknowledged: HashMap<Own, u64>,
    /// Requests under way, by resource.
    pub(crate) under_way: HashMap<Own, u32>,
    pub(crate) requests: u64,
    pub(crate) repeated_creates: u64,
    pub(crate) made: u64,
}

/// The rising number that every state carries.
pub(crate) fn version_of(resource: &Resource) -> u64 {
    let text = match resource {
        Resource::User(user) => user.display_name.as_deref().unwrap_or_default(),
        Resource::Group(group) => &group.display_name,
    };
    text.rsplit(" v").next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

pub(crate) fn own(resource: &Resource) -> Own {
    (resource.kind(), resource.local_id().clone())
}

fn gone() -> Error {
    Error::new(ErrorKind::NotFound, "the simulated target has no such resource")
}

fn defect() -> Error {
    Error::new(ErrorKind::Internal, "the simulated target cannot read a resource")
}

impl Directory {
    /// Puts an account there that nobody of us made.
    pub(crate) fn plant(&mut self, name: &str) -> Result<()> {
        let remote =
            self.insert(User::new("stranger-1", name).with_display_name("stranger").into())?;
        self.foreign.insert(remote.id);
        Ok(())
    }

    fn insert(&mut self, resource: Resource) -> Result<Remote> {
        self.made += 1;
        let remote = Remote::new(format!("r{}", self.made))?;
        self.entries.insert(remote.id.clone(), resource.clone());
        Ok(remote.showing(resource))
    }

    /// Whose resource a request is about, as far as the target can tell.
    pub(crate) fn about(&self, request: &Request) -> Option<Own> {
        match request {
            Request::Create(resource) | Request::Update(_, resource, _) => Some(own(resource)),
            Request::Delete(id, _) | Request::Members(id, _) => self.entries.get(id).map(own),
        }
    }

    /// Whether a request may be sent at all, by what the target and the host know.
    pub(crate) fn judge(&self, request: &Request) -> Option<String> {
        let id = match request {
            Request::Create(_) => return self.judge_order(request),
            Request::Update(id, ..) | Request::Delete(id, _) | Request::Members(id, _) => id,
        };
        if self.foreign.contains(id) {
            return Some(format!("a stranger's account {id} is touched: {request:?}"));
        }
        let present = self.entries.get(id)?;
        match request {
            Request::Update(_, wanted, _) if own(wanted) != own(present) => {
                Some(format!("{:?} writes to the account of {:?}", own(wanted), own(present)))
            }
            Request::Delete(..) if !self.deleted.contains(&own(present)) => {
                Some(format!("{:?} is deleted, and the host never did", own(present)))
            }
            _ => self.judge_order(request),
        }
    }

    /// What was acknowledged never goes back (P5).
    fn judge_order(&self, request: &Request) -> Option<String> {
        let (Request::Create(wanted) | Request::Update(_, wanted, _)) = request else {
            return None;
        };
        let newest = self.acknowledged.get(&own(wanted)).copied().unwrap_or_default();
        let version = version_of(wanted);
        (version < newest).then(|| {
            format!("{:?}: version {version} is sent after {newest} was acknowledged", own(wanted))
        })
    }

    pub(crate) fn acknowledge(&mut self, request: &Request) {
        if let Request::Create(wanted) | Request::Update(_, wanted, _) = request {
            let newest = self.acknowledged.entry(own(wanted)).or_default();
            *newest = version_of(wanted).max(*newest);
        }
    }

    /// Carries a request out.
    pub(crate) fn apply(&mut self, request: &Request) -> Result<Remote> {
        match request {
            Request::Create(resource) => {
                self.refuse_taken(resource, None)?;
                if self.entries.values().any(|other| own(other) == own(resource)) {
                    self.repeated_creates += 1;
                }
                let mut resource = resource.clone();
                if let Resource::Group(group) = &mut resource {
                    // Who is gone cannot join: the target drops such a member without a word.
                    group.members.retain(|member| {
                        self.entries.keys().any(|id| id.as_str() == member.value.as_str())
                    });
                }
                self.insert(resource)
            }
            Request::Update(id, _, difference) => self.update(id, difference),
            Request::Delete(id, kind) => {
                if self.entries.get(id).is_none_or(|resource| resource.kind() != *kind) {
                    return Err(gone());
                }
                self.entries.remove(id);
                for resource in self.entries.values_mut() {
                    if let Resource::Group(group) = resource {
                        group.members.retain(|member| member.value.as_str() != id.as_str());
                    }
                }
                Ok(Remote::of(id.clone()))
            }
            Request::Members(id, changes) => {
                let present: BTreeSet<String> =
                    self.entries.keys().map(|id| id.as_str().to_owned()).collect();
                let Some(Resource::Group(group)) = self.entries.get_mut(id) else {
                    return Err(gone());
                };
                group.members.retain(|member| !changes.removed.contains(member));
                for member in &changes.added {
                    if present.contains(member.value.as_str()) && !group.members.contains(member) {
                        group.members.push(member.clone());
                    }
                }
                Ok(Remote::of(id.clone()))
            }
        }
    }

    fn update(&mut self, id: &RemoteId, difference: &Difference) -> Result<Remote> {
        let present = self.entries.get(id).ok_or_else(gone)?;
        let Ok(Value::Object(mut attributes)) = serde_json::to_value(present) else {
            return Err(defect());
        };
        difference.apply(&mut attributes);
        let changed = match present {
            Resource::User(_) => {
                serde_json::from_value::<User>(attributes.into()).map(Resource::User)
            }
            Resource::Group(_) => {
                serde_json::from_value::<Group>(attributes.into()).map(Resource::Group)
            }
        };
        let changed = changed.map_err(|_| defect())?;
        self.refuse_taken(&changed, Some(id))?;
        self.entries.insert(id.clone(), changed.clone());
        Ok(Remote::of(id.clone()).showing(changed))
    }

    fn refuse_taken(&self, resource: &Resource, except: Option<&RemoteId>) -> Result<()> {
        let mut others = self
            .entries
            .iter()
            .filter(|(id, other)| Some(*id) != except && other.kind() == resource.kind());
        let clash = self.unique
            && others.any(|(_, other)| {
                other.name() == resource.name() || other.local_id() == resource.local_id()
            });
        if clash { Err(Error::new(ErrorKind::Conflict, "taken")) } else { Ok(()) }
    }

    pub(crate) fn find(&self, lookup: &Lookup<'_>) -> Vec<Remote> {
        let hits = self.entries.iter().filter(|(_, resource)| {
            resource.kind() == lookup.kind
                && (resource.local_id() == lookup.external_id || resource.name() == lookup.name)
        });
        hits.map(|(id, resource)| Remote::of(id.clone()).showing(resource.clone())).collect()
    }

    /// Every account of a resource.
    pub(crate) fn accounts(&self, of: &Own) -> Vec<(&RemoteId, &Resource)> {
        self.entries.iter().filter(|(_, resource)| own(resource) == *of).collect()
    }

    /// When the next late request takes effect.
    pub(crate) fn next_late(&self) -> Option<i64> {
        self.late.iter().map(|(at, _)| *at).min()
    }

    /// Late requests whose time has come take effect, oldest first.
    pub(crate) fn land(&mut self, now: i64) -> Vec<(Request, bool)> {
        let (mut due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|(at, _)| *at <= now);
        self.late = later;
        due.sort_by_key(|(at, _)| *at);
        due.into_iter()
            .map(|(_, request)| {
                let taken = self.apply(&request).is_ok();
                (request, taken)
            })
            .collect()
    }
}
