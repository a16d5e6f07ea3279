//! An organization with many credentials: the list is light, found in, and changed in one go.

use std::fs;

use serde_json::Value;
use thirtyfour::By;

use crate::{
    browser::Browser,
    credentials::{add, begin, downloaded, use_it},
    site::Site,
};

/// More than one page of the list.
const MANY: usize = 53;

async fn fill(site: &Site) {
    for number in 1..=MANY {
        let file = add(site, &format!("Nightly reports of branch {number:02}"));
        use_it(site, file["client_id"].as_str().unwrap()).await;
    }
}

/// Ticks the first few, and asks for something to be done with them.
async fn ask(browser: &Browser, list: &str, count: usize, deed: &str) {
    browser.open(list).await;
    let boxes = browser.driver.find_all(By::Css("[name=id][type=checkbox]:enabled")).await.unwrap();
    for one in boxes.iter().take(count) {
        one.click().await.unwrap();
    }
    browser.click(deed).await;
}

#[tokio::test]
async fn many_credentials_are_a_light_page_and_are_changed_together() {
    let Some((browser, site, downloads)) = begin("developer").await else { return };
    fill(&site).await;
    browser.open(&site.at("/")).await;
    let list = site.at(&browser.path().await);
    browser.says("50 of 53").await;
    browser.look("credentials-many").await;
    browser.click("Next page").await;
    browser.says("Nightly reports of branch 01").await;
    browser.open(&format!("{list}?q=nothing+of+ours")).await;
    browser.says("Nothing matches").await;
    browser.look("credentials-no-match").await;

    ask(&browser, &list, 2, "Pause…").await;
    browser.says("branch 53").await;
    browser.look("credentials-bulk-pause").await;
    browser.click("Pause credentials").await;
    browser.says("They get no tokens").await;

    ask(&browser, &list, 0, "Rotate…").await;
    browser.says("Tick at least one credential").await;
    browser.look("error-nothing-ticked").await;
    ask(&browser, &list, 3, "Rotate…").await;
    browser.says("Their other secrets end").await;
    browser.look("credentials-bulk-rotate").await;
    browser.click("Add new secrets").await;
    browser.says("New secrets").await;
    browser.look("credentials-rotated").await;
    browser.click("Download JSON").await;
    let file = fs::read_to_string(downloaded(downloads.path()).await).unwrap();
    let files: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(files.as_array().unwrap().len(), 3, "{files}");
}
