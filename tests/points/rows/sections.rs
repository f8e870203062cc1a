//! The demands of real servers: points 1 to 43.

use super::{DONE, Row, Section, row};

pub(crate) const SECTIONS: &[Section] = &[
    Section { title: "Transport and encoding", rows: TRANSPORT },
    Section { title: "Rate, retry and failure", rows: PACE },
    Section { title: "Discovery", rows: DISCOVERY },
    Section { title: "Reading answers", rows: READING },
    Section { title: "Writing", rows: WRITING },
];

const TRANSPORT: &[Row] = &[
    row(
        "1",
        "Speaks `application/scim+json`, or plain JSON by setting; reads both and any other JSON type",
        &[
            "transport::what_is_sent_is_scim_json_or_plain_json_by_setting",
            "transport::answers_are_read_whatever_media_type_they_name",
            "transport::a_415_teaches_the_other_media_type",
        ],
        DONE,
    ),
    row(
        "2",
        "A body that is empty, HTML, text or cut off is no SCIM, on a success too; status and beginning are kept for the error",
        &[
            "transport::a_body_that_is_no_scim_is_an_error_with_its_status",
            "transport::a_refusal_keeps_the_first_part_of_what_was_said",
        ],
        "done; of a garbled success only the status is kept, as it may repeat our token",
    ),
    row(
        "3",
        "200, 201 and 204 to a change, 200 and 204 to a delete, 200 with an id to a create",
        &[
            "transport::each_success_of_a_change_is_one",
            "transport::each_success_of_a_delete_is_one",
            "transport::a_200_with_an_id_is_a_creation",
        ],
        DONE,
    ),
    row(
        "4",
        "`User-Agent` always; a base URL with any path; a query that every request carries",
        &[
            "transport::every_request_names_us_and_carries_the_query",
            "transport::the_base_url_may_have_any_path",
            "network_pins/requests::a_request_has_our_headers_and_no_others",
        ],
        DONE,
    ),
    row(
        "5",
        "An id is opaque, may be a number, and is one percent-encoded segment of the path",
        &[
            "transport::an_id_is_opaque_and_one_segment_of_the_path",
            "transport::an_id_may_be_a_number",
        ],
        DONE,
    ),
    row(
        "6",
        "Filters are percent-encoded: a blank as `%20`, none around `=`",
        &["transport::a_filter_is_encoded_without_plus_and_without_blanks_around_the_sign"],
        DONE,
    ),
    row(
        "7",
        "`Location` in any form, missing or wrong: the id counts, and nothing is followed",
        &["transport::a_location_is_never_believed_over_the_id_and_never_followed"],
        DONE,
    ),
    row(
        "8",
        "No redirect is followed, so that no token leaves",
        &[
            "transport::a_redirect_is_never_followed",
            "network_pins/requests::f84_no_redirect_is_followed_and_no_header_leaves",
        ],
        DONE,
    ),
    row(
        "9",
        "TLS except for this machine; a token that is refused is replaced once, then the target rests",
        &[
            "transport::without_tls_only_loopback_is_talked_to",
            "transport::a_401_is_answered_with_one_new_token_and_no_storm",
            "health::f53_refused_credentials_quarantine_the_target_with_probes_and_use_up_no_attempt",
        ],
        DONE,
    ),
    row(
        "10",
        "Connections are kept, requests per target are bounded, everything has a deadline",
        &[
            "network_pins/requests::connections_are_used_again",
            "network_pins/requests::f31_a_silent_handshake_ends_at_the_limit_for_connecting",
            "network_pins/requests::a_target_that_says_nothing_is_given_up_at_the_deadline",
            "network_pins/tls::no_other_protocol_than_http_1_1_is_offered",
            "worker::p13_no_more_is_under_way_than_a_target_and_a_worker_may_have",
        ],
        "done, by HTTP/1.1 only",
    ),
];

const PACE: &[Row] = &[
    row(
        "11",
        "`Retry-After` in seconds or as a date, with 503 too; else growing pauses; the whole target waits",
        &[
            "rate::how_long_to_wait_is_read_as_seconds_and_as_a_date",
            "rate::after_a_429_the_whole_target_rests",
            "rate::without_a_word_of_how_long_the_pause_grows",
            "health::the_pause_doubles_up_to_an_hour_and_chance_says_how_much_of_it",
        ],
        DONE,
    ),
    row(
        "12",
        "408, 429, 502, 503, 504 and lost connections are tried again; a create only after a look",
        &[
            "rate::what_may_pass_is_tried_again",
            "rate::a_create_in_doubt_is_looked_up_before_it_is_repeated",
        ],
        "done; a 500 is tried again with growing pauses as well, and not parked",
    ),
    row(
        "13",
        "400, 403, 404, 409, 412, 413, 422 and 501 are decisions",
        &["rate::what_is_a_decision_is_not_repeated"],
        DONE,
    ),
    row(
        "14",
        "Errors in any shape, judged by the status first",
        &[
            "rate::errors_are_read_in_every_shape",
            "rate::an_error_is_scims_by_its_schema",
            "rate::the_status_judges_before_the_words",
        ],
        DONE,
    ),
    row(
        "15",
        "404 to a delete is success by SCIM's word only; to a change it is looked up; 405 and 501 are remembered",
        &[
            "rate::a_404_on_delete_is_success_by_the_targets_own_word_only",
            "rate::a_404_in_html_never_means_gone",
            "rate::a_method_that_is_missing_is_remembered_and_another_taken",
        ],
        DONE,
    ),
    row(
        "16",
        "409 in any form: looked up by our id, then by name, matched here, and reported where nobody is shown",
        &[
            "rate::a_conflict_is_looked_up_by_our_id_and_then_by_name",
            "rate::a_conflict_that_the_filter_does_not_show_is_reported_once",
            "rate::a_conflict_by_other_words_is_one_too",
        ],
        DONE,
    ),
    row(
        "17",
        "409 to a change: another's name or id, or a write at the same time; no loop",
        &["rate::a_conflict_on_a_change_waits_for_a_person_and_does_not_loop"],
        "done; a write at the same time, told by 409, waits for a person too",
    ),
    row(
        "18",
        "412: read, merged and sent again, a bounded number of times",
        &[
            "rate::a_412_is_read_and_sent_again_a_few_times",
            "habits::p12_what_changes_as_fast_as_it_is_looked_at_is_tried_again_and_never_parked",
        ],
        DONE,
    ),
    row(
        "19",
        "Too many members, by 413 or 400: halved until they fit, and remembered",
        &["rate::too_many_members_are_halved_until_they_fit"],
        DONE,
    ),
];

const DISCOVERY: &[Row] = &[
    row(
        "20",
        "Each of the three documents may be missing, forbidden, a page, a bare list, a single object or SCIM 1.1's",
        &[
            "discovery::no_document_that_is_missing_or_odd_stops_anything",
            "discovery::a_target_that_says_nothing_useful_is_taken_at_the_rfcs_word",
            "discovery::the_old_name_and_other_shapes_are_understood",
        ],
        "done; where no answer comes at all, nothing is sent before one does",
    ),
    row(
        "21",
        "Read word by word, what is missing turns nothing off; what is assumed is said; settings win",
        &[
            "discovery::a_document_without_bulk_turns_nothing_off",
            "discovery::each_word_is_read_by_itself",
            "discovery::what_was_assumed_is_said",
            "discovery::settings_win_over_the_target_in_both_directions",
        ],
        DONE,
    ),
    row(
        "22",
        "Believed for a day; after 501, `invalidPath` or an unknown schema asked again, at most once an hour",
        &[
            "discovery::a_description_is_asked_for_once_a_day",
            "discovery::a_refusal_that_contradicts_it_asks_sooner",
        ],
        DONE,
    ),
    row(
        "23",
        "Endpoints, extensions and attributes are the target's: what it lacks is not sent, what it needs is reported first",
        &[
            "discovery::collections_have_the_names_that_the_target_gives",
            "discovery::an_endpoint_cannot_lead_away_from_the_target",
            "discovery::what_the_schema_lacks_is_not_sent",
            "discovery::what_the_schema_needs_is_reported_before_anything_is_sent",
            "discovery::what_a_needed_extension_needs_is_reported_too",
        ],
        DONE,
    ),
    row("24", "Names in any case", &["discovery::names_are_understood_in_any_case"], DONE),
];

const READING: &[Row] = &[
    row(
        "25",
        "Names and URNs are read in any case, and written in the RFC's",
        &["reading::names_and_urns_are_read_in_any_case_and_written_in_the_rfcs"],
        DONE,
    ),
    row(
        "26",
        "Lists without `Resources`, totals, sizes, `schemas` or `meta`, or with wrong ones",
        &[
            "reading::lists_are_read_whatever_is_missing_of_them",
            "reading::what_is_no_list_is_an_error",
        ],
        DONE,
    ),
    row(
        "27",
        "Null, empty text, empty list and nothing are one",
        &["reading::null_empty_and_missing_mean_the_same"],
        DONE,
    ),
    row(
        "28",
        "Booleans as text, `active` missing, one value in place of a list, a manager as text",
        &["reading::values_in_looser_types_are_read", "reading::a_missing_active_counts_as_true"],
        DONE,
    ),
    row(
        "29",
        "What the target makes of a value is no difference, and never repaired again and again",
        &[
            "reading::what_the_target_made_of_a_value_is_no_difference",
            "reading::a_value_that_the_target_folds_is_repaired_once_at_most",
        ],
        "done, but when an existing account is adopted, a `display` in a value of ours, or another case, is written over once",
    ),
    row(
        "30",
        "Look-ups are checked here: no stranger is taken, several are an error, an ignored filter is seen",
        &[
            "reading::a_look_up_is_checked_here",
            "reading::two_of_ours_are_an_error",
            "knowledge::a_question_in_other_words_is_judged_like_the_first",
        ],
        DONE,
    ),
    row(
        "31",
        "Attributes and extensions that others added survive a PUT",
        &["reading::what_others_added_survives_a_put"],
        DONE,
    ),
];

const WRITING: &[Row] = &[
    row(
        "32",
        "A create sends no `id`, `meta` or `groups`; our id is sent, and not waited for",
        &[
            "writing::a_new_user_has_nothing_that_is_the_targets_to_give",
            "writing::our_id_is_sent_and_not_waited_for",
        ],
        DONE,
    ),
    row(
        "33",
        "Extensions under their URN, which stands in `schemas`; a manager by id, and later where he is not there yet",
        &[
            "writing::the_enterprise_extension_is_an_object_under_its_urn",
            "writing::a_manager_follows_when_he_has_an_account",
        ],
        DONE,
    ),
    row(
        "34",
        "Every dialect of PATCH, by setting or learnt from the answers",
        &[
            "dialects::a_path_for_each_attribute_is_the_first_guess",
            "dialects::one_object_without_a_path_by_setting",
            "dialects::operations_are_spelt_small_or_with_a_capital",
            "dialects::members_leave_by_filter_or_by_list",
            "dialects::values_go_by_remove_by_null_or_by_empty_text",
            "dialects::lists_change_value_by_value_or_as_a_whole",
            "dialects::booleans_are_json_or_text",
            "dialects::what_a_server_understands_is_learnt_from_its_answers",
            "dialects::a_way_to_clear_is_learnt",
            "dialects::a_server_that_understands_no_change_is_not_asked_for_ever",
        ],
        DONE,
    ),
    row(
        "35",
        "`noTarget`: what is gone already is left out, and the rest sent",
        &["dialects::what_is_gone_already_is_left_out"],
        DONE,
    ),
    row(
        "36",
        "Nothing is sent where nothing changes",
        &[
            "dialects::nothing_is_sent_for_nothing",
            "dialects::a_change_that_the_target_cannot_hold_is_no_request",
        ],
        DONE,
    ),
    row(
        "37",
        "Members by difference, in one request, at most N; never read, and never replaced as a whole",
        &[
            "members::a_change_of_members_is_the_difference_in_one_request",
            "members::no_request_names_more_members_than_the_target_takes",
            "members::every_limit_of_the_target_is_kept",
            "members::members_are_never_read_to_change_them",
            "members::the_whole_list_is_replaced_by_setting_only",
            "members::one_change_in_a_group_of_a_hundred_thousand_is_one_request",
        ],
        DONE,
    ),
    row(
        "38",
        "Members that a create drops follow by a change; where they are not shown, our own record is the truth",
        &[
            "members::members_that_a_create_drops_follow_by_a_change",
            "members::an_answer_with_fewer_members_is_heeded",
            "members::members_that_nobody_shows_are_known_here",
        ],
        DONE,
    ),
    row(
        "39",
        "Nobody is named before he is there; who leaves is named no more",
        &["writing::nobody_is_named_before_he_is_there", "writing::who_leaves_is_named_no_more"],
        "done; later: a field that says that a target nests no groups",
    ),
    row(
        "40",
        "Deleted, or switched off where the target or a setting has it so; found and switched on again",
        &[
            "writing::a_user_is_deleted_or_switched_off_by_what_the_target_can",
            "writing::a_deleted_account_that_was_only_switched_off_is_switched_on_again",
        ],
        "done; later: first one and then the other, and neither, with the policy of scopes",
    ),
    row(
        "41",
        "Without PATCH, PUT of what was read with the changes made; without PUT, PATCH",
        &["writing::a_method_that_is_not_there_is_replaced_by_the_other"],
        DONE,
    ),
    row(
        "42",
        "No attribute twice in a PATCH; a list of one keeps the preferred value; one value is preferred",
        &[
            "writing::an_operation_names_no_attribute_twice",
            "writing::a_list_of_one_keeps_the_preferred_value",
            "writing::one_value_is_the_preferred_one",
        ],
        DONE,
    ),
    row(
        "43",
        "No password is sent, none and no token is shown",
        &[
            "writing::no_password_and_no_token_leaves_or_is_shown",
            "secrets::no_error_of_the_scim_connector_shows_what_the_target_quotes",
        ],
        DONE,
    ),
];
