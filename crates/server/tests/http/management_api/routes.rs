//! Every route that programs reach with a token, in one table: by it each is tried with every scope
//! and with what belongs to others.

use std::collections::BTreeSet;

use hallpass_core::{DeliveryId, InvitationId, OrganizationId, PersonId, WebhookId};
use hallpass_server::{Config, openapi};

use crate::{
    ask::Ask,
    node::{api_id, client_id, organization_id, secret_id},
};

const POLICY: &str = r#"{
    "secret_life_at_most_s": null, "allow_list_required": false, "approval_required": false
}"#;
const INVITATION: &str = r#"{"email":"new@example.com","role":"auditor"}"#;
const SEVERAL: &str = r#"{"client_ids":["{id}"]}"#;
const SIGN_ON: &str = r#"{
    "issuer": "https://login.example.com", "client_id": "hallpass", "client_secret": "x",
    "domains": ["hidden.example"]
}"#;
const WEBHOOK: &str = r#"{"url":"https://hooks.example.com/x"}"#;

/// Method, path, body and the scope that it needs, if any. `{id}` is a credential, `{secret}` its
/// secret.
pub(super) const ROUTES: &[(&str, &str, &str, &str)] = &[
    ("GET", "/credentials", "", "credentials:read"),
    ("GET", "/audit-events", "", "audit:read"),
    ("GET", "/credentials/{id}", "", "credentials:read"),
    ("GET", "/credentials/{id}/secrets", "", "credentials:read"),
    ("GET", "/credentials/{id}/usage", "", "credentials:read"),
    ("POST", "/credentials", r#"{"name":"x","pending":true}"#, "credentials:write"),
    ("PATCH", "/credentials/{id}", r#"{"name":"x"}"#, "credentials:write"),
    ("POST", "/credentials/{id}/secrets", "{}", "credentials:write"),
    ("GET", "/credentials/{id}/secrets/{secret}", "", "credentials:read"),
    ("PATCH", "/credentials/{id}/secrets/{secret}", r#"{"note":"x"}"#, "credentials:write"),
    ("GET", "/credentials/{id}/rotation", "", "credentials:read"),
    ("GET", "/credentials/{id}/sightings", "", "credentials:read"),
    ("POST", "/credentials/bulk/pause", SEVERAL, "credentials:write"),
    ("POST", "/credentials/bulk/rotate", SEVERAL, "credentials:write"),
    ("POST", "/credentials/{id}/secrets/{secret}/kill-tokens", "", "credentials:write"),
    ("POST", "/credentials/{id}/secrets/{secret}/report-leaked", "", "credentials:write"),
    ("POST", "/credentials/{id}/secrets/{secret}/retire", "{}", "credentials:write"),
    ("POST", "/credentials/{id}/activate", "", "credentials:write"),
    ("POST", "/credentials/{id}/approve", "", "credentials:approve"),
    ("POST", "/credentials/{id}/discard", "", "credentials:write"),
    ("POST", "/credentials/{id}/pause", "", "credentials:write"),
    ("POST", "/credentials/{id}/resume", "", "credentials:write"),
    ("POST", "/credentials/{id}/revoke", "", "credentials:write"),
    ("DELETE", "/credentials/{id}", "", "credentials:write"),
    ("GET", "/feed", "", ""),
    ("GET", "/organizations", "", ""),
    ("POST", "/organizations", r#"{"name":"New"}"#, "organizations:write"),
    ("GET", "/organizations/{org}", "", ""),
    ("PATCH", "/organizations/{org}", r#"{"name":"x"}"#, "settings:write"),
    ("PUT", "/organizations/{org}/policy", POLICY, "settings:write"),
    ("POST", "/organizations/{other}/suspend", "", "organizations:write"),
    ("POST", "/organizations/{other}/resume", "", "organizations:write"),
    ("GET", "/organizations/{org}/members", "", "members:read"),
    ("PATCH", "/organizations/{org}/members/{person}", r#"{"role":"owner"}"#, "members:write"),
    ("DELETE", "/organizations/{org}/members/{person}", "", "members:write"),
    ("GET", "/organizations/{org}/invitations", "", "members:read"),
    (
        "POST",
        "/organizations/{org}/invitations",
        INVITATION,
        "members:write members:read credentials:read audit:read",
    ),
    ("DELETE", "/organizations/{org}/invitations/{invitation}", "", "members:write"),
    ("GET", "/organizations/{org}/members/{person}/offboarding", "", "audit:read"),
    ("GET", "/organizations/{other}/sign-on", "", "sign-on:write"),
    ("PUT", "/organizations/{other}/sign-on", SIGN_ON, "sign-on:write"),
    ("DELETE", "/organizations/{other}/sign-on", "", "sign-on:write"),
    ("GET", "/organizations/{org}/mailed", "", "settings:write"),
    ("PUT", "/organizations/{org}/mailed", r#"{"kinds":["leaked"]}"#, "settings:write"),
    ("GET", "/organizations/{org}/webhooks", "", "settings:write"),
    ("POST", "/organizations/{org}/webhooks", WEBHOOK, "settings:write"),
    ("GET", "/organizations/{org}/webhooks/{webhook}", "", "settings:write"),
    ("PATCH", "/organizations/{org}/webhooks/{webhook}", WEBHOOK, "settings:write"),
    ("DELETE", "/organizations/{org}/webhooks/{webhook}", "", "settings:write"),
    ("POST", "/organizations/{org}/webhooks/{webhook}/rotate-secret", "", "settings:write"),
    ("POST", "/organizations/{org}/webhooks/{webhook}/test", "", "settings:write"),
    ("GET", "/organizations/{org}/deliveries", "", "settings:write"),
    ("GET", "/organizations/{org}/deliveries/{delivery}", "", "settings:write"),
    ("POST", "/organizations/{org}/deliveries/{delivery}/send-again", "", "settings:write"),
    ("GET", "/audit-chain", "", "audit:read-all"),
    ("POST", "/audit-chain/verify", "", "audit:read-all"),
    ("GET", "/nodes", "", "nodes:read"),
    ("GET", "/followers", "", "nodes:read"),
    ("GET", "/findings", "", "nodes:read"),
    ("GET", "/apis", "", ""),
    ("GET", "/apis/{api}", "", ""),
    ("POST", "/apis", r#"{"name":"New","audience":"https://new.example"}"#, "apis:write"),
    ("PATCH", "/apis/{api}", r#"{"name":"x"}"#, "apis:write"),
    ("GET", "/keys", "", "keys:read"),
    ("POST", "/keys/rotate", r#"{"algorithm":"ES256"}"#, "keys:write"),
    ("POST", "/keys/none/kill", "", "keys:write"),
];

/// What the parameters of a path are called by: in the document, and in [`ROUTES`].
const PARAMETERS: [(&str, &str); 10] = [
    ("{client_id}", "{id}"),
    ("{secret_id}", "{secret}"),
    ("{organization_id}", "{org}"),
    ("{organization_id}", "{other}"),
    ("{person_id}", "{person}"),
    ("{invitation_id}", "{invitation}"),
    ("{webhook_id}", "{webhook}"),
    ("{delivery_id}", "{delivery}"),
    ("{api_id}", "{api}"),
    ("/{kid}/", "/none/"),
];

/// What stands in a path for its parameters.
#[derive(Clone, Debug)]
pub(super) struct Names(pub(super) Vec<(&'static str, String)>);

impl Names {
    /// A credential of this name, in the organization of the tests, in which nothing else is.
    pub(super) fn of(credential: &str) -> Self {
        Self(vec![
            ("{id}", client_id(credential).to_string()),
            ("{secret}", secret_id(credential).to_string()),
            ("{org}", organization_id().to_string()),
            ("{other}", OrganizationId::from_entropy([7; 16]).to_string()),
            ("{person}", PersonId::from_entropy([7; 16]).to_string()),
            ("{invitation}", InvitationId::from_entropy([7; 16]).to_string()),
            ("{webhook}", WebhookId::from_entropy([7; 16]).to_string()),
            ("{delivery}", DeliveryId::from_entropy([7; 16]).to_string()),
            ("{api}", api_id("books").to_string()),
        ])
    }

    /// The same, but for one.
    pub(super) fn with(mut self, name: &str, value: impl ToString) -> Self {
        let own = self.0.iter_mut().find(|(own, _)| *own == name).unwrap();
        own.1 = value.to_string();
        self
    }

    pub(super) fn filled(&self, path: &str) -> String {
        self.0.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value))
    }
}

/// A request of one row.
pub(super) fn ask(method: &str, path: &str, body: &str, names: &Names) -> Ask {
    let ask = Ask::api(method.parse().unwrap(), &names.filled(path));
    let ask = if matches!(method, "PATCH" | "PUT") { ask.header("if-match", "\"x\"") } else { ask };
    if body.is_empty() { ask } else { ask.json(names.filled(body)) }
}

#[test]
fn every_operation_of_the_document_is_in_the_table_and_every_row_is_described() {
    let document = openapi(&Config::default());
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        let methods = item.as_object().unwrap().keys();
        described.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
    }
    // What anybody may ask.
    assert!(described.remove("POST /leaks"));
    let row = |(method, path, ..): &(&str, &str, &str, &str)| {
        let named = |path: String, (name, short): &(&str, &str)| path.replace(short, name);
        format!("{method} {}", PARAMETERS.iter().fold((*path).to_owned(), named))
    };
    let rows: BTreeSet<String> = ROUTES.iter().map(row).collect();
    assert_eq!(rows, described);
}
