//! The list: what it shows, what its address asks for, and its file.

use hallpass_core::{
    Timestamp,
    permission::Role,
    usage::{Ending, Slot, Usage},
};
use hallpass_store::Store;
use http::StatusCode;
use insta::assert_snapshot;

use super::{Browser, list};
use crate::{
    ask::Answer,
    node::{NOW, Node, api_id, client_id},
};

/// The names of the credentials on a page, in its order.
fn names(page: &Answer) -> Vec<String> {
    let links = page.text().split("<a class=\"name\"").skip(1);
    let name = |link: &str| {
        let (_, rest) = link.split_once('>').unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    links.map(name).collect()
}

fn next(page: &Answer) -> Option<String> {
    let (before, _) = page.text().split_once("\" rel=\"next\"")?;
    let href = before.rsplit("href=\"").next()?;
    Some(href.replace("&#38;", "&"))
}

#[tokio::test]
async fn an_organization_without_credentials_is_shown_the_way_to_its_first() {
    let node = Node::start().await;
    let owner = node.member_elsewhere("olga", Role::Owner).await;
    let auditor = node.member_elsewhere("amir", Role::Auditor).await;
    let path = format!("/organizations/{}/credentials", crate::people::other_organization_id());
    let page = Browser::of(&node, &owner).await.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Your first credential"));
    assert!(page.text().contains("https://auth.example.com/oauth/token"));
    assert!(page.text().contains("Add API credential</button>"));
    let page = Browser::of(&node, &auditor).await.get(&path).await;
    assert!(!page.text().contains("Add API credential</button>"));
}

#[tokio::test]
async fn the_address_says_what_is_shown() {
    let node = Node::start()
        .with_credential_that("a", |settings| {
            settings.name = "Monthly reports".parse().unwrap();
            settings.tags = vec!["finance".parse().unwrap()];
        })
        .with_credential_that("b", |settings| settings.name = "Nightly <b>".parse().unwrap())
        .with_pending("c")
        .await;
    let browser = Browser::of(&node, &node.member("ada", Role::Auditor).await).await;
    let id = client_id("a").to_string();
    for (query, wanted) in [
        ("?q=REPORTS", &["Monthly reports"][..]),
        (&format!("?q={id}"), &["Monthly reports"]),
        ("?tag=Finance", &["Monthly reports"]),
        ("?status=pending", &["c"]),
        ("?status=revoked", &[]),
        ("?q=%3Cb%3E", &["Nightly &#60;b&#62;"]),
        ("?q=nothing", &[]),
    ] {
        let page = browser.get(&format!("{}{query}", list())).await;
        assert_eq!(names(&page), wanted, "{query}");
        assert_eq!(page.text().contains("Nothing matches"), wanted.is_empty(), "{query}");
        assert!(!page.text().contains("<b>"));
    }
    let page = browser.get(&format!("{}?q=a%26b&status=active", list())).await;
    assert!(page.text().contains("value=\"a&#38;b\""), "{}", page.text());
    assert!(page.text().contains(".csv?q=a%26b&#38;status=active"), "{}", page.text());
    assert!(page.text().contains("<option value=\"active\" selected>"));
}

#[tokio::test]
async fn pages_follow_each_other_and_miss_nobody() {
    let mut start = Node::start();
    for number in 0..120 {
        start = start.with_credential(&format!("c{number:03}"));
    }
    let node = start.await;
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let (mut path, mut seen) = (list(), Vec::new());
    loop {
        let page = browser.get(&path).await;
        assert!(page.text().contains("of 121 credentials"), "{}", page.text());
        assert_eq!(page.text().contains("First page"), path != list());
        seen.extend(names(&page));
        match next(&page) {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(seen.len(), 121);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 121);
    let nonsense = browser.get(&format!("{}?after=x&status=what&q=", list())).await;
    assert_eq!(names(&nonsense).len(), 50);
}

fn used(name: &str, secret: u16, at: Timestamp, count: u64) -> Usage {
    let slot = Slot {
        client_id: client_id(name),
        secret,
        api_id: Some(api_id("books")),
        ending: Ending::Issued,
        hour: at.as_secs() / 3600,
    };
    Usage { slot, count, last_at: at, last_address: Some("192.0.2.7".parse().unwrap()) }
}

#[tokio::test]
async fn a_row_tells_state_use_and_secrets() {
    let node = Node::start()
        .with_credential_that("a", |settings| {
            settings.expires_at = Some(NOW.plus_secs(12 * 86_400 + 60));
        })
        .await;
    let rows = [used("a", 0, NOW.minus_secs(7200), 40), used("a", 0, NOW.minus_secs(86_400), 2)];
    node.store.record_usage(&rows).await.unwrap();
    let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
    let page = browser.get(&list()).await;
    let row = page.text().split("<tr>").find(|row| row.contains(">a</a>")).unwrap();
    let id = client_id("a").to_string();
    for part in [
        ">Expiring<",
        "1 usable",
        "in 12 days",
        "2 hours ago",
        "192.0.2.7",
        "42 tokens in the last 14 days",
        &format!("value=\"{id}\""),
        &format!("{}…{}", &id[..8], &id[id.len() - 4..]),
        "tester",
    ] {
        assert!(row.contains(part), "{part} in {row}");
    }
}

#[tokio::test]
async fn a_page_of_the_list_asks_the_store_as_often_as_one_row_does() {
    let asked = async |credentials: usize| {
        let mut start = Node::start();
        for number in 0..credentials {
            start = start.with_credential(&format!("c{number}"));
        }
        let node = start.await;
        let browser = Browser::of(&node, &node.member("ada", Role::Developer).await).await;
        let before = node.store.counts().statements;
        assert_eq!(browser.get(&list()).await.status, StatusCode::OK);
        node.store.counts().statements - before
    };
    assert_eq!(asked(1).await, asked(40).await);
}

#[tokio::test]
async fn the_file_has_every_row_and_no_formula() {
    let mut start = Node::start().with_credential_that("evil", |settings| {
        settings.name = "=HYPERLINK(\"https://evil.example\")".parse().unwrap();
        settings.tags = vec!["@SUM(A1)".parse().unwrap()];
        settings.description = "+1,2".parse().unwrap();
    });
    for number in 0..60 {
        start = start.with_credential(&format!("c{number}"));
    }
    let node = start.await;
    let browser = Browser::of(&node, &node.member("ada", Role::Auditor).await).await;
    let file = browser.get(&format!("{}.csv", list())).await;
    assert_snapshot!(file.header("content-type"), @"text/csv; charset=utf-8");
    assert_snapshot!(file.header("content-disposition"), @r#"attachment; filename="credentials.csv""#);
    assert_snapshot!(file.header("cache-control"), @"no-store");
    assert_eq!(file.text().lines().count(), 63);
    let narrow = browser.get(&format!("{}.csv?q=hyperlink", list())).await;
    let line = narrow.text().lines().nth(1).unwrap();
    let line = line.replace(client_id("evil").as_str(), "[id]");
    assert_snapshot!(line, @r#""'=HYPERLINK(""https://evil.example"")",[id],active,books,books:read books:write,1,,,,0,"'@SUM(A1)",2025-11-24T16:00:00Z,tester,"'+1,2""#);
}
