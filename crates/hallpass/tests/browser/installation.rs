//! An operator runs an installation, and an owner their organization: each page looked at, and
//! each thing done once with the keyboard of a person.

use thirtyfour::{By, prelude::ElementQueryable};

use crate::{browser::Browser, people::as_operator, site::Site};

/// The path of the link with these words.
async fn path_of(browser: &Browser, words: &str) -> String {
    let path = format!("//a[normalize-space(.)={words:?}]");
    let link = browser.driver.query(By::XPath(&path)).first().await.unwrap();
    link.attr("href").await.unwrap().unwrap()
}

#[tokio::test]
async fn an_operator_runs_the_installation() {
    let Some((browser, site)) = as_operator().await else { return };

    browser.open(&site.at("/apis/new")).await;
    browser.look("api-new").await;
    browser.fill("Name", "Books API").await;
    browser.fill("Audience", "books").await;
    browser.fill("Scopes", "books:read Read the catalogue\nbooks:write Change the catalogue").await;
    browser.click("Add API").await;
    browser.says("An audience is an absolute URI").await;
    browser.look("api-new-mistake").await;
    browser.fill("Audience", "https://books.example.com").await;
    browser.click("Add API").await;
    browser.says("The API is added").await;
    browser.look("apis").await;
    browser.click("Books API").await;
    browser.fill("Scopes", "books:read Read the catalogue").await;
    browser.click("Change API").await;
    browser.says("Nothing is changed yet").await;
    browser.look("api-change").await;
    browser.click("Change API").await;
    browser.says("The API is changed").await;

    browser.open(&site.at("/organizations/new")).await;
    browser.look("organization-new").await;
    browser.fill("Name", "Example Library").await;
    browser.click("Add organization").await;
    browser.says("Invite its first owner").await;
    browser.fill("E-mail", "ada@example.com").await;
    browser.look("members-empty").await;
    browser.click("Invite member").await;
    browser.says("Invitation for ada@example.com").await;
    browser.look("members-invited").await;
    browser.open(&site.at("/organizations")).await;
    browser.look("organizations").await;
    browser.click("Suspend").await;
    browser.look("organization-suspend").await;
    browser.fill("Type the organization's name to go on", "something else").await;
    browser.click("Suspend organization").await;
    browser.says("exactly as it is shown").await;
    browser.look("organization-suspend-mistake").await;
    browser.fill("Type the organization's name to go on", "Example Library").await;
    browser.click("Suspend organization").await;
    browser.says("all of its tokens are dead").await;
    browser.click("Resume").await;
    browser.says("its credentials get tokens again").await;

    browser.open(&site.at("/keys")).await;
    browser.click("Publish next key").await;
    browser.says("The next key is published").await;
    browser.look("keys").await;
    browser.click("Kill").await;
    browser.look("key-kill").await;

    browser.open(&site.at("/nodes")).await;
    browser.click("Verify audit log").await;
    browser.says("The audit log is whole").await;
    browser.look("nodes").await;
    browser.open(&site.at("/operators")).await;
    browser.fill("E-mail", "nina@example.com").await;
    browser.click("Add operator").await;
    browser.says("Link for nina@example.com").await;
    browser.look("operators").await;

    browser.open(&site.at("/audit")).await;
    browser.look("audit-of-all").await;
    browser.open(&site.at("/audit?kind=organization.")).await;
    browser.says("Suspended the organization").await;
    browser.open(&site.at("/audit?from=2020-01-01&to=2020-01-02")).await;
    browser.look("audit-nothing").await;
    // Without script, all of this works as well: one form stands for the rest.
    browser.allow_script(false).await;
    browser.open(&site.at("/keys")).await;
    browser.click("Publish next key").await;
    browser.says("The next key is published").await;
    browser.check_console("keys-without-script").await;
}

#[tokio::test]
async fn an_owner_runs_their_organization() {
    let Some(browser) = Browser::start().await else { return };
    let site = Site::start();
    site.ask(&["organization", "add", "Example Library"]);
    site.ask(&["organization", "set-policy", "Example Library", "--approval-required", "true"]);
    let api = ["api", "add", "Books API", "--audience", "https://books.example.com"];
    let words = ["--scope-description", "books:read=Read the catalogue"];
    site.ask(&[&api[..], &["--scope", "books:read", "--scope", "books:write"], &words].concat());
    // A developer asks for something, and leaves it to the owner.
    browser.join(&site, "dev@example.com", "Dev Example", "developer").await;
    let own = browser.path().await;
    let home = own.strip_suffix("/credentials").unwrap().to_owned();
    browser.open(&site.at(&format!("{home}/settings"))).await;
    browser.says("by an owner or admin").await;
    browser.look("settings-for-reading").await;
    browser.open(&site.at(&format!("{home}/members"))).await;
    browser.look("members-for-reading").await;
    add_credential(&browser, &site, &home).await;
    browser.sign_out_everywhere(&site).await;

    browser.join(&site, "ada@example.com", "Ada Example", "owner").await;
    browser.open(&site.at(&format!("{home}/approvals"))).await;
    browser.says("Nightly reports").await;
    browser.look("approvals").await;
    browser.click("Approve credential").await;
    browser.says("It gets tokens from now on").await;
    browser.look("approvals-empty").await;

    browser.open(&site.at(&format!("{home}/members"))).await;
    browser.look("members").await;
    let offboarding = path_of(&browser, "What they made").await;
    browser.open(&site.at(&offboarding)).await;
    browser.says("Nightly reports").await;
    browser.look("offboarding").await;

    browser.open(&site.at(&format!("{home}/settings"))).await;
    browser.look("settings").await;
    browser.fill("Longest life of a secret", "soon").await;
    browser.click("Save policy").await;
    browser.says("Give a whole number").await;
    browser.look("settings-mistake").await;
    browser.fill("Longest life of a secret", "90").await;
    browser.click("Save policy").await;
    browser.says("Saved.").await;

    browser.open(&site.at(&format!("{home}/settings/notices"))).await;
    browser.look("notices-empty").await;
    browser.click("Add webhook").await;
    browser.look("webhook-new").await;
    browser.fill("URL", "https://127.0.0.1:9/hook").await;
    browser.click("Add webhook").await;
    browser.says("It is shown only here").await;
    browser.look("webhook-secret").await;
    browser.click("I have kept it").await;
    browser.look("notices").await;
    browser.click("Send test").await;
    browser.says("A test is on its way").await;
    // It is an address inside, which is refused: the log says so.
    for _ in 0..100 {
        browser.open(&site.at(&format!("{home}/settings/deliveries"))).await;
        if browser.text().await.contains("next try") {
            break;
        }
    }
    browser.click("Tries").await;
    browser.says("the address is not public").await;
    browser.look("deliveries").await;
    browser.open(&site.at(&format!("{home}/settings/notices"))).await;
    browser.click("Edit").await;
    browser.look("webhook").await;

    browser.open(&site.at(&format!("{home}/audit"))).await;
    browser.says("Asked for approval of a credential").await;
    browser.look("audit").await;
}

/// Adds a credential as it is done without script: the secret is kept by hand.
async fn add_credential(browser: &Browser, site: &Site, home: &str) {
    browser.allow_script(false).await;
    browser.open(&site.at(&format!("{home}/credentials"))).await;
    browser.click("Add API credential").await;
    browser.fill("Name", "Nightly reports").await;
    browser.find("[name=stored][value='by hand']").await.click().await.unwrap();
    browser.click("Add credential").await;
    browser.says("waits for approval").await;
    browser.allow_script(true).await;
    browser.driver.refresh().await.unwrap();
    browser.look("credential-waiting").await;
}
