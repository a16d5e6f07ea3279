//! The journey of an API customer: from signing in to a token in a few clicks, then a life of the
//! credential to its end. What the page says to paste is pasted into a real shell, with real curl.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use hallpass_core::{
    ApiId, ClientId,
    usage::{Ending, Sighting, Slot, Usage},
};
use hallpass_server::clock::{Clock, SystemClock};
use hallpass_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::By;

use crate::{
    browser::{Browser, NARROW, PATIENCE, Theme, WIDE},
    people::ORGANIZATION,
    site::Site,
};

/// A site with an API, and a browser in which somebody has just become a member.
pub(crate) async fn begin(role: &str) -> Option<(Browser, Site, TempDir)> {
    begin_at("https://books.example.com", role).await
}

/// The same with another audience of the API.
pub(crate) async fn begin_at(audience: &str, role: &str) -> Option<(Browser, Site, TempDir)> {
    let browser = Browser::start().await?;
    let site = Site::start();
    site.ask(&["organization", "add", ORGANIZATION]);
    let api = ["api", "add", "Books API", "--audience", audience];
    let words = ["--scope-description", "books:read=Read the catalogue"];
    let scopes = ["--scope", "books:read", "--scope", "books:write"];
    site.ask(&[&api[..], &scopes, &words].concat());
    browser.join(&site, "ada@example.com", "Ada Example", role).await;
    let downloads = tempfile::tempdir().unwrap();
    let allow = json!({ "behavior": "allow", "downloadPath": downloads.path() });
    browser.devtools("Browser.setDownloadBehavior", allow).await;
    Some((browser, site, downloads))
}

/// The one file that was downloaded, once it is whole.
pub(crate) async fn downloaded(folder: &Path) -> PathBuf {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let begun = Instant::now();
    loop {
        let files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        match files.as_slice() {
            [file] if file.extension().is_some_and(|end| end == "json") => return file.clone(),
            _ => assert!(begun.elapsed() < PATIENCE, "{files:?}"),
        }
        looks.tick().await;
    }
}

/// What a person would paste into a shell, in the folder with the file.
pub(crate) fn paste(folder: &Path, lines: &[String]) -> Value {
    let output =
        Command::new("sh").arg("-c").arg(lines.join("\n")).current_dir(folder).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {output:?}"))
}

pub(crate) async fn text_of(browser: &Browser, id: &str) -> String {
    // Waits for the page that has it: a click returns before the next page has come.
    let element = browser.find(&format!("#{id}")).await;
    element.prop("textContent").await.unwrap().unwrap()
}

pub(crate) async fn is_enabled(browser: &Browser, selector: &str) -> bool {
    browser.find(selector).await.is_enabled().await.unwrap()
}

#[tokio::test]
async fn the_form_is_good_in_every_state() {
    let Some((browser, _site, downloads)) = begin("developer").await else { return };
    browser.look("credentials-empty").await;
    browser.click("Add API credential").await;
    browser.look("credential-new").await;
    let secret = text_of(&browser, "client-secret").await;
    assert!(secret.starts_with("hps_"));

    // One sentence follows what is typed.
    browser.fill("Name", "Nightly reports").await;
    browser.says("“Nightly reports” may read the catalogue at Books API").await;
    browser.click("Download JSON").await;
    let file = downloaded(downloads.path()).await;
    assert_eq!(file.file_name().unwrap(), "hallpass-nightly-reports.json");
    // A mistake costs nothing, not even the secret's having been stored.
    browser.fill("Allowed addresses", "192.0.2.0/24\n10.0.0").await;
    browser.click("Add credential").await;
    browser.says("Line 2: “10.0.0” is no address").await;
    browser.says("You have stored the secret").await;
    browser.look("credential-new-mistake").await;
    browser.fill("Allowed addresses", "192.0.2.0/24").await;
    browser.click("Add credential").await;
    browser.says("Waiting for your first request").await;
    browser.look("credential-ready").await;
    // Back asks the browser for a page that was an answer to a form: it keeps no copy of it.
    browser.driver.back().await.unwrap();
    assert!(!browser.text().await.contains(&secret));
}

#[tokio::test]
async fn a_reload_shows_no_secret_and_offers_to_start_over() {
    let Some((browser, site, _downloads)) = begin("developer").await else { return };
    browser.click("Add API credential").await;
    let secret = text_of(&browser, "client-secret").await;
    browser.driver.refresh().await.unwrap();
    browser.says("The secret was shown once and is not here any more.").await;
    assert!(
        !browser.value_of("document.documentElement.outerHTML").await.to_string().contains(&secret)
    );
    browser.look("credential-new-reloaded").await;
    browser.click("Start over").await;
    let other = text_of(&browser, "client-secret").await;
    assert_ne!(other, secret);
    browser.open(&site.at("/")).await;
    browser.driver.back().await.unwrap();
    let whole = browser.value_of("document.documentElement.outerHTML").await.to_string();
    assert!(!whole.contains(&other), "Back brought the secret again");
}

#[tokio::test]
async fn all_of_it_works_without_script() {
    let Some((browser, site, downloads)) = begin("developer").await else { return };
    browser.allow_script(false).await;
    browser.open(&site.at("/")).await;
    browser.click("Add API credential").await;
    let secret = browser.find("#client-secret").await.text().await.unwrap();
    let id = browser.find("#client-id").await.text().await.unwrap();
    browser.fill("Name", "By hand").await;
    browser.click("Preview").await;
    browser.says("“By hand” may read the catalogue").await;
    assert_eq!(browser.find("#client-secret").await.text().await.unwrap(), secret);
    browser
        .find("noscript [name=stored], [name=stored][type=checkbox]")
        .await
        .click()
        .await
        .unwrap();
    browser.find("noscript button.primary:not([name])").await.click().await.unwrap();
    browser.says("Waiting for your first request").await;
    let curl = browser.find("#curl").await.text().await.unwrap();
    let answer = paste(downloads.path(), &[format!("export CLIENT_SECRET={secret}"), curl]);
    assert_eq!(answer["token_type"], "Bearer", "{answer}");
    browser.click("Go").await;
    assert!(browser.find("#snippet").await.text().await.unwrap().contains("clientcredentials"));
    browser.open(&site.at(&format!("{}/rotate", of(&site, &id)))).await;
    browser.click("Add secret").await;
    let new = browser.find("#client-secret").await.text().await.unwrap();
    assert_ne!(new, secret);
}

/// The path of a credential.
pub(crate) fn of(site: &Site, client_id: &str) -> String {
    let organizations = site.ask(&["organization", "list"]);
    let id = organizations[0]["id"].as_str().unwrap();
    format!("/organizations/{id}/credentials/{client_id}")
}

/// Three days of use as a program makes it that renews its token every twelve hours, and a few
/// refusals.
pub(crate) async fn use_it(site: &Site, client_id: &str) {
    let apis = site.ask(&["api", "list"]);
    let books = apis.as_array().unwrap().iter().find(|api| api["name"] == "Books API").unwrap();
    let api_id: ApiId = books["id"].as_str().unwrap().parse().unwrap();
    let client_id: ClientId = client_id.parse().unwrap();
    let now = SystemClock.now();
    let mut rows = Vec::new();
    for hours_ago in 1..(14 * 24) {
        let last_at = now.minus_secs(hours_ago * 3600);
        let weekday = (last_at.as_secs() / 86_400) % 7;
        let ending = if hours_ago % 31 == 0 { Ending::Refused } else { Ending::Issued };
        let count = if hours_ago % 12 == 0 { 9 - weekday } else { u64::from(hours_ago % 31 == 0) };
        let slot = Slot {
            client_id: client_id.clone(),
            secret: 0,
            api_id: (ending == Ending::Issued).then(|| api_id.clone()),
            ending,
            hour: last_at.as_secs() / 3600,
        };
        let last_address = Some("192.0.2.17".parse().unwrap());
        rows.extend((count > 0).then_some(Usage { slot, count, last_at, last_address }));
    }
    let store = site.store();
    store.record_usage(&rows).await.unwrap();
    let seen = [("192.0.2.17", "python-requests/2.32.3"), ("2001:db8::2a", "Go-http-client/2.0")];
    let seen = seen.map(|(address, library)| Sighting {
        client_id: client_id.clone(),
        address: Some(address.parse().unwrap()),
        library: library.into(),
        count: 57,
        first_at: now.minus_secs(14 * 86_400),
        last_at: now.minus_secs(3600),
    });
    store.record_sightings(&seen).await.unwrap();
}

/// Adds a credential at the command line, and returns its file.
pub(crate) fn add(site: &Site, name: &str) -> Value {
    let add = ["credential", "add", name, "--organization", ORGANIZATION, "--api", "Books API"];
    site.ask(&[&add[..], &["--tag", "nightly", "--note", "vault/reports"]].concat())
}

#[tokio::test]
async fn a_credential_is_watched_rotated_paused_revoked_and_deleted() {
    let Some((browser, site, downloads)) = begin("developer").await else { return };
    let file = add(&site, "Nightly reports");
    add(&site, "Loans importer");
    site.ask(&["credential", "pause", "Loans importer"]);
    let id = file["client_id"].as_str().unwrap();
    use_it(&site, id).await;
    browser.open(&site.at("/")).await;
    browser.look("credentials").await;
    let path = of(&site, id);
    look_at_tabs(&browser, &site.at(&path)).await;
    // On a phone they do not all fit: the one of the page is in sight.
    browser.show_at(NARROW, Theme::Light).await;
    browser.open(&site.at(&format!("{path}/danger"))).await;
    let sight = "document.querySelector('.tabs [aria-current]').getBoundingClientRect().right";
    assert!(browser.value_of(sight).await.as_f64().unwrap() <= NARROW.into());
    browser.show_at(WIDE, Theme::Light).await;

    // Rotate: both work, and the page tells how the traffic moves.
    browser.open(&site.at(&path)).await;
    browser.click("Rotate secret").await;
    browser.click("Add secret").await;
    browser.says("The new secret").await;
    browser.look("credential-rotating").await;
    browser.click("Download JSON").await;
    let new: Value =
        serde_json::from_str(&fs::read_to_string(downloaded(downloads.path()).await).unwrap())
            .unwrap();
    let old_secret = file["client_secret"].as_str().unwrap();
    let new_secret = new["client_secret"].as_str().unwrap();
    let curl = |secret: &str| {
        format!(
            "curl -s -u {id}:{secret} -d grant_type=client_credentials {}",
            site.at("/oauth/token")
        )
    };
    for secret in [old_secret, new_secret, new_secret] {
        assert_eq!(paste(downloads.path(), &[curl(secret)])["token_type"], "Bearer");
    }
    browser.says("of the tokens of the last 24 hours went to the new secret").await;
    browser.open(&site.at(&format!("{path}/secrets"))).await;
    browser.look("credential-secrets-two").await;
    // The old one leaked: its tokens die at once.
    let links = browser.driver.find_all(By::Css("a.button.danger")).await.unwrap();
    links[1].click().await.unwrap();
    browser.look("credential-leaked").await;
    browser.click("It leaked: kill it now").await;
    browser.says("The secret is retired, and its tokens are dead.").await;
    assert_eq!(paste(downloads.path(), &[curl(old_secret)])["error"], "invalid_client");
    assert_eq!(paste(downloads.path(), &[curl(new_secret)])["token_type"], "Bearer");
    end(&browser, &site.at(&path)).await;
    assert_eq!(paste(downloads.path(), &[curl(new_secret)])["error"], "invalid_client");
}

async fn look_at_tabs(browser: &Browser, url: &str) {
    for (tab, name) in [
        ("", "credential-overview"),
        ("?range=30d", "credential-overview-month"),
        ("/secrets", "credential-secrets"),
        ("/access", "credential-access"),
        ("/limits", "credential-limits"),
        ("/details", "credential-details"),
        ("/activity", "credential-activity"),
        ("/danger", "credential-danger"),
        ("/rotate", "credential-rotate"),
        ("/pause", "credential-pause"),
    ] {
        browser.open(&format!("{url}{tab}")).await;
        browser.look(name).await;
    }
}

/// Pauses, resumes, revokes and deletes the credential at this address.
async fn end(browser: &Browser, url: &str) {
    browser.open(url).await;
    browser.click("Pause…").await;
    browser.click("Pause credential").await;
    browser.says("It is paused.").await;
    browser.look("credential-paused").await;
    browser.click("Resume credential").await;
    browser.says("It gets tokens again").await;

    // Revoke wants the name, and shows that the feed has carried it; delete comes only then.
    browser.click("Danger zone").await;
    browser.fill("Type the name to revoke it", "nightly reports").await;
    browser.click("Revoke credential").await;
    browser.says("Type the name as it is").await;
    browser.check_console("credential-revoke-mistake").await;
    browser.fill("Type the name to revoke it", "Nightly reports").await;
    browser.click("Revoke credential").await;
    browser.says("The revocation feed has carried it").await;
    browser.look("credential-revoked").await;
    browser.click("Delete credential").await;
    browser.says("Deleted.").await;
    browser.says("1 of 1 credential").await;
}
