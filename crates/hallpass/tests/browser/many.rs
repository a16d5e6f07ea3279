//! An organization with many credentials: the list is light, found in, and changed in one go.

use std::{fs, time::Instant};

use hallpass_store::sqlite;
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

/// Puts so many copies of the only credential behind the server's back: by its commands it would
/// take minutes.
fn multiply(site: &Site, copies: u32) {
    let columns = "organization_id, status, created_at, next_expiry_at, folded_tags";
    let sql = format!(
        "WITH RECURSIVE copies (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM copies WHERE number < {copies})
         INSERT INTO credentials (client_id, folded_name, document, {columns})
         SELECT 'hpc_' || printf('%022d', number), 'copy ' || number,
             replace(replace(document, client_id, 'hpc_' || printf('%022d', number)),
                 'Nightly reports', 'Copy ' || number), {columns}
         FROM credentials, copies"
    );
    assert_eq!(sqlite::edit(&site.database(), &sql).unwrap(), copies as usize);
}

#[tokio::test]
async fn a_hundred_thousand_are_listed_found_and_exported() {
    let Some((browser, site, _downloads)) = begin("developer").await else { return };
    add(&site, "Nightly reports");
    multiply(&site, 100_000);
    let begun = Instant::now();
    browser.open(&site.at("/")).await;
    let list = site.at(&browser.path().await);
    browser.says("50 of 100,001").await;
    browser.look("credentials-hundred-thousand").await;
    let looked = begun.elapsed();
    browser.click("Next page").await;
    browser.says("First page").await;
    browser.open(&format!("{list}?q=copy+77777")).await;
    browser.says("Copy 77777").await;
    browser.says("1 of 1 credential").await;
    let lines = "text.trim().split('\\n').length";
    let file = format!(
        "fetch({:?}).then(answer => answer.text()).then(text => {lines})",
        format!("{list}.csv")
    );
    assert_eq!(browser.value_of(&file).await, 100_002, "a head, and a line for each");
    println!("A list of 100,001: looked at in {looked:?}, all of it in {:?}", begun.elapsed());
}
