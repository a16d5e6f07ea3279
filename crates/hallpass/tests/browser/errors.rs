//! Error pages of the real binary, and what must work on any page of it.

use crate::{browser::Browser, site::Site};

#[tokio::test]
async fn whoever_goes_astray_gets_a_page_that_helps() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    site.ask(&["organization", "add", "Example Library"]);
    browser.open(&site.at("/nothing-of-ours")).await;
    assert_eq!(browser.heading().await, "There is nothing here");
    browser.look("error-not-found").await;

    // Whoever is signed in stays in their frame, and finds the way on.
    browser.join(&site, "ada@example.com", "Ada Example", "developer").await;
    let home = browser.path().await;
    browser.open(&site.at(&format!("{home}/nothing-of-ours"))).await;
    assert_eq!(browser.heading().await, "There is nothing here");
    browser.says("Ada Example").await;
    browser.look("error-not-found-signed-in").await;
    browser.click("Credentials").await;
    browser.arrive(&home).await;
}

#[tokio::test]
async fn a_passkey_can_be_made_where_the_installation_lives() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    let authenticator = browser.add_authenticator().await;
    browser.open(&site.at("/nothing")).await;
    let script = "const done = arguments[0];
         const bytes = (n) => crypto.getRandomValues(new Uint8Array(n));
         navigator.credentials.create({ publicKey: {
             challenge: bytes(32),
             rp: { id: location.hostname, name: 'Hallpass' },
             user: { id: bytes(16), name: 'ada@example.com', displayName: 'Ada' },
             pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
         } }).then((made) => done(made.type), (why) => done(String(why)));";
    let made = browser.driver.execute_async(script, Vec::new()).await.unwrap();
    assert_eq!(made.json(), "public-key");
    assert_eq!(browser.passkeys(&authenticator).await.len(), 1);
}
