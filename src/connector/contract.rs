//! The trait a connector's author implements.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::check::Check;
use super::page::Page;
use super::request::{Attempt, Lookup, PageRequest, Update};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Capabilities, Fact, MemberChanges, Remote, RemoteId, Resource, ResourceKind};

/// Code that speaks one protocol to one target, with the credentials of one connection.
///
/// # Contract
///
/// The numbers are quoted by [`conformance::connector`](crate::conformance::connector), which checks them.
///
/// 1. **One call is one logical request.** It builds the request, sends it and classifies the answer. It does not
///    repeat, wait or look up on its own: the delivery core plans that. Only a token refresh, paging and one
///    fallback of dialect may happen inside a call.
/// 2. **`create` answers the target's own id**, or an error. An id is never invented.
/// 3. **An existing resource is a [`Conflict`](ErrorKind::Conflict)**, not a success and not an update.
/// 4. **`update` changes what its difference names** and leaves everything else at the target alone.
/// 5. **Repeating an `update` or a `delete` is harmless.**
/// 6. **What is not there is [`NotFound`](ErrorKind::NotFound)**, when the target says so in its protocol's own
///    words. Where a `delete` gets a 404 in any other form, the error's effect is
///    [`Unknown`](crate::Effect::Unknown) and the core looks the resource up; elsewhere such a 404 is
///    [`InvalidResponse`](ErrorKind::InvalidResponse).
/// 7. **`find` returns only resources whose own body shows the id or the name that was asked for.** A target that
///    ignores the question and lists everybody must not get an account linked to the wrong person.
/// 8. **What the target lacks is [`Unsupported`](ErrorKind::Unsupported)**, never a success.
/// 9. **An error's [`effect`](Error::effect) is honest**: [`NotSent`](crate::Effect::NotSent) and
///    [`Rejected`](crate::Effect::Rejected) only when that is certain.
/// 10. **Nothing secret or personal is in an error's message or in `Debug`.**
/// 11. **Dropping a call's future is safe.** The core then treats the request as
///     [`Unknown`](crate::Effect::Unknown).
/// 12. **References are the target's ids.** Members and managers in what a connector receives are
///     [`RemoteId`]s already.
///
/// 13. **A password is set along with the request that it comes with**, by a connector that says that it
///     [can](Capabilities::passwords): with a create, with an update, and by an update that has nothing else to do.
///     It is in no error, in no `Debug`, in nothing that is handed back, and in nothing that is learnt. Where the target
///     does not let it be changed, [`Remote::fixed`] says so.
///
/// # Implementing
///
/// Three methods are enough. The others answer [`Unsupported`](ErrorKind::Unsupported) until they are written;
/// [`capabilities`](Self::capabilities) tells the core which ones are. Wrappers should forward every method and
/// use `#[deny(clippy::missing_trait_methods)]` to be sure of it.
#[async_trait]
pub trait Connector: Debug + Send + Sync + 'static {
    /// Creates the resource at the target and answers the target's id of it.
    ///
    /// A group comes with members where [`Capabilities::members_on_create`] says so, else without.
    ///
    /// # Errors
    /// [`Conflict`](ErrorKind::Conflict) when the target has such a resource, [`Unsupported`](ErrorKind::Unsupported)
    /// for a kind it does not know, and whatever the target or the network does.
    async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote>;

    /// Brings an existing resource to the wanted state.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when it is gone, [`Conflict`](ErrorKind::Conflict) when a new name is
    /// taken, [`Stale`](ErrorKind::Stale) when it has changed since the version that the update names, and whatever the
    /// target or the network does.
    async fn update(&self, id: &RemoteId, update: &Update<'_>, attempt: &Attempt)
    -> Result<Remote>;

    /// Removes a resource.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) when it is gone already, and whatever the target or the network does.
    async fn delete(&self, id: &RemoteId, kind: ResourceKind, attempt: &Attempt) -> Result<()>;

    /// What the connector can do beyond the three methods above. Asked again after every answer, since one may have
    /// taught it a limit. Default: nothing.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Which system this connector speaks to: the same as long as ids learnt there are good. When it changes, what
    /// was linked before proves nothing any more (P19). Default: always the same.
    fn fingerprint(&self) -> String {
        String::new()
    }

    /// The resources that show this id, or else this name; or this name alone where [`Lookup::name_only`] says so.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) by default, and whatever the target or the network does.
    async fn find(&self, lookup: &Lookup<'_>, attempt: &Attempt) -> Result<Vec<Remote>> {
        let _ = (lookup, attempt);
        Err(unsupported("look-ups"))
    }

    /// Adds and removes members of a group. Answers the group, with its new version tag where the target gives one.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) by default, [`NotFound`](ErrorKind::NotFound) when the group is gone,
    /// [`TooLarge`](ErrorKind::TooLarge) for more at once than the target takes: it is asked for less where
    /// [`capabilities`](Self::capabilities) says less by then; and whatever the target or the network does.
    async fn change_members(
        &self,
        id: &RemoteId,
        changes: &MemberChanges,
        attempt: &Attempt,
    ) -> Result<Remote> {
        let _ = (id, changes, attempt);
        Err(unsupported("changes of membership"))
    }

    /// One page of what the target has.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) by default, and whatever the target or the network does.
    async fn list(&self, page: &PageRequest) -> Result<Page> {
        let _ = page;
        Err(unsupported("listing"))
    }

    /// Takes in what was learnt of the target before, once, before the first request. Default: nothing.
    fn recall(&self, facts: &[Fact]) {
        let _ = facts;
    }

    /// What was learnt of the target since this was asked last. It is kept, and [recalled](Self::recall) by the next
    /// connector of the same target; null forgets what is kept under the name. Default: nothing.
    fn learnt(&self) -> Vec<Fact> {
        Vec::new()
    }

    /// Whether the target answers and takes our credentials: the console's "test connection". Reads only.
    ///
    /// # Errors
    /// [`Unsupported`](ErrorKind::Unsupported) by default, and whatever the target or the network does.
    async fn check(&self) -> Result<Check> {
        Err(unsupported("testing a connection"))
    }
}

fn unsupported(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("this connector does not support {what}"))
}

macro_rules! forward {
    ($($pointer:ident),+) => {$(
        #[deny(clippy::missing_trait_methods, reason = "a method that is not forwarded would fall back to its default")]
        #[async_trait]
        impl<T: Connector + ?Sized> Connector for $pointer<T> {
            async fn create(&self, resource: &Resource, attempt: &Attempt) -> Result<Remote> {
                (**self).create(resource, attempt).await
            }

            async fn update(&self, id: &RemoteId, update: &Update<'_>, attempt: &Attempt) -> Result<Remote> {
                (**self).update(id, update, attempt).await
            }

            async fn delete(&self, id: &RemoteId, kind: ResourceKind, attempt: &Attempt) -> Result<()> {
                (**self).delete(id, kind, attempt).await
            }

            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }

            fn fingerprint(&self) -> String {
                (**self).fingerprint()
            }

            async fn find(&self, lookup: &Lookup<'_>, attempt: &Attempt) -> Result<Vec<Remote>> {
                (**self).find(lookup, attempt).await
            }

            async fn change_members(
                &self,
                id: &RemoteId,
                changes: &MemberChanges,
                attempt: &Attempt,
            ) -> Result<Remote> {
                (**self).change_members(id, changes, attempt).await
            }

            async fn list(&self, page: &PageRequest) -> Result<Page> {
                (**self).list(page).await
            }

            fn recall(&self, facts: &[Fact]) {
                (**self).recall(facts);
            }

            fn learnt(&self) -> Vec<Fact> {
                (**self).learnt()
            }

            async fn check(&self) -> Result<Check> {
                (**self).check().await
            }
        }
    )+};
}

forward!(Arc, Box);
