//! Signing in at one's own organization: a real browser between two real servers.

use crate::{browser::Browser, provider::Provider, site::Site};

impl Browser {
    /// Says to the provider who one is.
    async fn sign_in_at_the_provider(&self, name: &str) {
        self.find("input[name=login]").await.send_keys(name).await.unwrap();
        self.find("input[name=password]").await.send_keys("anything").await.unwrap();
        self.find("button[type=submit]").await.click().await.unwrap();
    }

    async fn ask_for_the_provider(&self, site: &Site, email: &str) {
        self.open(&site.at("/sign-in?next=/account")).await;
        self.click("Sign in at your organization").await;
        self.fill("Your e-mail there", email).await;
        self.click("Go to your organization").await;
    }
}

#[tokio::test]
async fn people_sign_in_at_their_organizations_provider() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    site.ask(&["organization", "add", "Example Library"]);
    let _provider = Provider::start(&site, "Example Library");

    browser.ask_for_the_provider(&site, "ada@elsewhere.example").await;
    browser.says("No organization signs in its people under this address.").await;
    browser.look("sign-in-no-organization").await;

    // A link on somebody else's page does not begin it: that is asked first.
    browser.ask_for_the_provider(&site, "ada@example.com").await;
    browser.says("Sign-in").await;
    let id = site.ask(&["organization", "list"])[0]["id"].as_str().unwrap().to_owned();
    let link = site.at(&format!("/sign-in/sso/{id}"));
    browser.value_of(&format!("location.assign({link:?})")).await;
    browser.says("signs in its people itself").await;
    // The provider's pages are its own.
    let _ = browser.driver.browser_log().await.unwrap();
    browser.look("sign-in-from-elsewhere").await;

    browser.ask_for_the_provider(&site, "ada@example.com").await;
    browser.says("Sign-in").await;
    browser.sign_in_at_the_provider("ada").await;
    // The provider asks for consent, once.
    browser.says("Continue").await;
    browser.find("button[type=submit]").await.click().await.unwrap();
    browser.says("ada Example").await;
    assert_eq!(browser.path().await, "/account");
    let members = site.ask(&["member", "list", "Example Library"]);
    assert_eq!(members["members"][0]["email"], "ada@example.com");
    assert_eq!(members["members"][0]["role"], "developer");

    // The provider's pages are its own.
    let _ = browser.driver.browser_log().await.unwrap();
    browser.open(&site.at("/confirm?next=/account/password")).await;
    browser.look("confirm-by-single-sign-on").await;
    browser.click("Sign in at your organization again").await;
    browser.says("Sign-in").await;
    browser.sign_in_at_the_provider("ada").await;
    browser.says("You stay signed in here").await;
    assert_eq!(browser.path().await, "/account/password");

    // Taken out is taken out, whatever the provider says.
    site.ask(&["member", "remove", "Example Library", "ada@example.com"]);
    browser.driver.delete_all_cookies().await.unwrap();
    browser.ask_for_the_provider(&site, "ada@example.com").await;
    browser.says("Sign-in").await;
    browser.sign_in_at_the_provider("ada").await;
    // It has forgotten the consent, too.
    browser.says("Continue").await;
    browser.find("button[type=submit]").await.click().await.unwrap();
    browser.says("You are not a member of this organization").await;
}
