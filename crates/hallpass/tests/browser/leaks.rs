//! The leak desk as a finder meets it, who is not signed in; and the API's reference.

use crate::{browser::Browser, site::Site};

#[tokio::test]
async fn a_finder_shows_a_secret_and_retires_it() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    site.ask(&["organization", "add", "Example Library"]);
    site.ask(&["api", "add", "Books", "--audience", "https://books.example", "--scope", "read"]);
    let add = ["credential", "add", "Reports", "--organization", "Example Library"];
    let made = site.ask(&[&add[..], &["--api", "Books"]].concat());
    let secret = made["client_secret"].as_str().unwrap();

    browser.open(&site.at("/leaks")).await;
    assert_eq!(browser.heading().await, "Leak desk");
    browser.look("leaks").await;
    browser.fill("Found text", "nothing of interest").await;
    browser.click("Check text").await;
    browser.says("nothing in it that looks like a secret").await;
    browser.look("leaks-nothing").await;

    let damaged = format!("{}x", &secret[..40]);
    browser.fill("Found text", &format!("KEY={secret} OLD={damaged}")).await;
    browser.click("Check text").await;
    browser.says("Having the secret is proof enough").await;
    assert_eq!(browser.heading().await, "What was found");
    browser.look("leaks-found").await;
    assert!(!browser.driver.source().await.unwrap().contains(secret), "the page repeats it");
    browser.click("Retire secret").await;
    browser.says("It is dead now").await;
    browser.look("leaks-retired").await;

    let shown = site.ask(&["credential", "show", "Reports"]);
    assert_eq!(shown["secrets"][0]["status"], "retired", "{shown}");
    browser.fill("Found text", secret).await;
    browser.click("Check text").await;
    browser.says("It opens nothing").await;
    browser.look("leaks-dead").await;
}

#[tokio::test]
async fn the_reference_of_the_api_is_a_page() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    browser.open(&site.at("/api/docs#not-found")).await;
    assert_eq!(browser.heading().await, "API reference");
    browser.look("api-reference").await;
    browser.click("POST /api/v1/credentials").await;
    browser.says("Its secret is in this answer").await;
}
