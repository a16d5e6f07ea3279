//! What stands above every page of a credential: its name and state, what it needs, and the tabs.

use hallpass_core::{Timestamp, credential::Status, permission::Permission};

use super::{opened::Opened, query, ready};
use crate::{
    app::App,
    dashboard::{
        page::{Page, Tab},
        time::Moment,
    },
    web::error_page::PageError,
};

/// How long ahead a page speaks of an end, in seconds.
const NOTICE_S: u64 = 30 * 86_400;

/// The tabs, by the end of their address.
const TABS: [(&str, &str); 6] = [
    ("", "Overview"),
    ("/secrets", "Secrets"),
    ("/access", "Access"),
    ("/limits", "Limits"),
    ("/activity", "Activity"),
    ("/danger", "Danger zone"),
];

/// Above every page of a credential.
#[derive(Debug)]
pub(super) struct Head {
    /// Its name.
    pub name: String,
    /// Its id, whole.
    pub client_id: String,
    /// Its description.
    pub description: String,
    /// Its state, in the words of a badge.
    pub status: &'static str,
    /// The way around.
    pub tabs: Vec<Tab>,
    /// The address of the credential, for pages below it.
    pub href: String,
    /// Whether whoever looks may change it.
    pub may_write: bool,
    /// Whether there is anything left to change: not once it is revoked.
    pub is_alive: bool,
    /// Active, and so ready to be rotated.
    pub is_active: bool,
    /// Paused, and so ready to be resumed.
    pub is_paused: bool,
    /// When it stops working, if that is soon.
    pub stops: Option<Moment>,
    /// When one of its secrets ends, if that is soon, and others go on.
    pub secret_ends: Option<Moment>,
    /// While it waits for approval.
    pub approval: Option<Approval>,
    /// While its maker has not finished it.
    pub is_unfinished: bool,
}

/// A credential that waits for an owner or admin.
#[derive(Debug)]
pub(super) struct Approval {
    /// Who asked.
    pub asked_by: String,
    /// Who can approve it.
    pub approvers: Vec<String>,
    /// Whether whoever looks is one of them.
    pub may_approve: bool,
    /// When it disappears.
    pub until: Moment,
}

impl Head {
    /// What stands above the tab whose address ends so.
    pub(super) async fn of(
        app: &App,
        opened: &Opened,
        tab: &str,
    ) -> Result<(Self, Page), PageError> {
        let own = &opened.own;
        let now = app.clock.now();
        let page = opened.page(own.settings.name.as_str());
        let href = page.url(&opened.path(""));
        let link = |&(end, label): &(&str, &str)| Tab {
            label: label.to_owned(),
            href: format!("{href}{end}"),
            is_current: end == tab,
        };
        let soon = |end: Option<Timestamp>| {
            let end = end.filter(|_| own.status == Status::Active);
            let end = end.filter(|end| now < *end && *end <= now.plus_secs(NOTICE_S));
            end.map(|end| Moment::new(end, now))
        };
        let head = Self {
            name: own.settings.name.to_string(),
            client_id: own.client_id.to_string(),
            description: own.settings.description.to_string(),
            status: query::word(own, now),
            tabs: TABS.iter().map(link).collect(),
            may_write: opened.may_write(),
            is_alive: !matches!(own.status, Status::Revoked { .. }),
            is_active: own.status == Status::Active,
            is_paused: own.status == Status::Paused,
            stops: soon(query::last_end(own, now)),
            secret_ends: soon(query::next_end(own, now)),
            approval: Approval::of(app, opened).await?,
            is_unfinished: matches!(own.status, Status::Pending { .. })
                && own.approval_asked_by.is_none(),
            href,
        };
        Ok((head, page))
    }
}

impl Approval {
    async fn of(app: &App, opened: &Opened) -> Result<Option<Self>, PageError> {
        let (Status::Pending { expires_at }, Some(asked_by)) =
            (opened.own.status, &opened.own.approval_asked_by)
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            asked_by: asked_by.clone(),
            approvers: ready::approvers(app, opened).await?,
            may_approve: opened.here.may(Permission::ApproveCredentials),
            until: Moment::new(expires_at, app.clock.now()),
        }))
    }
}
