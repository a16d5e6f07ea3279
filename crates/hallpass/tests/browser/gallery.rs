//! Every part that pages are made of, looked at, used by keyboard and without script.

use std::sync::Arc;

use hallpass_core::{audit::Actor, vault::MasterKey};
use hallpass_server::{
    App, Config, LiveDirectory,
    clock::{Clock, SystemClock},
    dashboard::gallery,
    first_start,
};
use hallpass_store::{SqliteStore, sqlite::Options};
use tempfile::TempDir;
use thirtyfour::Key;
use tokio::net::TcpListener;

use crate::browser::{Browser, NARROW, Theme};

/// A server in this process that has the gallery.
struct Gallery {
    url: String,
    _folder: TempDir,
}

impl Gallery {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("hallpass.db");
        let store = Arc::new(SqliteStore::open(&database, Options::default()).unwrap());
        let (master, clock) = (MasterKey::from_entropy([7; 32]), Arc::new(SystemClock));
        let actor = Actor::Operator { name: "tester".to_owned() };
        first_start::open_vault(&*store, &master, &actor, clock.now()).await.unwrap();
        let live = LiveDirectory::load(store.clone(), &master, clock.clone(), 3600).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let config = Config { issuer: url.clone(), ..Config::default() };
        let app = App::new(config, clock, store, live);
        let router = gallery::router(&app);
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, _folder: folder }
    }

    fn at(&self, path: &str) -> String {
        format!("{}/gallery{path}", self.url)
    }
}

#[tokio::test]
async fn all_parts_hold_in_both_themes_and_at_both_widths() {
    let Some(browser) = Browser::start().await else { return };
    let gallery = Gallery::start().await;
    for (path, name) in [("", "parts"), ("/list", "list"), ("/form", "form")] {
        browser.open(&gallery.at(path)).await;
        browser.look(&format!("gallery-{name}")).await;
    }
    for name in [
        "forbidden",
        "conflict",
        "bad-input",
        "cross-site",
        "too-many",
        "unavailable",
        "uncertain",
        "internal",
    ] {
        browser.open(&gallery.at(&format!("/errors/{name}"))).await;
        browser.look(&format!("error-{name}")).await;
    }
}

#[tokio::test]
async fn a_form_says_what_is_wrong_and_a_good_one_leads_on() {
    let Some(browser) = Browser::start().await else { return };
    let gallery = Gallery::start().await;
    for script in [true, false] {
        browser.allow_script(script).await;
        browser.open(&gallery.at("/form")).await;
        browser.fill("E-mail", "ada").await;
        browser.click("Sign in").await;
        let field = browser.find("[aria-invalid=true]").await;
        assert_eq!(field.prop("value").await.unwrap().as_deref(), Some("ada"));
        let described = field.attr("aria-describedby").await.unwrap().unwrap();
        let said = browser.find(&format!("#{described}")).await.text().await.unwrap();
        assert_eq!(said, "An e-mail address has an @, as in ada@example.com");
        if script {
            browser.look("gallery-form-again").await;
        }
        browser.fill("E-mail", "ada@example.com").await;
        browser.click("Sign in").await;
        browser.arrive("/gallery").await;
        assert_eq!(browser.find(".flash").await.text().await.unwrap(), "Saved.");
        browser.driver.refresh().await.unwrap();
        let flashes = browser.driver.find_all(thirtyfour::By::Css(".flash")).await.unwrap();
        assert!(flashes.is_empty(), "a message is said once");
    }
}

#[tokio::test]
async fn what_is_copied_is_what_is_shown() {
    let Some(browser) = Browser::start().await else { return };
    let gallery = Gallery::start().await;
    let both = ["clipboardReadWrite", "clipboardSanitizedWrite"];
    let grant = serde_json::json!({ "origin": gallery.url, "permissions": both });
    browser.devtools("Browser.grantPermissions", grant).await;
    browser.open(&gallery.at("")).await;
    let button = browser.find("[data-copy=client-id]").await;
    button.click().await.unwrap();
    browser.find("[data-copy=client-id][data-done]").await;
    let script = "navigator.clipboard.readText().then(arguments[0], arguments[0])";
    let copied = browser.driver.execute_async(script, Vec::new()).await.unwrap();
    let shown = browser.find("#client-id").await.text().await.unwrap();
    assert_eq!(copied.json(), &shown);

    browser.allow_script(false).await;
    browser.driver.refresh().await.unwrap();
    let button = browser.find("[data-copy=client-id]").await;
    assert!(!button.is_displayed().await.unwrap(), "a button that does nothing is not shown");
    assert_eq!(browser.find("#client-id").await.text().await.unwrap(), shown);
}

#[tokio::test]
async fn the_keyboard_reaches_everything() {
    let Some(browser) = Browser::start().await else { return };
    let gallery = Gallery::start().await;
    browser.open(&gallery.at("")).await;
    let press = async |key: Key| {
        browser.driver.active_element().await.unwrap().send_keys("" + key).await.unwrap();
    };
    press(Key::Tab).await;
    let first = browser.driver.active_element().await.unwrap();
    assert_eq!(first.text().await.unwrap(), "Skip to content");
    let dialog = async || browser.find("#pause").await.is_displayed().await.unwrap();
    browser.find("[commandfor=pause][command=show-modal]").await.focus().await.unwrap();
    press(Key::Enter).await;
    assert!(dialog().await);
    browser.look("gallery-dialog").await;
    press(Key::Escape).await;
    assert!(!dialog().await);
}

#[tokio::test]
async fn the_navigation_opens_on_a_phone_without_script() {
    let Some(browser) = Browser::start().await else { return };
    let gallery = Gallery::start().await;
    browser.allow_script(false).await;
    browser.show_at(NARROW, Theme::Light).await;
    browser.open(&gallery.at("/list")).await;
    assert!(!browser.find("#sidebar").await.is_displayed().await.unwrap());
    browser.find("[aria-label='Open navigation']").await.click().await.unwrap();
    assert!(browser.find("#sidebar").await.is_displayed().await.unwrap());
    let current = browser.find("#sidebar [aria-current=page]").await;
    assert_eq!(current.text().await.unwrap(), "Credentials");
}
