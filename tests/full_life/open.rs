//! What does not succeed yet, kept honest in both directions: what is in a list must fail, and what is not must not.

/// A reason to expect failure, or none.
pub(crate) type Open = &'static str;

/// Adds a line to the report where what came is not what was expected.
pub(crate) fn note(report: &mut Vec<String>, name: &str, complaints: &[String], open: Open) {
    if complaints.is_empty() == open.is_empty() {
        return;
    }
    if complaints.is_empty() {
        report
            .push(format!("{name} succeeds now; take it out of the list of what does not: {open}"));
        return;
    }
    let some: Vec<&String> = complaints.iter().take(5).collect();
    report.push(format!("{name}: {} complaints, {some:#?}", complaints.len()));
}

/// Says all of it at once.
pub(crate) fn settle(report: &[String]) {
    assert!(report.is_empty(), "{} of them:\n{}", report.len(), report.join("\n"));
}
