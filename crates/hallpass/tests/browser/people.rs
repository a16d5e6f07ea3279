//! People as they meet the dashboard: the first operator, an invitation, a passkey, a recovery
//! code, and the ways out.

use crate::{browser::Browser, site::Site};

/// The organization whose people are met.
pub(crate) const ORGANIZATION: &str = "Example Library";

/// What each of them signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl Browser {
    /// Follows an invitation as somebody new.
    pub(crate) async fn join(&self, site: &Site, email: &str, name: &str, role: &str) {
        let invite = ["member", "invite", ORGANIZATION, email, "--role", role];
        let link = site.ask(&invite)["link"].as_str().unwrap().to_owned();
        self.open(&link).await;
        self.fill("Your name", name).await;
        self.fill("A password", PASSWORD).await;
        self.click("Join").await;
        self.says(name).await;
    }

    pub(crate) async fn sign_out_everywhere(&self, site: &Site) {
        self.open(&site.at("/account/sessions")).await;
        self.click("Sign out everywhere").await;
        self.says("You are signed out.").await;
    }
}

/// A browser in which the first operator has just signed in.
pub(crate) async fn as_operator() -> Option<(Browser, Site)> {
    let browser = Browser::start().await?;
    let site = Site::start();
    browser.open(&site.set_up).await;
    browser.fill("Your name", "Olga Example").await;
    browser.fill("Your e-mail", "olga@example.com").await;
    browser.fill("A password", PASSWORD).await;
    browser.click("Set up Hallpass").await;
    browser.says("you are its operator").await;
    Some((browser, site))
}

#[tokio::test]
async fn the_first_operator_signs_in_by_passkey_and_recovery_code() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    let authenticator = browser.add_authenticator().await;

    browser.open(&site.set_up).await;
    browser.look("set-up").await;
    browser.fill("Your name", "Olga Example").await;
    browser.fill("Your e-mail", "olga@example.com").await;
    browser.fill("A password", "passwordpassword").await;
    browser.click("Set up Hallpass").await;
    browser.says("easily guessed").await;
    browser.look("set-up-mistake").await;
    browser.fill("A password", PASSWORD).await;
    browser.click("Set up Hallpass").await;
    browser.leaves("Set up Hallpass").await;
    browser.check_console("set-up-done").await;

    browser.open(&site.at("/account")).await;
    assert_eq!(browser.heading().await, "Account");
    browser.look("account").await;
    browser.click("Manage passkeys").await;
    browser.fill("A name for it", "Laptop").await;
    browser.look("passkeys").await;
    browser.click("Add passkey").await;
    browser.says("The passkey is added").await;
    browser.look("passkeys-with-one").await;

    browser.open(&site.at("/account")).await;
    browser.click("Make recovery codes").await;
    browser.look("recovery-codes").await;
    let codes = browser.find("#codes").await.text().await.unwrap();
    let codes: Vec<_> = codes.split_whitespace().collect();
    assert_eq!(codes.len(), 10);
    browser.open(&site.at("/account/sessions")).await;
    browser.look("sessions").await;

    browser.touch(&authenticator, false).await;
    browser.sign_out_everywhere(&site).await;
    browser.look("sign-in").await;
    browser.touch(&authenticator, true).await;
    browser.click("Sign in with a passkey").await;
    browser.leaves("Sign in").await;
    browser.check_console("signed-in-by-passkey").await;
    browser.open(&site.at("/account")).await;
    assert_eq!(browser.heading().await, "Account");

    // The browser offers the passkey where an address is typed; this one takes the first.
    browser.driver.delete_all_cookies().await.unwrap();
    browser.open(&site.at("/sign-in?next=/account/sessions")).await;
    browser.arrive("/account/sessions").await;
    browser.check_console("signed-in-by-a-passkey-that-was-filled-in").await;
    browser.touch(&authenticator, false).await;

    browser.sign_out_everywhere(&site).await;
    browser.click("Use a recovery code").await;
    browser.look("recover").await;
    browser.fill("E-mail", "olga@example.com").await;
    browser.fill("Recovery code", &codes[4].to_uppercase()).await;
    browser.click("Sign in").await;
    browser.says("the code is used up").await;
}

#[tokio::test]
async fn a_password_is_tried_proved_and_changed() {
    let Some((browser, site)) = as_operator().await else { return };
    browser.sign_out_everywhere(&site).await;
    browser.fill("E-mail", "olga@example.com").await;
    browser.fill("Password", "not this one").await;
    browser.click("Sign in").await;
    browser.says("The address or the password is wrong.").await;
    browser.look("sign-in-wrong").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign in").await;
    browser.leaves("Sign in").await;
    browser.check_console("signed-in").await;
    browser.open(&site.at("/confirm?next=/account/password")).await;
    browser.look("confirm").await;
    browser.fill("Your password", PASSWORD).await;
    browser.click("Continue").await;
    browser.look("set-password").await;
    browser.fill("New password", "seven purple otters knitting").await;
    browser.click("Set password").await;
    browser.says("The password is set.").await;
}

#[tokio::test]
async fn an_invitation_makes_a_member_without_script_too() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    site.ask(&["organization", "add", "Example Library"]);
    let invited =
        site.ask(&["member", "invite", "Example Library", "ada@example.com", "--role", "admin"]);
    let link = invited["link"].as_str().unwrap();
    browser.open(link).await;
    browser.look("invitation-new").await;
    browser.allow_script(false).await;
    browser.open(link).await;
    browser.fill("Your name", "Ada Example").await;
    browser.fill("A password", PASSWORD).await;
    browser.click("Join").await;
    browser.leaves("Join Example Library").await;
    browser.allow_script(true).await;
    let members = site.ask(&["member", "list", "Example Library"]);
    assert_eq!(members["members"][0]["email"], "ada@example.com");
    assert_eq!(members["members"][0]["role"], "admin");

    site.ask(&["organization", "add", "Example Museum"]);
    let invited = site.ask(&["member", "invite", "Example Museum", "ada@example.com"]);
    let link = invited["link"].as_str().unwrap();
    browser.open(link).await;
    browser.look("invitation-accept").await;
    browser.click("Accept invitation").await;
    browser.leaves("Join Example Museum").await;
    browser.check_console("joined").await;
    let members = site.ask(&["member", "list", "Example Museum"]);
    assert_eq!(members["members"][0]["role"], "developer");

    browser.open(&site.at("/account")).await;
    browser.look("account-of-member").await;
    browser.sign_out_everywhere(&site).await;
    let invited = site.ask(&["member", "invite", "Example Library", "bob@example.com"]);
    let bob = site.ask(&["operator", "add", "bob@example.com"]);
    browser.open(invited["link"].as_str().unwrap()).await;
    browser.look("invitation-known").await;
    browser.open(bob["link"].as_str().unwrap()).await;
    browser.look("sign-in-by-link").await;
    browser.click("Sign in").await;
    browser.says("the link is used up").await;
}
