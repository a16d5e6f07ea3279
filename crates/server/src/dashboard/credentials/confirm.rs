//! The page before something that people may regret: what it does, in whole sentences, and one
//! button that does it. A page of its own, so that it works without script and can be gone back
//! from.

use askama::Template;
use axum::response::Response;

use crate::{
    dashboard::page::{self, Page},
    web::error_page::PageError,
};

/// What is about to be done.
#[derive(Template)]
#[template(path = "dashboard/credentials/confirm.html")]
pub(super) struct Confirm {
    /// The page; its title is the question.
    pub page: Page,
    /// What will happen, a sentence each.
    pub says: Vec<String>,
    /// Where the form goes.
    pub action: String,
    /// What comes with it unseen.
    pub hidden: Vec<(&'static str, String)>,
    /// What can be chosen, and the words above it.
    pub choices: Option<Choices>,
    /// What the button says.
    pub button: &'static str,
    /// How it looks.
    pub kind: &'static str,
    /// Its icon.
    pub icon: &'static str,
    /// The way back.
    pub back: String,
}

/// One of several.
#[derive(Debug)]
pub(super) struct Choices {
    /// The field.
    pub name: &'static str,
    /// The words above.
    pub legend: &'static str,
    /// Value, words and what they mean.
    pub options: Vec<(String, String, String)>,
    /// The place of the one that is chosen unless somebody chooses another.
    pub usual: usize,
}

impl Confirm {
    /// Shows it.
    pub(super) fn show(self) -> Result<Response, PageError> {
        page::show(&Self { page: self.page.narrow(), ..self })
    }
}
