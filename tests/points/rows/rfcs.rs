//! What the RFCs ask of a client.

use super::{DONE, Row, Section, row};

pub(crate) const RFCS: Section = Section { title: "What the RFCs ask", rows: ROWS };

const ROWS: &[Row] = &[
    row(
        "Create",
        "POST with the schemas in use; the answer is the truth (RFC 7644 section 3.3)",
        &[
            "writing::the_enterprise_extension_is_an_object_under_its_urn",
            "few_requests::a_create_is_one_post_and_no_look",
            "scim2_wire::a_new_user_is_exactly_this_post",
        ],
        DONE,
    ),
    row(
        "Replace",
        "PUT of the whole, never of a part, and of nothing that only the target writes (section 3.5.1)",
        &[
            "reading::what_others_added_survives_a_put",
            "writing::a_method_that_is_not_there_is_replaced_by_the_other",
        ],
        DONE,
    ),
    row(
        "Patch",
        "Operations in order, `remove` with a path; 200 or 204 (section 3.5.2)",
        &[
            "dialects::a_path_for_each_attribute_is_the_first_guess",
            "transport::each_success_of_a_change_is_one",
            "scim2_wire::a_change_is_exactly_the_difference",
        ],
        DONE,
    ),
    row(
        "Delete",
        "204, later 404 (section 3.6)",
        &[
            "transport::each_success_of_a_delete_is_one",
            "rate::a_404_on_delete_is_success_by_the_targets_own_word_only",
        ],
        DONE,
    ),
    row(
        "Filter",
        "Values are escaped as JSON, then percent-encoded (section 3.4.2.2)",
        &[
            "transport::a_filter_is_encoded_without_plus_and_without_blanks_around_the_sign",
            "scim2_wire::f72_a_hostile_name_stays_one_literal_of_the_filter",
        ],
        "done; later: `.search`, and several look-ups in one filter",
    ),
    row(
        "Paths",
        "An attribute, a part of one, a value by filter, each with its URN (section 3.5.2)",
        &[
            "dialects::a_path_for_each_attribute_is_the_first_guess",
            "scim2_wire::a_change_is_exactly_the_difference",
        ],
        DONE,
    ),
    row("Bulk", "Several resources in one request (section 3.7)", &[], "later: Bulk"),
    row(
        "ETag",
        "`If-Match` with the version as it came, where versions count; after 412 read and merged (section 3.14)",
        &[
            "writing::a_version_goes_as_it_came_where_versions_count",
            "few_requests::an_update_of_another_version_costs_a_look_and_a_patch",
        ],
        "done; a DELETE goes without, as a leaver leaves",
    ),
    row(
        "Index paging",
        "On behind what came, until the total, an empty page or nobody new (section 3.4.2.4)",
        &[
            "paging::an_index_goes_on_behind_what_came",
            "paging::a_page_may_be_smaller_than_asked",
            "paging::a_total_that_is_missing_or_wrong_ends_no_list_early",
            "paging::the_last_page_over_again_is_the_end",
            "paging::an_empty_page_is_the_end",
            "paging::a_list_without_end_is_an_error",
            "paging::a_list_for_a_look_up_ends_too",
        ],
        DONE,
    ),
    row(
        "Cursor paging",
        "An empty cursor first, the same query and count on every page, anew when it expires (RFC 9865)",
        &[
            "paging::a_cursor_leads_through_the_pages",
            "paging::every_page_by_cursor_is_asked_for_alike",
            "paging::a_cursor_that_leads_to_itself_is_the_end",
            "paging::an_expired_cursor_begins_anew",
            "paging::a_target_that_pages_by_cursor_only_says_so",
        ],
        "done; who reads page by page begins anew himself",
    ),
    row(
        "Discovery",
        "Three documents, kept for a day; facts for thirty (RFC 7644 section 4)",
        &[
            "discovery::a_description_is_asked_for_once_a_day",
            "knowledge::the_next_connector_knows_what_the_last_one_learnt",
            "knowledge::another_target_is_believed_nothing_of_it",
            "knowledge::what_was_learnt_is_forgotten_after_thirty_days",
            "knowledge::what_was_kept_in_another_form_is_passed_over_and_forgotten",
            "knowledge::what_the_administrator_set_is_never_unlearnt",
        ],
        DONE,
    ),
    row(
        "Test of a connection",
        "What was found, assumed and set is told, without a trace; an account without rights is warned of",
        &[
            "knowledge::a_check_tells_what_was_found_assumed_and_set",
            "knowledge::a_check_changes_nothing",
            "knowledge::a_check_warns_of_an_account_that_may_see_nobody",
            "knowledge::a_check_that_cannot_sign_in_says_so",
        ],
        DONE,
    ),
    row(
        "Errors",
        "`scimType` of RFC 7644 and RFC 9865, in whatever shape (section 3.12)",
        &["rate::errors_are_read_in_every_shape", "rate::the_status_judges_before_the_words"],
        DONE,
    ),
    row(
        "Extensions",
        "Values under the URN (RFC 7643 section 3.3)",
        &[
            "writing::the_enterprise_extension_is_an_object_under_its_urn",
            "discovery::what_the_schema_lacks_is_not_sent",
        ],
        DONE,
    ),
    row(
        "Lists",
        "Values are told apart by type, else by value; one is preferred (RFC 7643 section 2.4)",
        &[
            "dialects::lists_change_value_by_value_or_as_a_whole",
            "writing::one_value_is_the_preferred_one",
        ],
        DONE,
    ),
    row(
        "Attribute selection",
        "`excludedAttributes=members` where members are not asked for; writes name no attributes, as some servers lose values by it",
        &["paging::a_list_of_groups_is_read_without_members"],
        DONE,
    ),
];
