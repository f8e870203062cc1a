//! The features, and the tests that show ours.

/// Features that belong together.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: &'static [Row],
}

/// One feature.
pub(crate) struct Row {
    pub(crate) number: usize,
    pub(crate) feature: &'static str,
    /// `yes`, `partly` or `no`, and what is odd about it.
    pub(crate) wso2: &'static str,
    pub(crate) ours: Ours,
    /// `file::function` below `tests`.
    pub(crate) tests: &'static [&'static str],
}

/// What we have of it.
#[derive(Clone, Copy)]
pub(crate) enum Ours {
    Yes,
    /// And what is missing.
    Partly(&'static str),
}

use Ours::{Partly, Yes};

const fn row(
    number: usize,
    feature: &'static str,
    wso2: &'static str,
    ours: Ours,
    tests: &'static [&'static str],
) -> Row {
    Row { number, feature, wso2, ours, tests }
}

pub(crate) const SECTIONS: &[Section] = &[
    Section { title: "What is pushed", rows: PUSHED },
    Section { title: "To whom", rows: CHOSEN },
    Section { title: "Waiting and not waiting", rows: WAITING },
    Section { title: "Rules and selection", rows: SELECTED },
    Section { title: "Accounts and links", rows: LINKED },
    Section { title: "Mapping", rows: MAPPED },
];

const PUSHED: &[Row] = &[
    row(
        1,
        "A user is created",
        "yes, before its own commit",
        Yes,
        &[
            "event_table::created_neither_is_created",
            "scim2_wire::a_new_user_is_exactly_this_post",
            "durable::p1_what_was_accepted_is_delivered_by_the_next_life",
        ],
    ),
    row(
        2,
        "A user is changed",
        "yes, changed claims only",
        Yes,
        &[
            "event_table::created_linked_is_updated",
            "scim2_wire::a_change_is_exactly_the_difference",
            "event_table::updated_without_a_change_costs_no_request",
        ],
    ),
    row(
        3,
        "A user is deleted",
        "yes, before its own commit, and only where the present application leads",
        Yes,
        &[
            "event_table::deleted_linked_is_deleted",
            "event_table::a_delete_from_the_console_reaches_the_applications_target",
            "worker::p15_a_delete_overtakes_everything_else_of_its_target",
        ],
    ),
    row(
        4,
        "A group is created or deleted",
        "yes, by SCIM only",
        Yes,
        &[
            "groups::p17_a_group_is_sent_with_those_who_have_an_account_and_the_others_follow",
            "groups::p17_a_deleted_group_is_filled_no_more",
            "points/few_requests::a_group_with_members_is_one_post",
            "blocking::a_connector_without_groups_says_unsupported",
        ],
    ),
    row(
        5,
        "Members of a group change",
        "partly, a look-up per member, and the whole list again",
        Yes,
        &[
            "event_table::members_changed_linked_sends_the_difference",
            "groups::p17_one_change_in_a_group_of_a_hundred_thousand_costs_one_request_and_no_look_up",
            "scim2_wire::five_who_join_and_three_who_leave_cost_one_request",
            "groups::p17_nested_groups_are_filled_from_the_inside",
        ],
    ),
    row(
        6,
        "A group is renamed",
        "partly, since 2026",
        Yes,
        &["life_cycle::a_new_name_is_no_new_account"],
    ),
    row(
        7,
        "A user is renamed",
        "no, the name is the key",
        Yes,
        &[
            "life_cycle::a_new_name_is_no_new_account",
            "names::f77_two_who_swap_their_names_end_right_where_temporary_names_are_allowed",
            "blocking::a_rename_to_a_taken_name_is_parked_and_nothing_is_lost",
        ],
    ),
    row(
        8,
        "A password changes",
        "no, the event reaches no connector",
        Yes,
        &[
            "passwords::the_newest_password_wins",
            "passwords::a_password_goes_along_with_a_change_and_is_one_request_without",
            "passwords::it_is_kept_sealed_until_the_target_has_it_and_no_longer",
        ],
    ),
    row(
        9,
        "A password when the account is created",
        "yes, else a random one, a default, or none",
        Yes,
        &[
            "passwords::each_policy_gives_what_it_says",
            "passwords::one_that_is_made_up_is_of_every_kind_and_never_the_same",
        ],
    ),
    row(
        10,
        "An account is switched off and on",
        "no",
        Yes,
        &[
            "life_cycle::every_policy_with_every_cause",
            "life_cycle::who_comes_back_has_the_same_account_if_it_is_there_still",
            "worker::p7_disable_and_enable_are_the_newest_of_both",
        ],
    ),
    row(
        11,
        "An attribute is taken away",
        "partly, by an empty text",
        Yes,
        &[
            "difference::clearing_one_attribute_leaves_the_others_alone",
            "points/dialects::values_go_by_remove_by_null_or_by_empty_text",
            "convergence::p10_an_attribute_that_was_cleared_and_comes_back_late_is_cleared_again",
        ],
    ),
];

const CHOSEN: &[Row] = &[
    row(
        12,
        "Provisioners of the organization, the default of every application",
        "yes",
        Yes,
        &[
            "resolver::none_gives_the_organizations",
            "resolver::inherit_without_own_gives_the_organizations",
        ],
    ),
    row(
        13,
        "Provisioners of an application",
        "partly, off by default",
        Yes,
        &[
            "resolver::inherit_with_own_overrides",
            "configuration::a_target_may_stand_at_both_levels",
            "event_table::a_delete_from_the_console_reaches_the_applications_target",
        ],
    ),
    row(
        14,
        "The application's override the organization's, which are the fallback",
        "partly, the code that was read has no fallback",
        Yes,
        &[
            "resolver::inherit_with_own_overrides",
            "resolver::inherit_without_own_gives_the_organizations",
            "resolver::unknown_gives_the_organizations_and_says_so",
            "resolver::add_gives_both_application_first",
            "event_table::r5_an_override_is_remembered_until_it_is_lifted",
        ],
    ),
    row(
        15,
        "Several connections at once",
        "yes, one connector of each",
        Yes,
        &[
            "event_table::one_failure_hides_no_other_target",
            "resolver::add_takes_another_connector_of_one_connection_for_another_target",
            "worker::p13_a_stalled_target_holds_up_no_other",
        ],
    ),
    row(
        16,
        "One connection in several applications, with options of its own in each",
        "partly, cached options collide",
        Yes,
        &[
            "blocking::the_chosen_provisioners_own_deadline_counts",
            "resolver::add_counts_one_target_once_and_the_application_wins",
            "resolver::r1_a_filtered_application_does_not_give_its_target_back_to_the_organization",
        ],
    ),
    row(
        17,
        "Users created just in time, by option",
        "yes, since 2026 without an invented id",
        Yes,
        &[
            "resolver::r1_only_users_created_just_in_time_are_filtered",
            "event_table::created_excluded_is_skipped_with_the_reason",
            "event_table::an_update_goes_to_every_link_whatever_the_jit_option_says",
        ],
    ),
];

const WAITING: &[Row] = &[
    row(
        18,
        "Blocking: the caller waits for the target",
        "yes, without a deadline",
        Yes,
        &[
            "blocking::the_deadline_ends_the_waiting_and_not_the_work",
            "blocking::the_caller_may_wait_for_less_than_the_provisioner_says",
            "blocking::dropping_the_future_cancels_the_wait_and_not_the_work",
        ],
    ),
    row(
        19,
        "A blocking caller is told of a failure",
        "partly, by a switch of the whole server that is off by default",
        Yes,
        &[
            "with_the_mock::a_failure_is_told_and_nothing_is_lost",
            "event_table::done_skipped_unsupported_and_failed_are_four_different_answers",
            "event_table::one_failure_hides_no_other_target",
        ],
    ),
    row(
        20,
        "What was sent is undone when the host's own change fails",
        "partly, and it can delete an account that was there before",
        Partly(
            "nothing is sent before the host has committed, so there is nothing to undo; what a host takes back after that is an event like any other",
        ),
        &[
            "announce::p2_what_the_host_does_not_have_is_deleted_and_what_nobody_knew_is_nothing",
            "announce::an_announcement_that_is_withdrawn_asks_nobody",
            "names::p8_5_nobody_is_adopted_to_be_deleted",
        ],
    ),
    row(
        21,
        "Not blocking: the caller does not wait",
        "yes, a thread for each event",
        Yes,
        &[
            "worker::p20_a_non_blocking_dispatch_is_queued_and_sends_nothing",
            "worker::p13_no_more_is_under_way_than_a_target_and_a_worker_may_have",
            "worker::p7_a_create_and_its_updates_are_one_create_with_the_newest_state",
        ],
    ),
];

const SELECTED: &[Row] = &[
    row(
        22,
        "Rules (XACML)",
        "partly, 5.x; later versions bring no engine",
        Partly("asked of a decision point; the crate has no XACML engine of its own"),
        &[
            "ruled::what_follows_from_each_decision_on_a_create",
            "rules/vectors::wso2_decides_on_what_we_ask_as_on_what_it_asks_itself",
            "rules/xacml::a_request_in_json_is_the_profiles",
            "rules/xacml::answers_in_xml_are_taken_for_what_they_are",
            "rules/native::the_first_rule_that_matches_decides",
            "rules/authzen::a_request_is_the_specifications",
            "rules/cerbos::cerbos_decides_by_group_attribute_and_operation",
        ],
    ),
    row(
        23,
        "Rules do not stop deprovisioning",
        "no, the documented policy keeps accounts for ever",
        Yes,
        &[
            "ruled::deprovisioning_passes_unless_it_is_switched_on",
            "rules/effects::deprovisioning_is_not_subject_to_rules_unless_switched_on",
            "life_cycle::a_leaver_loses_access_whatever_else_would_keep_an_event_away",
        ],
    ),
    row(
        24,
        "Who is denied later loses the account, by setting",
        "no",
        Yes,
        &["ruled::a_denied_update_keeps_deactivates_or_deletes_and_a_permit_brings_back"],
    ),
    row(
        25,
        "A decision of the rules can be seen",
        "no, skipped without a word",
        Yes,
        &[
            "ruled::what_follows_from_each_decision_on_a_create",
            "rules/effects::each_decision_has_its_effect",
            "rules/effects::what_an_engine_says_is_fit_for_a_log",
        ],
    ),
    row(
        26,
        "Only members of some groups, or with some roles",
        "partly, with a long list of faults",
        Partly("roles count as attributes of the user, not as groups of their own"),
        &[
            "scope::members_of_a_group_are_provisioned_by_its_name_or_its_id",
            "scope::groups_within_groups_count_only_where_that_is_said",
            "scope::a_filter_says_which_users_are_provisioned",
            "scope::a_membership_lets_somebody_in_with_the_last_that_the_host_said",
        ],
    ),
    row(
        27,
        "Who leaves those groups loses the account",
        "yes",
        Yes,
        &[
            "scope::who_leaves_is_deprovisioned_by_the_policy_by_whatever_event",
            "scope::a_group_that_is_created_renamed_or_deleted_changes_who_is_in",
            "mass_change::p16_04_a_mass_exit_from_the_scope_is_held",
        ],
    ),
    row(
        28,
        "A changed selection is applied to those who are there",
        "no",
        Partly("when a person asks for it, with a plan that says whom it touches"),
        &[
            "scope::a_changed_scope_touches_nobody_until_it_is_reasserted",
            "scope::three_hundred_of_a_thousand_are_held_explained_and_decided_by_one_call",
            "scope::a_wider_scope_lets_in_whom_it_kept_out_when_it_is_reasserted",
        ],
    ),
];

const LINKED: &[Row] = &[
    row(
        29,
        "A change of a user that the target does not have creates it",
        "yes, with the changed claims only",
        Yes,
        &["event_table::updated_neither_is_created_with_the_full_state"],
    ),
    row(
        30,
        "A delete of a user that the target does not have is nothing",
        "yes",
        Yes,
        &[
            "event_table::deleted_neither_is_skipped_with_the_reason",
            "event_table::deleted_twice_is_harmless",
        ],
    ),
    row(
        31,
        "An account that is there already is taken over",
        "no, a conflict for ever",
        Partly("by our own id, or by its name where the connection says so; by no other attribute"),
        &[
            "blocking::our_own_account_that_we_had_forgotten_is_linked_and_brought_up_to_date",
            "scim2_wire::f43_a_conflict_with_our_own_account_links_it_and_brings_it_up_to_date",
            "names::p8_5_an_account_that_nobody_manages_is_adopted_where_the_connection_says_so",
            "scim2_wire::f107_a_name_that_belongs_to_somebody_else_is_left_alone",
        ],
    ),
    row(
        32,
        "An account that the target has lost is created again",
        "no, an error for ever",
        Yes,
        &[
            "blocking::f59_an_account_that_the_target_lost_is_created_again",
            "scim2_wire::f59_an_account_that_the_target_deleted_is_created_anew_in_full",
            "names::f59_what_the_target_has_lost_waits_for_a_person_where_the_connection_says_so",
            "life_cycle::a_target_that_has_lost_the_account_of_a_leaver_gets_no_new_one",
        ],
    ),
    row(
        33,
        "The target's own id is kept, and no other",
        "partly, by SCIM a random one",
        Yes,
        &[
            "blocking::a_wrong_answer_to_a_create_or_an_update_is_not_believed",
            "points/transport::an_id_is_opaque_and_one_segment_of_the_path",
            "points/transport::a_location_is_never_believed_over_the_id_and_never_followed",
        ],
    ),
    row(
        34,
        "Links outlive a change of the connection's settings",
        "partly, an edit once deleted them",
        Partly(
            "a link counts at the address where it was made; at a new one accounts are looked up or created anew",
        ),
        &[
            "event_table::an_event_for_a_linked_target_that_is_switched_off_is_held_and_catches_up",
            "configuration_change::a_connection_that_was_removed_loses_no_delete",
            "durable::links_survive_so_that_an_update_is_an_update",
            "relocated::an_update_creates_the_account_at_the_new_system",
        ],
    ),
    row(
        35,
        "Links are kept by the host's id, which never changes",
        "no, by user store and name",
        Yes,
        &[
            "life_cycle::a_new_name_is_no_new_account",
            "life_cycle::whoever_has_left_keeps_the_account_through_a_new_name",
            "names::f78_a_new_user_with_the_name_of_a_deleted_one_waits_for_the_delete",
        ],
    ),
];

const MAPPED: &[Row] = &[
    row(
        36,
        "Attributes by the connector's own vocabulary",
        "yes, claims by dialect",
        Partly(
            "hosts speak RFC 7643, and the only vocabulary to translate into is that of SCIM 2.0 and its vendors",
        ),
        &[
            "model::a_full_user_is_written_with_exactly_scims_names",
            "points/dialects::what_a_server_understands_is_learnt_from_its_answers",
            "mapping/projection::the_claims_of_wso2_are_expressible",
        ],
    ),
    row(
        37,
        "A mapping for each connection",
        "partly, ignored for SCIM",
        Yes,
        &[
            "mapped::what_the_rules_make_arrives",
            "mapping/projection::each_source_makes_what_it_says",
            "mapping/preview::each_value_names_the_rule_that_made_it",
            "mapping/checks::what_a_target_takes",
            "forms::a_mapping_is_checked_against_what_the_connectors_targets_take",
        ],
    ),
    row(
        38,
        "Default values",
        "partly, a partial update overwrites with them",
        Yes,
        &[
            "mapped::updates_send_what_differs_and_no_more",
            "mapping/projection::a_default_never_overwrites",
            "mapping/projection::what_is_not_ours_stays_as_it_was_confirmed",
        ],
    ),
    row(
        39,
        "Expressions",
        "no",
        Yes,
        &[
            "mapping/expressions::the_expressions_that_administrators_use_most",
            "mapping/expressions::every_other_function",
            "mapping/expressions::what_is_wrong_is_said_with_its_place",
            "mapping/budget::limits_are_errors_and_not_long_waits",
            "forms::every_function_of_an_expression_is_described",
        ],
    ),
    row(
        40,
        "Several values, each with its type",
        "partly, the first value, or joined texts",
        Yes,
        &[
            "difference::one_email_of_two_changes_by_its_type",
            "points/dialects::lists_change_value_by_value_or_as_a_whole",
            "mapping/projection::several_values_are_native",
        ],
    ),
    row(
        41,
        "The enterprise extension, and schemas of one's own",
        "partly, since 2025",
        Yes,
        &[
            "points/writing::the_enterprise_extension_is_an_object_under_its_urn",
            "difference::extensions_change_attribute_by_attribute",
            "mapping/projection::extensions_are_attributes_like_others",
            "model::a_full_user_is_read_back",
        ],
    ),
    row(
        42,
        "Names of groups are mapped",
        "partly, either some are dropped or all pass",
        Yes,
        &[
            "mapped::rules_for_groups_count_for_groups",
            "mapping/projection::groups_are_mapped_by_rules_of_their_own",
        ],
    ),
    row(
        43,
        "Attributes without a rule pass, or none does",
        "no",
        Yes,
        &[
            "mapping/projection::without_rules_everything_passes_but_the_user_store",
            "mapped::what_is_not_ours_stays_as_others_set_it",
            "mapping/projection::with_nothing_passing_only_rules_make_values",
            "mapping/preview::where_nothing_passes_what_was_confirmed_is_shown_as_carried_over",
        ],
    ),
    row(
        44,
        "What one connection sees reaches no other",
        "no, they share one map",
        Yes,
        &[
            "mapped::two_connections_see_what_is_theirs_and_nothing_of_each_other",
            "mapping/projection::nothing_of_one_connection_reaches_another",
        ],
    ),
    row(
        45,
        "Domains of user stores",
        "partly, a prefix of the name",
        Yes,
        &[
            "mapping/projection::without_rules_everything_passes_but_the_user_store",
            "mapping/expressions::name_patterns_take_their_separator_literally",
        ],
    ),
    row(
        46,
        "Patterns for the names at a target",
        "partly, Google and Salesforce, with a faulty separator",
        Yes,
        &[
            "mapping/expressions::name_patterns_take_their_separator_literally",
            "mapping/projection::no_account_is_sent_without_a_name",
        ],
    ),
];
