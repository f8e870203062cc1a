//! Rows under an older key, or in clear, are sealed with the newest one, so that the older key can be given up (F127).

use std::sync::{Arc, Mutex, PoisonError};

use super::file::{Place, ReadTables, WriteTables};
use crate::error::{Error, ErrorKind, Result};

/// How far the rows have been gone through.
#[derive(Default)]
pub(super) struct Pass {
    after: Option<Place>,
    /// The first row that could not be opened.
    failed: Option<Error>,
}

/// What became of some rows.
pub(super) struct Resealed {
    done: usize,
    failed: Option<Error>,
}

/// The next rows.
pub(super) struct Stretch {
    pub(super) rows: Arc<[Place]>,
    is_last: bool,
}

/// Rows that are not sealed by the newest key, from where the pass has come to.
pub(super) fn next(tables: &ReadTables<'_>, pass: &Mutex<Pass>, limit: usize) -> Result<Stretch> {
    tables.reseals()?;
    let after = pass.lock().unwrap_or_else(PoisonError::into_inner).after.clone();
    let rows = tables.stale(after.as_ref(), limit)?;
    let is_last = rows.len() < limit;
    Ok(Stretch { rows: rows.into(), is_last })
}

/// A row that cannot be opened costs no other.
pub(super) fn write(tables: &mut WriteTables<'_, '_>, rows: &[Place]) -> Result<Resealed> {
    let mut resealed = Resealed { done: 0, failed: None };
    for row in rows {
        match tables.reseal(row) {
            Ok(written) => resealed.done += usize::from(written),
            Err(error) if is_about_the_row(&error) => {
                resealed.failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(resealed)
}

fn is_about_the_row(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Damaged | ErrorKind::Configuration)
}

/// Notes what became of a stretch. Answers how many rows were written, or nothing when the pass is to go on.
pub(super) fn note(
    pass: &Mutex<Pass>,
    stretch: &Stretch,
    resealed: Resealed,
) -> Result<Option<usize>> {
    let mut pass = pass.lock().unwrap_or_else(PoisonError::into_inner);
    let Resealed { done, failed } = resealed;
    if !stretch.is_last {
        pass.after = stretch.rows.last().cloned();
        if pass.failed.is_none() {
            pass.failed = failed;
        }
        return Ok((done > 0).then_some(done));
    }
    let Pass { failed: earlier, .. } = std::mem::take(&mut *pass);
    match earlier.or(failed) {
        // The next pass will find it again.
        _ if done > 0 => Ok(Some(done)),
        Some(failed) => Err(failed),
        None => Ok(Some(0)),
    }
}
