//! Lists page by page: by index (RFC 7644 section 3.4.2.4) and by cursor (RFC 9865).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use outbound_provisioning::ErrorKind;
use outbound_provisioning::conformance::{Quirk, Scim2Target};
use outbound_provisioning::connector::PageRequest;
use outbound_provisioning::model::{Properties, ResourceKind, User};
use outbound_provisioning::transport::HttpRequest;
use serde_json::{Value, json};

use crate::site::{Site, answer, status};
use crate::target::{
    account, always, create, curious, find, learning, lines, look_up, pages, quiet, refusal,
    script, site_of, with,
};

tests![
    an_index_goes_on_behind_what_came,
    a_page_may_be_smaller_than_asked,
    a_total_that_is_missing_or_wrong_ends_no_list_early,
    the_last_page_over_again_is_the_end,
    an_empty_page_is_the_end,
    a_list_without_end_is_an_error,
    a_list_for_a_look_up_ends_too,
    a_cursor_leads_through_the_pages,
    every_page_by_cursor_is_asked_for_alike,
    a_cursor_that_leads_to_itself_is_the_end,
    an_expired_cursor_begins_anew,
    a_target_that_pages_by_cursor_only_says_so,
    a_list_of_groups_is_read_without_members,
];

fn full(count: usize, quirks: &[Quirk]) -> (Scim2Target, Vec<String>) {
    let target = with(quirks);
    let names: Vec<String> = (0..count).map(|number| format!("user{number}")).collect();
    (target, names)
}

async fn fill(target: &Scim2Target, names: &[String]) {
    let us = site_of(target).connect(quiet(json!({})));
    for name in names {
        create(&us, User::new(name.as_str(), name.as_str())).await.unwrap();
    }
}

/// Everybody whom all pages show, in order, and the requests.
async fn everybody(site: &Site, properties: Properties) -> (Vec<String>, Vec<String>) {
    let us = site.connect(properties);
    lines(site);
    let pages = pages(&us, 5_000).await.unwrap();
    let names = pages.iter().flat_map(|page| &page.resources).map(|remote| {
        remote.resource.as_deref().map(|user| user.name().to_owned()).unwrap_or_default()
    });
    (names.collect(), lines(site))
}

fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let query = request.uri().query()?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.to_owned())
}

// ---- by index ---------------------------------------------------------------------------------------------------

async fn an_index_goes_on_behind_what_came() {
    let (target, names) = full(25, &[]);
    fill(&target, &names).await;
    let (found, asked) = everybody(&site_of(&target), quiet(json!({ "max_count": 10 }))).await;
    assert_eq!(found, names);
    assert_eq!(
        asked,
        [
            "GET /Users?startIndex=1&count=10",
            "GET /Users?startIndex=11&count=10",
            "GET /Users?startIndex=21&count=10",
        ]
    );
}

async fn a_page_may_be_smaller_than_asked() {
    let (target, names) = full(12, &[Quirk::PageSize(5), Quirk::WrongItemsPerPage]);
    fill(&target, &names).await;
    let (found, asked) = everybody(&site_of(&target), quiet(json!({}))).await;
    assert_eq!(found, names);
    assert_eq!(asked.len(), 3, "by what came, and not by what was asked for: {asked:?}");
}

async fn a_total_that_is_missing_or_wrong_ends_no_list_early() {
    for quirk in [Quirk::NoTotalResults, Quirk::TextTotalResults, Quirk::LowerCaseListKey] {
        let (target, names) = full(12, &[Quirk::PageSize(5), quirk]);
        fill(&target, &names).await;
        let (found, _) = everybody(&site_of(&target), quiet(json!({}))).await;
        assert_eq!(found, names, "{quirk:?}");
    }
}

async fn the_last_page_over_again_is_the_end() {
    // Without a total, what stands behind the last page is asked for, and is the first page again.
    for count in [10, 12] {
        let (target, names) =
            full(count, &[Quirk::PageSize(5), Quirk::PagesRepeat, Quirk::NoTotalResults]);
        fill(&target, &names).await;
        let us = site_of(&target).connect(quiet(json!({})));
        let pages = pages(&us, 10).await;
        let pages = pages.unwrap_or_else(|error| panic!("{error}"));
        let shown: BTreeSet<_> = pages
            .iter()
            .flat_map(|page| &page.resources)
            .map(|remote| remote.id.as_str().to_owned())
            .collect();
        assert_eq!(shown.len(), count);
    }
    // One that ignores the index shows the same page for ever.
    let same: Vec<Value> = (0..5).map(|number| account(&format!("r-{number}"), "x", "y")).collect();
    let site = always(200, json!({ "totalResults": 100, "Resources": same }));
    assert_eq!(pages(&site.connect(quiet(json!({}))), 10).await.unwrap().len(), 2);
}

async fn an_empty_page_is_the_end() {
    let one = [account("r-1", "u-1", "ada")];
    let site = script([
        answer(200, &[], json!({ "totalResults": 700, "Resources": one })),
        answer(200, &[], json!({ "totalResults": 700, "Resources": [] })),
    ]);
    assert_eq!(pages(&site.connect(quiet(json!({}))), 10).await.unwrap().len(), 2);
}

/// Always somebody new, and never an end.
fn endless(cursor: bool) -> Site {
    let count = AtomicUsize::new(0);
    Site::new(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed);
        let id = format!("r-{number}");
        let mut page = json!({ "Resources": [account(&id, &id, &id)] });
        if cursor {
            page["nextCursor"] = format!("c{number}").into();
        }
        Ok(answer(200, &[], page))
    })
}

async fn a_list_without_end_is_an_error() {
    for paging in ["index", "cursor"] {
        let site = endless(paging == "cursor");
        let us = site.connect(quiet(json!({ "paging": paging })));
        let error = pages(&us, 200_000).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{paging}");
        assert!(error.message().contains("no end"), "{error}");
        assert_eq!(site.counts(), (0, 1_000), "{paging}");
    }
    // Two pages in turn are no end either.
    let turn = AtomicUsize::new(0);
    let site = Site::new(move |_| {
        let id = format!("r-{}", turn.fetch_add(1, Ordering::Relaxed) % 2);
        Ok(answer(200, &[], json!({ "Resources": [account(&id, &id, &id)] })))
    });
    assert!(pages(&site.connect(quiet(json!({}))), 200_000).await.is_err());
}

async fn a_list_for_a_look_up_ends_too() {
    for paging in ["index", "cursor"] {
        let site = endless(paging == "cursor");
        let us = site.connect(quiet(json!({ "paging": paging, "user_filters": [] })));
        let error = find(&us).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(site.counts().1 <= 1_000);
    }
    // And sees everybody before that.
    let (target, names) = full(30, &[Quirk::PageSize(7), Quirk::NoFilter(400)]);
    fill(&target, &names).await;
    let us = site_of(&target).connect(learning());
    let found = look_up(&us, ResourceKind::User, "user29", "user29").await.unwrap();
    assert_eq!(found.len(), 1);
}

// ---- by cursor --------------------------------------------------------------------------------------------------

/// Three pages of two, strictly by cursor.
fn by_cursor() -> Site {
    Site::new(|request| {
        if request.uri().path().ends_with("/ServiceProviderConfig") {
            let config =
                json!({ "pagination": { "cursor": true, "index": false, "maxPageSize": 2 } });
            return Ok(answer(200, &[], config));
        }
        if !request.uri().path().ends_with("/Users") {
            return Ok(status(404));
        }
        if parameter(request, "startIndex").is_some() {
            return Ok(refusal(501, ""));
        }
        if !matches!(parameter(request, "count").as_deref(), Some("1" | "2")) {
            return Ok(refusal(400, "invalidCount"));
        }
        let page = match parameter(request, "cursor").as_deref() {
            Some("") => 0,
            Some("a%2Bb%26c%3D") => 1,
            Some("last%20one") => 2,
            _ => return Ok(refusal(400, "invalidCursor")),
        };
        let next = [json!("a+b&c="), json!("last one"), Value::Null][page].clone();
        let accounts: Vec<Value> = (2 * page..2 * page + 2)
            .map(|number| account(&format!("r-{number}"), "x", &format!("user{number}")))
            .collect();
        Ok(answer(200, &[], json!({ "nextCursor": next, "Resources": accounts })))
    })
}

async fn a_cursor_leads_through_the_pages() {
    let (found, _) =
        everybody(&by_cursor(), quiet(json!({ "paging": "cursor", "max_count": 2 }))).await;
    assert_eq!(found, ["user0", "user1", "user2", "user3", "user4", "user5"]);
}

async fn every_page_by_cursor_is_asked_for_alike() {
    let (_, asked) =
        everybody(&by_cursor(), quiet(json!({ "paging": "cursor", "max_count": 2 }))).await;
    assert_eq!(
        asked,
        [
            "GET /Users?cursor=&count=2",
            "GET /Users?cursor=a%2Bb%26c%3D&count=2",
            "GET /Users?cursor=last%20one&count=2",
        ]
    );
}

async fn a_cursor_that_leads_to_itself_is_the_end() {
    let site =
        always(200, json!({ "nextCursor": "same", "Resources": [account("r-1", "u-1", "ada")] }));
    let us = site.connect(quiet(json!({ "paging": "cursor" })));
    assert_eq!(pages(&us, 10).await.unwrap().len(), 2);
}

async fn an_expired_cursor_begins_anew() {
    let page = |next: Value, name: &str| {
        answer(200, &[], json!({ "nextCursor": next, "Resources": [account(name, name, name)] }))
    };
    let site = script([
        page(json!("c"), "bob"),
        refusal(400, "expiredCursor"),
        page(json!("d"), "bob"),
        page(Value::Null, "u-1"),
    ]);
    let us = site.connect(quiet(json!({ "paging": "cursor", "user_filters": [] })));
    assert_eq!(find(&us).await.unwrap().len(), 1);
    assert_eq!(
        lines(&site),
        [
            "GET /Users?cursor=&count=100",
            "GET /Users?cursor=c&count=100",
            "GET /Users?cursor=&count=100",
            "GET /Users?cursor=d&count=100",
        ]
    );
    // But not for ever.
    let mut answers = Vec::new();
    for _ in 0..50 {
        answers.extend([page(json!("c"), "bob"), refusal(400, "expiredCursor")]);
    }
    let site = script(answers);
    let us = site.connect(quiet(json!({ "paging": "cursor", "user_filters": [] })));
    find(&us).await.unwrap_err();
    assert!(site.counts().1 <= 10);
    // Who reads page by page is told.
    let site = script([page(json!("c"), "bob"), refusal(400, "expiredCursor")]);
    let us = site.connect(quiet(json!({ "paging": "cursor" })));
    let error = pages(&us, 10).await.unwrap_err();
    assert!(error.message().contains("expiredCursor"), "{error}");
}

async fn a_target_that_pages_by_cursor_only_says_so() {
    let (found, asked) = everybody(&by_cursor(), curious()).await;
    assert_eq!(found.len(), 6);
    assert!(asked.contains(&"GET /Users?cursor=&count=2".to_owned()), "{asked:?}");
    assert!(!asked.iter().any(|line| line.contains("startIndex")));
    // The test of the connection goes the same way.
    by_cursor().connect(curious()).connector.check().await.unwrap();
}

async fn a_list_of_groups_is_read_without_members() {
    let site = always(200, json!({ "totalResults": 0 }));
    let us = site.connect(quiet(json!({})));
    us.connector.list(&PageRequest::first(ResourceKind::Group)).await.unwrap();
    assert_eq!(lines(&site), ["GET /Groups?startIndex=1&count=100&excludedAttributes=members"]);
}
