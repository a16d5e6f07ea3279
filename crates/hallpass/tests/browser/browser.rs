//! One Chromium, driven through chromedriver.

use std::{env, process::Command, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver, WebElement,
    extensions::query::{ElementQuery, ElementQueryable},
};

use crate::program::Program;

/// How wide a page is unless a test says otherwise.
pub(crate) const WIDE: u32 = 1280;

/// A phone in the hand.
pub(crate) const NARROW: u32 = 360;

const HEIGHT: u32 = 800;

/// How long a test waits for what must come. Reached only by failures.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A browser with an empty profile.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    // Ends before its folder goes.
    _chromedriver: Program,
    _folder: TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Otherwise the driver says goodbye to chromedriver on a blocked runtime, for a minute.
        // The group of processes ends with chromedriver anyway.
        let _ = self.driver.clone().leak();
    }
}

impl Browser {
    /// Starts one; `None` where there is none, and none is required.
    pub(crate) async fn start() -> Option<Self> {
        if Command::new("chromedriver").arg("--version").output().is_err() {
            let required = env::var_os("HALLPASS_BROWSER").is_some();
            assert!(!required, "chromedriver is not there; `cargo xtask test` installs it");
            println!("Skipped: there is no chromedriver; `cargo xtask test` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("chromedriver");
        // Profile and caches go where they are cleared away.
        command.arg("--port=0").env("TMPDIR", folder.path()).env("HOME", folder.path());
        let (chromedriver, port) = Program::start(command, |line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_headless().unwrap();
        wanted.set_no_sandbox().unwrap();
        wanted.set_disable_dev_shm_usage().unwrap();
        for argument in ["--lang=en", "--hide-scrollbars", "--disable-breakpad"] {
            wanted.add_arg(argument).unwrap();
        }
        wanted.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let driver = WebDriver::new(&url, wanted).await.unwrap();
        let browser = Self { driver, _chromedriver: chromedriver, _folder: folder };
        browser.show_at(WIDE, Theme::Light).await;
        Some(browser)
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn devtools(&self, method: &str, params: Value) -> Value {
        let answer = self.driver.cdp().send_raw(method, params).await;
        answer.unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    /// Shows pages in a window of this size.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Shows pages at this width and in this theme from now on.
    pub(crate) async fn show_at(&self, width: u32, theme: Theme) {
        self.resize(width, HEIGHT).await;
        let scheme = json!({ "name": "prefers-color-scheme", "value": theme.word() });
        // Nothing moves while it is looked at.
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let media = json!({ "features": [scheme, still] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Lets pages run script, or not, from the next one on.
    pub(crate) async fn allow_script(&self, allowed: bool) {
        let params = json!({ "value": !allowed });
        self.devtools("Emulation.setScriptExecutionDisabled", params).await;
    }

    /// Goes to an address.
    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// The element that a CSS selector finds.
    pub(crate) async fn find(&self, selector: &str) -> WebElement {
        self.found(By::Css(selector), selector).await
    }

    /// Clicks on the link or button that says this: the first that a person sees.
    pub(crate) async fn click(&self, words: &str) {
        let path =
            format!("//*[self::a or self::button or self::summary][normalize-space(.)={words:?}]");
        let query = self.driver.query(By::XPath(&path)).and_displayed();
        self.first(query, words).await.click().await.unwrap();
    }

    /// Types into the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let path = format!("//*[@id=//label[starts-with(normalize-space(.), {label:?})]/@for]");
        let field = self.found(By::XPath(&path), label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, words: &str) {
        let path = format!("//body[contains(normalize-space(.), {words:?})]");
        self.found(By::XPath(&path), words).await;
    }

    /// Waits until another page than that of this heading is there.
    pub(crate) async fn leaves(&self, heading: &str) {
        let path = format!("//h1[normalize-space(.)={heading:?}]");
        let query = self.driver.query(By::XPath(&path)).wait(PATIENCE, LOOK_EVERY);
        let gone = query.not_exists().await.unwrap();
        assert!(gone, "still at {heading:?}:\n{}", self.text().await);
    }

    /// Waits until it is there.
    async fn found(&self, by: By, what: &str) -> WebElement {
        self.first(self.driver.query(by), what).await
    }

    async fn first(&self, query: ElementQuery, what: &str) -> WebElement {
        match query.wait(PATIENCE, LOOK_EVERY).first().await {
            Ok(element) => element,
            Err(_) => panic!("no {what:?} in:\n{}", self.text().await),
        }
    }

    /// Waits until the browser has gone to this path. A click returns before the next page has
    /// come, so what a test then looks for must not be on both pages, or it must wait here.
    pub(crate) async fn arrive(&self, path: &str) {
        self.arrives(path, |found| found == path).await;
    }

    /// Waits until the browser has gone where it should be.
    pub(crate) async fn arrives(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let coming = async {
            while !is_there(&self.path().await) {
                looks.tick().await;
            }
        };
        if tokio::time::timeout(PATIENCE, coming).await.is_err() {
            panic!("at {} instead of {what}:\n{}", self.path().await, self.text().await);
        }
    }

    /// What the page says, as a person reads it.
    pub(crate) async fn text(&self) -> String {
        self.driver.find(By::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// The heading of the page.
    pub(crate) async fn heading(&self) -> String {
        self.find("h1").await.text().await.unwrap()
    }

    /// Where the browser is: path and query.
    pub(crate) async fn path(&self) -> String {
        let url = self.driver.current_url().await.unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path())
    }

    /// The value of a JavaScript expression.
    pub(crate) async fn value_of(&self, expression: &str) -> Value {
        let script = format!("return {expression}");
        self.driver.execute(script, Vec::new()).await.unwrap().json().clone()
    }
}

/// What a page is looked at in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
