//! What is made of the clients of other servers, as tables.

use serde_json::{Value, json};

use super::*;
use crate::{Api, ApiId, organization::Policy};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const BOOKS: &str = "https://books.example.com/";
/// Stands wherever a secret may: no reason may repeat it.
const ZEBRA: &str = "zebra-Jk4uXo8zPd6f";

fn api(number: u8, audience: &str, scopes: &str) -> Api {
    let id = ApiId::from_entropy([number; 16]);
    let mut api = Api::new(id, "API".parse().unwrap(), audience.parse().unwrap(), NOW);
    api.scopes = scopes.parse().unwrap();
    api
}

fn mapping() -> Mapping {
    let mut own = api(9, "https://auth.example.com/api/v1", "credentials:write");
    own.id = ApiId::management();
    let apis = vec![api(1, BOOKS, "read write"), api(2, "https://b.example.com", "write e"), own];
    Mapping { apis, ..Mapping::default() }
}

/// The object with these members set, or taken away by null.
fn with(mut object: Value, edit: &Value) -> Map<String, Value> {
    let members = object.as_object_mut().unwrap();
    for (name, value) in edit.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.clone()
}

fn hydra() -> Value {
    json!({
        "id": "b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11",
        "client_name": "Reports",
        "client_secret": BCRYPT,
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "read offline",
        "audience": ["https://books.example.com"],
        "client_secret_expires_at": 0,
        "created_at": "2023-01-02T15:04:05.5",
        "redirect_uris": "",
    })
}

fn keycloak() -> Value {
    json!({
        "clientId": "reports",
        "name": "",
        "secret": ZEBRA,
        "enabled": true,
        "protocol": "openid-connect",
        "publicClient": false,
        "bearerOnly": false,
        "serviceAccountsEnabled": true,
        "clientAuthenticatorType": "client-secret",
        "attributes": { "client.secret.creation.time": "1700000000" },
        "defaultClientScopes": ["web-origins", "acr", "roles", "profile", "email", "read"],
        "optionalClientScopes": ["address", "offline_access", "microprofile-jwt"],
        "protocolMappers": [{
            "protocolMapper": "oidc-audience-mapper",
            "config": { "included.custom.audience": BOOKS, "access.token.claim": "true" },
        }, { "protocolMapper": "oidc-usersessionmodel-note-mapper", "config": {} }],
    })
}

fn jsonl() -> Value {
    json!({
        "client_id": "reports",
        "name": "Reports",
        "secret": ZEBRA,
        "audience": BOOKS,
        "scopes": "read write",
        "allow_list": ["192.0.2.0/24", "2001:db8::1"],
        "tags": ["nightly"],
        "created_at": "2023-01-02T15:04:05Z",
        "expires_at": "2030-01-01T00:00:00+01:00",
    })
}

fn example(source: Source) -> Value {
    match source {
        Source::Hydra => hydra(),
        Source::Keycloak => keycloak(),
        Source::Jsonl => jsonl(),
    }
}

fn plan(source: Source, edit: &Value, mapping: &Mapping) -> Result<Plan, Skip> {
    let found = source.read(&with(example(source), edit))?;
    mapping.plan(found, &Policy::default(), NOW)
}

fn scopes(plan: &Plan) -> Vec<(u8, &str)> {
    let api = |id: &ApiId| (1..4).find(|n| ApiId::from_entropy([*n; 16]) == *id).unwrap();
    plan.settings.grants.iter().map(|one| (api(&one.api_id), one.scopes.as_str())).collect()
}

#[test]
fn what_the_servers_export_is_taken_over() {
    for (source, id, name, created_s, scope) in [
        (Source::Hydra, "b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11", "Reports", 1_672_671_845, "read"),
        (Source::Keycloak, "reports", "reports", 1_700_000_000, "read"),
        (Source::Jsonl, "reports", "Reports", 1_672_671_845, "read write"),
    ] {
        let plan = plan(source, &json!({}), &mapping()).unwrap();
        assert_eq!((plan.client_id.as_str(), plan.settings.name.as_str()), (id, name));
        assert_eq!(plan.created_at.as_secs(), created_s, "{source:?}");
        assert_eq!(scopes(&plan), [(1, scope)], "{source:?}");
        match plan.secret {
            FoundSecret::Clear(secret) => assert_eq!(secret.expose(), ZEBRA),
            FoundSecret::Digested(digest) => assert_eq!(digest.as_str(), BCRYPT),
        }
        let own = with(example(source), &json!({}));
        assert_eq!(source.id_of(&own), Some(plan.client_id));
    }
    let plan = plan(Source::Jsonl, &json!({}), &mapping()).unwrap();
    assert_eq!(plan.settings.allow_list.len(), 2);
    assert_eq!(plan.settings.tags[0].as_str(), "nightly");
    assert_eq!(plan.settings.expires_at.unwrap().as_secs(), 1_893_452_400);
}

/// Tables hand lists out as JSON in a text, and old ones parted by bars.
#[test]
fn lists_and_times_are_read_as_databases_write_them() {
    for edit in [
        json!({ "grant_types": "[\"authorization_code\",\"client_credentials\"]" }),
        json!({ "grant_types": "authorization_code|client_credentials", "audience": BOOKS }),
        json!({ "audience": "[\"https://books.example.com/\"]", "created_at": null }),
        json!({ "created_at": "2023-01-02 15:04:05.123456+00:00" }),
        json!({ "created_at": "2023-01-02 15:04:05" }),
        json!({ "client_id": "other", "client_name": null, "created_at": 1_672_671_845 }),
        json!({ "scope": ["read"], "client_secret_expires_at": 1_893_452_400 }),
        json!({ "token_endpoint_auth_method": "client_secret_post" }),
    ] {
        let plan = plan(Source::Hydra, &edit, &mapping()).unwrap();
        assert_eq!(scopes(&plan), [(1, "read")], "{edit}");
        assert!(plan.created_at == NOW || plan.created_at.as_secs() == 1_672_671_845, "{edit}");
    }
}

#[test]
fn what_is_not_taken_over_says_why_and_repeats_no_secret() {
    use Source::{Hydra, Jsonl, Keycloak};
    let long = "x".repeat(101);
    for (source, edit, wanted) in [
        (Hydra, json!({ "id": null }), "bad_member"),
        (Hydra, json!({ "id": 7 }), "bad_member"),
        (Hydra, json!({ "id": ZEBRA.to_owned() + " " }), "bad_client_id"),
        (Hydra, json!({ "id": "hpc_x" }), "bad_client_id"),
        (Hydra, json!({ "id": long }), "bad_client_id"),
        (Hydra, json!({ "client_name": long }), "bad_text"),
        (Hydra, json!({ "client_name": "a\nb" }), "bad_text"),
        (Hydra, json!({ "token_endpoint_auth_method": "none" }), "public_client"),
        (Hydra, json!({ "token_endpoint_auth_method": "private_key_jwt" }), "other_authentication"),
        (Hydra, json!({ "grant_types": ["authorization_code"] }), "other_grants"),
        (Hydra, json!({ "grant_types": [] }), "other_grants"),
        (Hydra, json!({ "grant_types": "[" }), "bad_member"),
        (Hydra, json!({ "grant_types": [7] }), "bad_member"),
        (Hydra, json!({ "client_secret": "" }), "no_secret"),
        (Hydra, json!({ "client_secret": null }), "no_secret"),
        (Hydra, json!({ "client_secret": [ZEBRA] }), "bad_member"),
        (Hydra, json!({ "client_secret": ZEBRA }), "unknown_digest"),
        (Hydra, json!({ "client_secret": &BCRYPT[..50] }), "damaged_digest"),
        (Hydra, json!({ "client_secret": BCRYPT.replace("$04$", "$20$") }), "slow_digest"),
        (Hydra, json!({ "client_secret_expires_at": 1_700_000_000 }), "expired"),
        (Hydra, json!({ "client_secret_expires_at": -1 }), "bad_member"),
        (Hydra, json!({ "created_at": "yesterday" }), "bad_member"),
        (Hydra, json!({ "audience": ["https://other.example.com"] }), "unknown_audience"),
        (Hydra, json!({ "audience": ["https://auth.example.com/api/v1"] }), "unknown_audience"),
        (Hydra, json!({ "audience": [] }), "no_api"),
        (Hydra, json!({ "scope": "read delete" }), "unknown_scope"),
        (Keycloak, json!({ "enabled": false }), "disabled"),
        (Keycloak, json!({ "enabled": "no" }), "bad_member"),
        (Keycloak, json!({ "protocol": "saml" }), "other_grants"),
        (Keycloak, json!({ "publicClient": true }), "public_client"),
        (Keycloak, json!({ "serviceAccountsEnabled": null }), "other_grants"),
        (Keycloak, json!({ "bearerOnly": true }), "other_grants"),
        (Keycloak, json!({ "clientAuthenticatorType": "client-jwt" }), "other_authentication"),
        (Keycloak, json!({ "clientAuthenticatorType": "client-x509" }), "other_authentication"),
        (Keycloak, json!({ "clientId": "https://sp.example.com/saml" }), "bad_client_id"),
        (Keycloak, json!({ "secret": null }), "no_secret"),
        (Keycloak, json!({ "secret": "**********" }), "no_secret"),
        (Keycloak, json!({ "secret": "${vault.zebra}" }), "no_secret"),
        (Keycloak, json!({ "protocolMappers": [] }), "no_api"),
        (Keycloak, json!({ "attributes": { "client.secret.expiration.time": "1" } }), "expired"),
        (Keycloak, json!({ "defaultClientScopes": ["write-all"] }), "unknown_scope"),
        (Jsonl, json!({ "secrets": ZEBRA }), "bad_member"),
        (Jsonl, json!({ ZEBRA: 1 }), "bad_member"),
        (Jsonl, json!({ "secret_hash": BCRYPT }), "bad_member"),
        (Jsonl, json!({ "secret": null }), "no_secret"),
        (Jsonl, json!({ "secret": null, "secret_hash": ZEBRA }), "unknown_digest"),
        (Jsonl, json!({ "allow_list": ["everywhere"] }), "bad_member"),
        (Jsonl, json!({ "tags": [""] }), "bad_text"),
        (Jsonl, json!({ "expires_at": "2020-01-01T00:00:00Z" }), "expired"),
    ] {
        let skip = plan(source, &edit, &mapping()).unwrap_err();
        assert_eq!(skip.code(), wanted, "{source:?} {edit}: {skip}");
        for secret in ["zebra", "abcdefghijklmnopqrstuu"] {
            assert!(!format!("{skip} {skip:?}").contains(secret), "{source:?} {edit}: {skip}");
        }
    }
}

#[test]
fn audiences_and_scopes_are_mapped_as_the_operator_says() {
    let id = |number| ApiId::from_entropy([number; 16]);
    let mut mapping = mapping();
    mapping.default_api = Some(id(2));
    mapping.default_scopes = "e".parse().unwrap();
    mapping.audiences.insert("books-api".to_owned(), id(1));
    mapping.scopes.insert("books.read".to_owned(), Some("read".to_owned()));
    mapping.scopes.insert("legacy".to_owned(), None);
    for (audience, scope, wanted) in [
        (json!("books-api"), "books.read legacy", Ok(vec![(1, "read")])),
        (json!([BOOKS, "books-api"]), "read", Ok(vec![(1, "read")])),
        (
            json!(["books-api", "https://b.example.com/"]),
            "read write",
            Ok(vec![(1, "read write"), (2, "write")]),
        ),
        (json!([]), "write", Ok(vec![(2, "write")])),
        // Of people, unless an API has a scope that is called so.
        (json!([]), "openid e", Ok(vec![(2, "e")])),
        (json!([]), "openid profile", Ok(vec![(2, "e")])),
        (json!([]), "legacy", Ok(vec![(2, "e")])),
        (json!([]), "read", Err("unknown_scope")),
        (json!("books"), "read", Err("unknown_audience")),
    ] {
        let edit = json!({ "audience": audience, "scopes": scope });
        let plan = plan(Source::Jsonl, &edit, &mapping);
        let got = plan.as_ref().map(scopes).map_err(Skip::code);
        assert_eq!(got, wanted, "{edit}");
    }
}

#[test]
fn a_policy_gives_secrets_an_end_or_refuses() {
    let found = || Source::Jsonl.read(&with(jsonl(), &json!({ "allow_list": null }))).unwrap();
    let strict = Policy { allow_list_required: true, ..Policy::default() };
    let skip = mapping().plan(found(), &strict, NOW).unwrap_err();
    assert_eq!(skip.code(), "policy");
    let short = Policy { secret_life_at_most_s: Some(3600), ..Policy::default() };
    let plan = mapping().plan(found(), &short, NOW).unwrap();
    assert_eq!(plan.secret_expires_at, Some(NOW.plus_secs(3600)));
}
