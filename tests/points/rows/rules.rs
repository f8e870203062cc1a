//! As few requests as there can be.

use super::{DONE, Row, Section, row};

pub(crate) const COSTS: Section = Section { title: "What each operation costs", rows: OPERATIONS };
pub(crate) const RULES: Section = Section { title: "The rules behind it", rows: NINE };

const OPERATIONS: &[Row] = &[
    row(
        "Connect",
        "Nothing where it is remembered, else three requests",
        &["few_requests::knowing_a_target_costs_three_and_then_nothing"],
        DONE,
    ),
    row("Create a user", "One request", &["few_requests::a_create_is_one_post_and_no_look"], DONE),
    row(
        "Create a group",
        "One request with its members; beyond the limit one for each piece",
        &[
            "few_requests::a_group_with_members_is_one_post",
            "few_requests::a_group_beyond_the_limit_is_as_many_requests_as_pieces",
        ],
        DONE,
    ),
    row(
        "Change, rename, disable or enable one",
        "One request; two more after 412; a GET before each PUT",
        &[
            "few_requests::a_change_is_one_patch",
            "few_requests::an_update_of_another_version_costs_a_look_and_a_patch",
        ],
        "done; later: a PUT without a GET, where the copy here is whole",
    ),
    row("Change nothing", "Nothing", &["few_requests::nothing_new_costs_nothing"], DONE),
    row("Delete one", "One request", &["few_requests::a_delete_is_one_request"], DONE),
    row(
        "Change k members",
        "One request for each piece, whoever comes or goes",
        &[
            "few_requests::changes_of_members_are_as_few_as_the_limit_allows",
            "members::no_request_names_more_members_than_the_target_takes",
        ],
        DONE,
    ),
    row(
        "Join g groups",
        "g requests",
        &["few_requests::who_joins_groups_costs_one_request_for_each"],
        DONE,
    ),
    row(
        "Load everything first",
        "One request for each resource",
        &["few_requests::a_first_load_is_one_request_for_each_resource"],
        "done; later: fewer by Bulk",
    ),
    row("Reconcile", "One request for each page and difference", &[], "later: reconciliation"),
    row("Look up b", "One request for each twenty", &[], "later: several look-ups in one filter"),
];

const NINE: &[Row] = &[
    row(
        "Rule 1",
        "A look only after a conflict, or in doubt",
        &[
            "few_requests::a_look_is_taken_only_after_a_conflict_or_in_doubt",
            "rate::a_create_in_doubt_is_looked_up_before_it_is_repeated",
        ],
        DONE,
    ),
    row(
        "Rule 2",
        "What waits for one resource is joined before it is sent",
        &["few_requests::what_waits_is_joined_before_it_is_sent"],
        DONE,
    ),
    row(
        "Rule 3",
        "Members queue by group, one request at a time",
        &["few_requests::one_change_at_a_time_for_one_group"],
        DONE,
    ),
    row(
        "Rule 4",
        "One request carries all changes of a resource, in an order that works",
        &["few_requests::one_request_carries_all_changes_of_a_resource"],
        DONE,
    ),
    row(
        "Rule 5",
        "An answer ends the operation: nothing is read after it was written",
        &["few_requests::nothing_is_read_after_it_was_written"],
        DONE,
    ),
    row(
        "Rule 6",
        "Each refusal is paid for once for each target, and remembered",
        &[
            "few_requests::each_refusal_is_paid_for_once",
            "knowledge::a_refusal_is_paid_for_once_for_each_target",
            "knowledge::the_next_connector_knows_what_the_last_one_learnt",
        ],
        DONE,
    ),
    row(
        "Rule 7",
        "A budget by setting or by the target's word, spent on leavers first",
        &[
            "few_requests::leavers_go_first_when_little_may_be_sent",
            "pace::reading_and_writing_have_a_budget_each",
            "pace::the_last_request_that_a_target_allows_is_the_last_that_is_sent",
        ],
        DONE,
    ),
    row("Rule 8", "Bulk only where it wins", &[], "later: Bulk"),
    row(
        "Rule 9",
        "An ignored filter deletes nobody",
        &["few_requests::an_ignored_filter_deletes_nobody_else"],
        "done; later: a cap on deletes, with the guard against mass changes",
    ),
];
