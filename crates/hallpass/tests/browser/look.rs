//! Looking at a page: what holds for every page is checked here, and its pictures are taken.

use std::{env, fs, path::PathBuf, sync::LazyLock};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, NARROW, Theme, WIDE},
    pages,
};

/// axe-core, as `cargo xtask browser` installs it beside these tests.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/node_modules/axe-core/axe.min.js");
    fs::read_to_string(path).unwrap_or_else(|why| {
        panic!("{path}: {why}; `npm ci` in crates/hallpass/tests/browser installs it")
    })
});

/// What a page may weigh with all that it loads, in bytes.
const WEIGHT: u64 = 60 * 1024;

/// The rules of WCAG 2.2 AA, and what axe's authors advise beyond.
const RULES: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

impl Browser {
    /// Looks at the page that is open: without loading it again, so that what is shown once can
    /// be looked at too. `name` is that of its pictures.
    pub(crate) async fn look(&self, name: &str) {
        self.arrives(name, |path| pages::may_be_taken(name, path)).await;
        self.check_console(name).await;
        self.check_weight(name).await;
        for (width, theme) in [
            (NARROW, Theme::Light),
            (NARROW, Theme::Dark),
            (WIDE, Theme::Dark),
            (WIDE, Theme::Light),
        ] {
            self.show_at(width, theme).await;
            let seen = format!("{name} at {width} px, {}", theme.word());
            self.check_width(&seen, width).await;
            self.check_accessibility(&seen).await;
            self.keep_picture(&format!("{name}-{width}-{}.png", theme.word()), width).await;
        }
        self.check_console(name).await;
    }

    /// Nothing went wrong in the page: no script failed, nothing was missing, and the
    /// Content-Security-Policy had nothing to refuse.
    pub(crate) async fn check_console(&self, name: &str) {
        let here = self.driver.current_url().await.unwrap();
        let entries = self.driver.browser_log().await.unwrap();
        let wrong = entries.iter().filter(|entry| {
            let message = &entry.message;
            // The status of the page itself is for the test to judge.
            let is_own_status = message.contains("Failed to load resource")
                && message.starts_with(&format!("{here} "));
            !is_own_status && !matches!(entry.level.as_str(), "INFO" | "DEBUG" | "FINE")
        });
        let wrong: Vec<_> = wrong.map(|entry| &entry.message).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }

    /// What somebody waits for who has never been here: page, style, script and icon as they were
    /// sent, whether or not this browser had to ask for them.
    async fn check_weight(&self, name: &str) {
        let script = "const done = arguments[0];
             const kinds = ['navigation', 'resource'].flatMap((one) => performance.getEntriesByType(one));
             const sent = kinds.filter((one) => one.initiatorType !== 'fetch');
             const bytes = sent.reduce((sum, one) => sum + one.encodedBodySize, 0);
             fetch(document.querySelector('link[rel=icon]').href)
                .then((icon) => icon.blob()).then((icon) => done(bytes + icon.size));";
        let bytes = self.driver.execute_async(script, Vec::new()).await.unwrap();
        let bytes = bytes.json().as_u64().unwrap();
        println!("{name}: {:.1} KB", bytes as f64 / 1024.0);
        assert!((1000..=WEIGHT).contains(&bytes), "{name}: {bytes} bytes, and may have {WEIGHT}");
    }

    async fn check_width(&self, seen: &str, width: u32) {
        let wide = self.value_of("document.documentElement.scrollWidth").await;
        if wide.as_u64() != Some(width.into()) {
            let widest = "[...document.querySelectorAll('main *')]
                .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
                .map((one) => one.outerHTML.slice(0, 120))";
            panic!("{seen}: it is {wide} px wide: {:#?}", self.value_of(widest).await);
        }
    }

    async fn check_accessibility(&self, seen: &str) {
        self.driver.execute(AXE.as_str(), Vec::new()).await.unwrap();
        let script = "const [tags, done] = arguments;
             axe.run({ runOnly: tags, resultTypes: ['violations'] })
                .then((found) => done(found.violations), (why) => done(String(why)));";
        let found = self.driver.execute_async(script, vec![json!(RULES)]).await.unwrap();
        let found = found.json();
        let wrong: Vec<String> = match found.as_array() {
            Some(violations) => violations.iter().map(in_words).collect(),
            None => panic!("{seen}: axe did not run: {found}"),
        };
        assert!(wrong.is_empty(), "{seen}:\n{}", wrong.join("\n"));
    }

    async fn keep_picture(&self, file: &str, width: u32) {
        let Some(folder) = env::var_os("HALLPASS_SCREENSHOTS").map(PathBuf::from) else { return };
        // A window as high as the page, so that what sticks to its edges is where it belongs.
        let height = self.value_of("document.documentElement.scrollHeight").await;
        self.resize(width, height.as_u64().and_then(|height| height.try_into().ok()).unwrap())
            .await;
        // An address may name a part of the page.
        self.value_of("scrollTo(0, 0)").await;
        let params = json!({ "format": "png" });
        let picture = self.devtools("Page.captureScreenshot", params).await;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), bytes).unwrap();
    }
}

/// A finding of axe: the rule, and where it is broken.
fn in_words(violation: &Value) -> String {
    let nodes = violation["nodes"].as_array().unwrap();
    let nodes =
        nodes.iter().map(|node| format!("    {}\n      {}", node["html"], node["failureSummary"]));
    let nodes: Vec<_> = nodes.collect();
    format!("  {}: {}\n{}", violation["id"], violation["help"], nodes.join("\n"))
}
