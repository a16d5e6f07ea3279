//! How a credential looks in JSON, and what may be set. A member that is not listed here cannot
//! be set by anybody, and no digest is ever shown.

use std::net::IpAddr;

use hallpass_core::{
    ApiId, ClientId, Credential, OrganizationId, Scopes, SecretId, Timestamp,
    api::Audience,
    credential::{Grant, SecretRecord, Settings, Status},
    directory::Catalog,
    text::{Name, Note},
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    management::listing::Listed,
    management_api::{
        Problem,
        body::{given, mentioned},
        time::Moment,
    },
};

/// What a credential may do at one API.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::management_api) struct GrantBody {
    /// The API's id; or give `audience`.
    #[schema(value_type = Option<String>)]
    api_id: Option<ApiId>,
    /// The API's audience; or give `api_id`.
    #[schema(value_type = Option<String>)]
    audience: Option<Audience>,
    /// The scopes that its tokens may carry there.
    scopes: Vec<String>,
}

/// A credential to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::management_api) struct NewCredential {
    /// The caller's own unless said.
    #[schema(value_type = Option<String>)]
    pub(super) organization_id: Option<OrganizationId>,
    /// What people call it.
    #[schema(value_type = String, example = "Nightly reports")]
    name: Name,
    /// What it is for.
    #[serde(default)]
    #[schema(value_type = String)]
    description: Note,
    /// Free words for finding it.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    tags: Vec<Name>,
    /// The APIs that it may call; the first is the default.
    #[serde(default)]
    grants: Vec<GrantBody>,
    /// Networks that token requests may come from; empty: anywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    allow_list: Vec<IpNet>,
    /// When it stops working, if ever.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    /// APIs whose tokens it may introspect: for operators to give.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    introspects: Vec<ApiId>,
    /// Make it pending: it gets no tokens until `activate`, and disappears after 30 minutes.
    #[serde(default)]
    pub(super) pending: bool,
}

impl NewCredential {
    /// What the maker has set.
    pub(super) fn settings(self, catalog: &Catalog) -> Result<Settings, Problem> {
        Ok(Settings {
            name: self.name,
            description: self.description,
            tags: self.tags,
            grants: grants(self.grants, catalog)?,
            allow_list: self.allow_list,
            expires_at: self.expires_at.map(|at| at.0),
            introspects: self.introspects,
        })
    }
}

/// A change of a credential: what is not mentioned stays, what is `null` goes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::management_api) struct PatchCredential {
    /// What people call it.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    name: Option<Name>,
    /// What it is for.
    #[serde(default, deserialize_with = "mentioned")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<Note>>,
    /// Free words for finding it.
    #[serde(default, deserialize_with = "mentioned")]
    #[schema(value_type = Option<Vec<String>>)]
    tags: Option<Option<Vec<Name>>>,
    /// The APIs that it may call, all of them.
    #[serde(default, deserialize_with = "given")]
    grants: Option<Vec<GrantBody>>,
    /// Networks that token requests may come from, all of them.
    #[serde(default, deserialize_with = "mentioned")]
    #[schema(value_type = Option<Vec<String>>)]
    allow_list: Option<Option<Vec<IpNet>>>,
    /// When it stops working; `null`: never.
    #[serde(default, deserialize_with = "mentioned")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Moment>>,
    /// APIs whose tokens it may introspect, all of them.
    #[serde(default, deserialize_with = "mentioned")]
    #[schema(value_type = Option<Vec<String>>)]
    introspects: Option<Option<Vec<ApiId>>>,
}

impl PatchCredential {
    /// The settings after the change.
    pub(super) fn over(self, mut own: Settings, catalog: &Catalog) -> Result<Settings, Problem> {
        own.name = self.name.unwrap_or(own.name);
        own.description = set(self.description, own.description);
        own.tags = set(self.tags, own.tags);
        own.allow_list = set(self.allow_list, own.allow_list);
        own.introspects = set(self.introspects, own.introspects);
        if let Some(expires_at) = self.expires_at {
            own.expires_at = expires_at.map(|at| at.0);
        }
        if let Some(wanted) = self.grants {
            own.grants = grants(wanted, catalog)?;
        }
        Ok(own)
    }
}

fn set<T: Default>(wanted: Option<Option<T>>, own: T) -> T {
    wanted.map_or(own, Option::unwrap_or_default)
}

fn grants(wanted: Vec<GrantBody>, catalog: &Catalog) -> Result<Vec<Grant>, Problem> {
    let grant = |(place, body): (usize, GrantBody)| {
        let field = |name: &str| format!("grants[{place}].{name}");
        let scopes = body.scopes.join(" ").parse::<Scopes>();
        let scopes = scopes.map_err(|why| Problem::invalid(field("scopes"), why.to_string()))?;
        let api_id = match (body.api_id, body.audience) {
            (Some(id), None) => Some(id),
            (None, Some(audience)) => catalog
                .by_audience(audience.as_str())
                .and_then(|slot| catalog.api(slot))
                .map(|api| api.id.clone()),
            _ => {
                let why = "give api_id or audience, and not both";
                return Err(Problem::invalid(field("api_id"), why));
            }
        };
        let unknown = || Problem::invalid(field("audience"), "no API has this audience");
        Ok(Grant { api_id: api_id.ok_or_else(unknown)?, scopes })
    };
    wanted.into_iter().enumerate().map(grant).collect()
}

/// What a credential may do at one API.
#[derive(Debug, Serialize, ToSchema)]
struct GrantView {
    #[schema(value_type = String)]
    api_id: ApiId,
    #[schema(value_type = Option<String>)]
    audience: Option<Audience>,
    scopes: Vec<String>,
}

/// A credential.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Credential)]
pub(in crate::management_api) struct CredentialView {
    #[schema(value_type = String)]
    client_id: ClientId,
    #[schema(value_type = String)]
    organization_id: OrganizationId,
    /// `pending`, `active`, `paused` or `revoked`.
    status: &'static str,
    /// When a pending one disappears.
    #[schema(value_type = Option<String>, format = DateTime)]
    pending_until: Option<Moment>,
    /// Who asked for its approval, while it waits for that.
    approval_asked_by: Option<String>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Moment>,
    #[schema(value_type = String)]
    name: Name,
    #[schema(value_type = String)]
    description: Note,
    #[schema(value_type = Vec<String>)]
    tags: Vec<Name>,
    grants: Vec<GrantView>,
    #[schema(value_type = Vec<String>)]
    allow_list: Vec<IpNet>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    #[schema(value_type = Vec<String>)]
    introspects: Vec<ApiId>,
    secrets: Vec<SecretView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    created_by: String,
    /// In a list that asks for it: how it was used lately.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Recent>,
}

/// How a credential was used lately.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecentUsage)]
pub(in crate::management_api) struct Recent {
    /// Its latest use, by whichever secret; `null`: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Moment>,
    #[schema(value_type = Option<String>)]
    last_used_from: Option<IpAddr>,
    /// Tokens issued on each of the last 14 days (UTC), today last.
    tokens_by_day: Vec<u64>,
}

impl Recent {
    /// Parts what a list has found.
    pub(super) fn of(listed: Listed) -> (Credential, Option<Self>) {
        let used = listed.last_used;
        let recent = Self {
            last_used_at: used.as_ref().map(|used| Moment(used.last_at)),
            last_used_from: used.and_then(|used| used.last_address),
            tokens_by_day: listed.daily,
        };
        (listed.credential, Some(recent))
    }
}

impl CredentialView {
    /// How a credential looks at `now`.
    pub(super) fn of(credential: &Credential, catalog: &Catalog, now: Timestamp) -> Self {
        let Credential { settings, status, .. } = credential;
        let grant = |grant: &Grant| GrantView {
            api_id: grant.api_id.clone(),
            audience: catalog
                .iter()
                .find(|api| api.id == grant.api_id)
                .map(|api| api.audience.clone()),
            scopes: grant.scopes.iter().map(str::to_owned).collect(),
        };
        let (pending_until, revoked_at) = match status {
            Status::Pending { expires_at } => (Some(*expires_at), None),
            Status::Revoked { at } => (None, Some(*at)),
            Status::Active | Status::Paused => (None, None),
        };
        Self {
            client_id: credential.client_id.clone(),
            organization_id: credential.organization_id.clone(),
            status: status.word(),
            pending_until: pending_until.map(Moment),
            approval_asked_by: credential.approval_asked_by.clone(),
            revoked_at: revoked_at.map(Moment),
            name: settings.name.clone(),
            description: settings.description.clone(),
            tags: settings.tags.clone(),
            grants: settings.grants.iter().map(grant).collect(),
            allow_list: settings.allow_list.clone(),
            expires_at: settings.expires_at.map(Moment),
            introspects: settings.introspects.clone(),
            secrets: credential.secrets.iter().map(|one| SecretView::of(one, now)).collect(),
            created_at: Moment(credential.created_at),
            created_by: credential.created_by.clone(),
            usage: None,
        }
    }

    /// The same, with how it was used lately.
    pub(super) fn with(self, usage: Option<Recent>) -> Self {
        Self { usage, ..self }
    }
}

/// What is known of a secret; never the secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Secret)]
pub(in crate::management_api) struct SecretView {
    #[schema(value_type = String)]
    pub(in crate::management_api) id: SecretId,
    /// For matching it against a vault.
    last_four: String,
    /// Where it was put, in its owner's words.
    #[schema(value_type = String)]
    note: Note,
    /// `usable`, `expired` or `retired`.
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Moment,
    created_by: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Moment>,
    #[schema(value_type = Option<String>, format = DateTime)]
    retired_at: Option<Moment>,
    /// When somebody showed that they had found it.
    #[schema(value_type = Option<String>, format = DateTime)]
    leaked_at: Option<Moment>,
}

impl SecretView {
    /// How a secret looks at `now`.
    pub(in crate::management_api) fn of(secret: &SecretRecord, now: Timestamp) -> Self {
        Self {
            id: secret.id.clone(),
            last_four: secret.last_four.clone(),
            note: secret.note.clone(),
            status: secret.status(now).word(),
            created_at: Moment(secret.created_at),
            created_by: secret.created_by.clone(),
            expires_at: secret.expires_at.map(Moment),
            retired_at: secret.retired_at.map(Moment),
            leaked_at: secret.leaked_at.map(Moment),
        }
    }
}

/// A credential that was just made.
#[derive(Serialize, ToSchema)]
pub(in crate::management_api) struct MadeCredential {
    credential: CredentialView,
    /// In the first answer alone: keep it now. `null` in a repeated one.
    client_secret: Option<String>,
    /// In a repeated answer: why there is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_remark: Option<String>,
}

impl MadeCredential {
    /// Before its secret is added.
    pub(super) fn shown_as(credential: CredentialView) -> Self {
        Self { credential, client_secret: None, client_secret_remark: None }
    }
}
