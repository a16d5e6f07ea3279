//! The page before something that kills: what it kills, in whole sentences, and a box into which a
//! name must be typed. A page of its own, so that it works without script and can be gone back
//! from.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use super::page::{self, Page};
use crate::web::error_page::PageError;

/// What is about to be killed.
#[derive(Debug, Template)]
#[template(path = "dashboard/certain.html")]
pub(super) struct Certain {
    /// The page; its title is the question.
    pub page: Page,
    /// What will happen, a sentence each.
    pub says: Vec<String>,
    /// Where the form goes.
    pub action: String,
    /// What must be typed.
    pub name: String,
    /// What that is: `the organization's name`.
    pub what: &'static str,
    /// What the button says.
    pub button: &'static str,
    /// The way back.
    pub back: String,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub wrong: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// The name, typed by hand.
    pub name: String,
}

impl Certain {
    /// Shows it.
    pub(super) fn show(self) -> Result<Response, PageError> {
        page::show(&Self { page: self.page.narrow(), ..self })
    }

    /// `None` if what was typed is the name; otherwise the page once more, which says so.
    pub(super) fn unless(mut self, typed: Typed) -> Option<Result<Response, PageError>> {
        if typed.name.trim() == self.name {
            return None;
        }
        self.wrong = format!("Type {} exactly as it is shown: {}", self.what, self.name);
        self.typed = typed.name;
        Some(page::again(&Self { page: self.page.narrow(), ..self }))
    }
}
