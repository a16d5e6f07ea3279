//! Name and policy. A policy holds for what is made or changed from now on.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hallpass_core::{Conflict, organization::Policy, permission::Permission};
use serde::Deserialize;

use crate::{
    app::App,
    dashboard::{
        page::{self, Page, Tab},
        typed::{or_wrong, sentence},
    },
    management::{ManagementError, organizations},
    web::{error_page::PageError, flash::Flash, form::Form, redirect::Redirect, visitor::Here},
};

const DAY_S: u64 = 86_400;

#[derive(Template)]
#[template(path = "dashboard/settings/general.html")]
struct General {
    page: Page,
    tabs: Vec<Tab>,
    href: String,
    id: String,
    name: String,
    wrong_name: String,
    policy: Typed,
    wrong_life: String,
    can_change: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    name: String,
}

/// A policy as it was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// How long a secret may live: a number, empty for no limit …
    life: String,
    /// … of these: `h` or `d`.
    life_unit: String,
    allow_list: String,
    approval: String,
}

impl Typed {
    fn of(policy: &Policy) -> Self {
        let ticked = |is: bool| if is { "yes".to_owned() } else { String::new() };
        let (life, unit) = match policy.secret_life_at_most_s {
            None => (String::new(), "d"),
            Some(secs) if secs % DAY_S == 0 => ((secs / DAY_S).to_string(), "d"),
            // Another program may have set seconds: the form shows what is not less strict.
            Some(secs) => ((secs / 3600).to_string(), "h"),
        };
        Self {
            life,
            life_unit: unit.to_owned(),
            allow_list: ticked(policy.allow_list_required),
            approval: ticked(policy.approval_required),
        }
    }

    fn read(&self) -> Result<Policy, String> {
        Ok(Policy {
            secret_life_at_most_s: self.life_s()?,
            allow_list_required: !self.allow_list.is_empty(),
            approval_required: !self.approval.is_empty(),
        })
    }

    fn life_s(&self) -> Result<Option<u64>, String> {
        let text = self.life.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let unit_s = if self.life_unit == "h" { 3600 } else { DAY_S };
        let number: Option<u64> = text.parse().ok().filter(|number| *number <= 36_500);
        let number = number.ok_or("Give a whole number up to 36500, such as 90")?;
        Ok(Some(number * unit_s))
    }
}

impl General {
    fn of(here: &Here) -> Self {
        let page = super::page(here, "Settings");
        Self {
            tabs: super::tabs(here, &page, ""),
            href: page.url(&super::path(here, "")),
            id: here.organization.id.to_string(),
            name: here.organization.name.to_string(),
            wrong_name: String::new(),
            policy: Typed::of(&here.organization.policy),
            wrong_life: String::new(),
            can_change: here.may(Permission::ManageSettings),
            page,
        }
    }
}

pub(super) async fn page(here: Here) -> Result<Response, PageError> {
    page::show(&General::of(&here))
}

pub(super) async fn rename(
    State(app): State<App>,
    here: Here,
    Form(named): Form<Named>,
) -> Result<Response, PageError> {
    super::must_manage(&here)?;
    let act = app.act(&here.visitor.caller);
    let wrong_name = match named.name.parse() {
        Ok(name) => match organizations::rename(&act, &here.organization.id, name).await {
            Ok(_) => return Ok(saved(&app, &here)),
            Err(ManagementError::Conflict(Conflict::Taken(_))) => {
                "Another organization has this name; choose another".to_owned()
            }
            Err(why) => return Err(why.into()),
        },
        Err(why) => sentence(&why),
    };
    page::again(&General { name: named.name, wrong_name, ..General::of(&here) })
}

pub(super) async fn set_policy(
    State(app): State<App>,
    here: Here,
    Form(typed): Form<Typed>,
) -> Result<Response, PageError> {
    super::must_manage(&here)?;
    let act = app.act(&here.visitor.caller);
    let mut wrong_life = String::new();
    if let Some(policy) = or_wrong(typed.read(), &mut wrong_life) {
        match organizations::set_policy(&act, &here.organization.id, policy).await {
            Ok(_) => return Ok(saved(&app, &here)),
            Err(ManagementError::Policy(why)) => wrong_life = sentence(&why),
            Err(why) => return Err(why.into()),
        }
    }
    page::again(&General { policy: typed, wrong_life, ..General::of(&here) })
}

fn saved(app: &App, here: &Here) -> Response {
    Redirect::to(app, &super::path(here, "")).saying(Flash::Saved).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longest_life_is_read_in_hours_or_days() {
        for (text, unit, wanted) in [
            ("", "d", Ok(None)),
            (" 90 ", "d", Ok(Some(90 * DAY_S))),
            ("12", "h", Ok(Some(43_200))),
            ("long", "d", Err(())),
            ("-1", "d", Err(())),
            ("0.5", "d", Err(())),
            ("36501", "d", Err(())),
        ] {
            let (life, life_unit) = (text.to_owned(), unit.to_owned());
            let typed = Typed { life, life_unit, ..Typed::default() };
            assert_eq!(typed.life_s().map_err(|_| ()), wanted, "{text}");
        }
        for secs in [90 * DAY_S, 7200] {
            let policy = Policy { secret_life_at_most_s: Some(secs), ..Policy::default() };
            assert_eq!(Typed::of(&policy).read(), Ok(policy));
        }
    }
}
