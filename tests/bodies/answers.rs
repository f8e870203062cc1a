//! Answers to creates, changes and deletes, to lists, and refusals.

use outbound_provisioning::model::ResourceKind;

use super::input::{Input, answered};
use super::stage::{DEEDS, Stage, in_manner};

/// Any answers to any call, in any dialect.
pub(crate) fn answers(bytes: &[u8]) {
    let input = Input::read(bytes);
    if let Some(stage) = Stage::open(in_manner(input.manner), input.answers()) {
        stage.act(input.deed);
        // What was learnt from them must not harm what comes next.
        stage.act(input.deed / DEEDS);
        stage.learnt();
    }
}

/// Pages, found or listed.
pub(crate) fn lists(bytes: &[u8]) {
    let input = Input::read(bytes);
    let pages = input.bodies().map(|body| answered(0, body)).collect();
    if let Some(stage) = Stage::open(in_manner(input.manner), pages) {
        match input.deed % 3 {
            0 => stage.act(6),
            1 => stage.pages(ResourceKind::User),
            _ => stage.pages(ResourceKind::Group),
        }
        stage.learnt();
    }
}

/// One refusal, to each call.
pub(crate) fn refusals(bytes: &[u8]) {
    let input = Input::read(bytes);
    let body = input.bodies().next().unwrap_or_default();
    // From the first status that refuses to the last.
    let status = 7 + u8::try_from(input.deed % 25).unwrap_or_default();
    if let Some(stage) = Stage::open(in_manner(input.manner), vec![answered(status, body)]) {
        for deed in 0..DEEDS {
            stage.act(deed);
        }
        stage.learnt();
    }
}
