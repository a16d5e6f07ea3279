//! Those who use no mouse, and those who want nothing to move.

use serde_json::json;
use thirtyfour::{Key, TypingData};

use crate::{
    browser::Browser,
    credentials::{begin, downloaded},
};

/// More presses of Tab than any page has things to reach.
const PRESSES: usize = 80;

impl Browser {
    async fn press(&self, key: Key) {
        self.enter("" + key).await;
    }

    async fn enter(&self, keys: impl Into<TypingData>) {
        self.driver.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Walks on to what says this, or is labelled so. Each thing on the way shows that it has the
    /// focus.
    async fn walk_to(&self, words: &str) {
        let script = "(() => {
            const one = document.activeElement;
            const says = one.labels?.[0]?.textContent || one.textContent;
            const style = getComputedStyle(one);
            return [says.trim(), style.outlineStyle !== 'none' || one === document.body];
        })()";
        for _ in 0..PRESSES {
            self.press(Key::Tab).await;
            let found = self.value_of(script).await;
            assert_eq!(found[1], true, "the focus is not to be seen at {}", found[0]);
            if found[0].as_str().unwrap().starts_with(words) {
                return;
            }
        }
        panic!("Tab does not lead to {words:?} in:\n{}", self.text().await);
    }
}

#[tokio::test]
async fn the_keyboard_adds_a_credential() {
    let Some((browser, _site, downloads)) = begin("developer").await else { return };
    browser.walk_to("Add API credential").await;
    browser.press(Key::Enter).await;
    browser.says("Id and secret are made").await;
    browser.walk_to("Name").await;
    browser.enter("Nightly reports").await;
    browser.walk_to("Write books").await;
    browser.press(Key::Space).await;
    browser.says("read the catalogue and write books").await;
    browser.walk_to("Download JSON").await;
    browser.press(Key::Space).await;
    downloaded(downloads.path()).await;
    browser.walk_to("Add credential").await;
    browser.press(Key::Enter).await;
    browser.says("Waiting for your first request").await;
    browser.walk_to("Node.js").await;
    browser.press(Key::Enter).await;
    browser.says("openid-client").await;
}

#[tokio::test]
async fn nothing_moves_for_those_who_do_not_want_it() {
    let Some((browser, _site, _downloads)) = begin("developer").await else { return };
    browser.click("Add API credential").await;
    browser.fill("Name", "Nightly reports").await;
    browser.click("Download JSON").await;
    browser.click("Add credential").await;
    browser.says("Waiting for your first request").await;
    let moving = "document.getAnimations().length";
    let lasting = "Math.max(...[...document.querySelectorAll('*')].flatMap((one) =>
        getComputedStyle(one).transitionDuration.split(',').map(parseFloat)))";
    for (wanted, moves) in [("no-preference", true), ("reduce", false)] {
        let motion = json!({ "name": "prefers-reduced-motion", "value": wanted });
        browser.devtools("Emulation.setEmulatedMedia", json!({ "features": [motion] })).await;
        assert_eq!(browser.value_of(moving).await.as_u64().unwrap() > 0, moves, "{wanted}");
        assert_eq!(browser.value_of(lasting).await.as_f64().unwrap() > 0.0, moves, "{wanted}");
    }
}
