//! The token endpoint's decisions, as tables of requests and answers.

mod imported;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{
    Api, ApiId, ClientId, Credential, Organization, OrganizationId, Scopes, SecretId, Timestamp,
    change::Image,
    credential::{self, NewSecret, Settings},
    directory::Directory,
    organization::OrganizationStatus,
    secret::{Pepper, Secret},
};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

fn secret(number: u8) -> Secret {
    Secret::from_entropy([number; 32])
}

fn client_id() -> String {
    ClientId::from_entropy([1; 16]).to_string()
}

fn api(number: u8, audience: &str, scopes: &str) -> Api {
    let id = ApiId::from_entropy([number; 16]);
    let mut api = Api::new(id, "Books".parse().unwrap(), audience.parse().unwrap(), NOW);
    api.scopes = scopes.parse().unwrap();
    api
}

fn settings() -> Settings {
    let grant = |number, scopes: &str| credential::Grant {
        api_id: ApiId::from_entropy([number; 16]),
        scopes: scopes.parse().unwrap(),
    };
    Settings::new(
        "reports".parse().unwrap(),
        vec![grant(1, "books:read books:write"), grant(2, "")],
    )
}

fn credential() -> Credential {
    let new = NewSecret::new(SecretId::from_entropy([1; 16]), &secret(1), &Pepper::new([9; 32]));
    Credential::pending(
        ClientId::from_entropy([1; 16]),
        OrganizationId::from_entropy([1; 16]),
        settings(),
        &new,
        (NOW, "operator"),
    )
}

fn organization() -> Organization {
    Organization::new(OrganizationId::from_entropy([1; 16]), "Example".parse().unwrap(), NOW)
}

/// Two APIs granted, a third one that is not.
fn directory(credential: Credential) -> Directory {
    let directory = Directory::new(Pepper::new([9; 32]));
    directory.put(&Image::Organization(organization()));
    directory.put(&Image::Api(api(1, "https://books.example.com", "books:read books:write")));
    directory.put(&Image::Api(api(2, "https://films.example.com/", "")));
    directory.put(&Image::Api(api(3, "https://other.example.com", "x")));
    directory.put(&Image::Credential(Box::new(credential)));
    directory
}

fn active() -> Directory {
    directory(credential().activate(NOW).unwrap())
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn ask(
    directory: &Directory,
    authorization: Option<&str>,
    params: Result<Params<'_>, Refusal>,
) -> Result<Grant, Refusal> {
    let params = params?;
    let request = request::parse(authorization.map(str::as_bytes), &params)?;
    let from = Some([192, 0, 2, 7].into());
    let client = authenticate(&request.login, directory, NOW, from)?;
    decide(&request, &client, &directory.catalog(), NOW)
}

/// Asks with the right Basic login.
fn ask_form(body: &str) -> Result<Grant, Refusal> {
    let authorization = basic(&client_id(), secret(1).expose());
    ask(&active(), Some(&authorization), Params::from_form(body.as_bytes()))
}

fn code(result: Result<Grant, Refusal>) -> &'static str {
    result.map_or_else(|refusal| refusal.code(), |_| "ok")
}

#[test]
fn the_form_of_a_request_is_judged_as_rfc_6749_says() {
    for (body, wanted) in [
        ("grant_type=client_credentials", "ok"),
        ("", "ok"), // Basic with an empty body.
        ("&", "ok"),
        ("grant_type=client_credentials&unknown=x", "ok"),
        ("grant_type=client%5Fcredentials", "ok"),
        ("grant_type=client_credentials&scope=", "ok"), // §3.2: empty is omitted.
        ("grant_type=client_credentials&client_id=&client_secret=", "ok"),
        ("grant_type=", "invalid_request"),
        ("grant_type", "invalid_request"),
        ("scope=books:read", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=Client_Credentials", "unsupported_grant_type"),
        ("grant_type=client_credentials%00", "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&grant_type=", "invalid_request"),
        ("grant_type=client_credentials&unknown=x&unknown=x", "invalid_request"),
        ("grant_type=client_credentials&scope=a&scope=b", "invalid_request"),
        ("grant_type=client_credentials&scope=%", "invalid_request"),
        ("grant_type=client_credentials&scope=%4", "invalid_request"),
        ("grant_type=client_credentials&scope=%zz", "invalid_request"),
        ("grant_type=client_credentials&scope=%ff", "invalid_request"),
        ("grant_type=client_credentials&scope=a++b", "invalid_scope"),
        ("grant_type=client_credentials&scope=a%22", "invalid_scope"),
    ] {
        assert_eq!(code(ask_form(body)), wanted, "{body}");
    }
    let crowd = "a=b&".repeat(65);
    assert_eq!(code(ask_form(&crowd)), "invalid_request");
    let authorization = basic(&client_id(), secret(1).expose());
    let bytes = ask(&active(), Some(&authorization), Params::from_form(b"grant_type=\xff"));
    assert_eq!(code(bytes), "invalid_request");
}

#[test]
fn json_bodies_say_the_same_as_forms() {
    let (id, secret) = (client_id(), secret(1));
    let secret = secret.expose();
    let ok = format!(
        r#"{{"grant_type":"client_credentials","client_id":"{id}","client_secret":"{secret}""#
    );
    for (body, wanted) in [
        (format!("{ok}}}"), "ok"),
        (format!(" {ok} , \"x\": [1, {{}}], \"audience\": null }} \n"), "ok"),
        (format!(r#"{ok},"audience":"https://books.example.com"}}"#), "ok"),
        (format!(r#"{ok},"resource":["https://books.example.com/"]}}"#), "ok"),
        (format!(r#"{ok},"scope":"books\u003aread"}}"#), "ok"),
        (format!(r#"{ok},"scope":["books:read"]}}"#), "invalid_request"),
        (format!(r#"{ok},"scope":1}}"#), "invalid_request"),
        (format!(r#"{ok},"grant_type":"client_credentials"}}"#), "invalid_request"),
        (format!("{ok}}}}}"), "invalid_request"),
        (ok, "invalid_request"),
        ("[]".to_owned(), "invalid_request"),
        ("\"x\"".to_owned(), "invalid_request"),
        (String::new(), "invalid_request"),
        ("[".repeat(100_000), "invalid_request"),
        (format!(r#"{{"a":{}"#, r#"{"a":"#.repeat(10_000)), "invalid_request"),
        ("{}".to_owned(), "invalid_request"),
        (r#"{"grant_type":true}"#.to_owned(), "invalid_request"),
    ] {
        let result = ask(&active(), None, Params::from_json(body.as_bytes()));
        let shown: String = body.chars().take(200).collect();
        assert_eq!(code(result), wanted, "{shown}");
    }
    let not_utf8 = ask(&active(), None, Params::from_json(b"{\"grant_type\":\"\xff\"}"));
    assert_eq!(code(not_utf8), "invalid_request");
}

#[test]
fn exactly_one_way_of_client_authentication_is_taken() {
    let (id, secret) = (client_id(), secret(1));
    let secret = secret.expose();
    let grant = "grant_type=client_credentials";
    let right = basic(&id, secret);
    let other = ClientId::from_entropy([2; 16]);
    let post = format!("{grant}&client_id={id}&client_secret={secret}");
    let lower = right.replace("Basic", "bAsIc");
    let unpadded = right.trim_end_matches('=').to_owned();
    let encoded = basic(&id.replace('_', "%5F"), &secret.replace('_', "%5f"));
    for (authorization, body, wanted) in [
        (None, post.clone(), "ok"),
        (Some(right.clone()), grant.to_owned(), "ok"),
        (Some(lower), grant.to_owned(), "ok"),
        (Some(unpadded), grant.to_owned(), "ok"),
        (Some(encoded), grant.to_owned(), "ok"),
        (Some(right.clone()), format!("{grant}&client_id={id}"), "ok"),
        (Some(right.clone()), format!("{grant}&client_id={other}"), "invalid_request"),
        (Some(right.clone()), post, "invalid_request"),
        (Some(right.clone()), format!("{grant}&client_secret={secret}"), "invalid_request"),
        (Some(right), format!("{grant}&client_assertion=x"), "invalid_request"),
        (None, format!("{grant}&client_assertion=x"), "unauthorized_client"),
        (None, grant.to_owned(), "invalid_client"),
        (None, format!("{grant}&client_id={id}"), "invalid_client"),
        (None, format!("{grant}&client_secret={secret}"), "invalid_request"),
        (Some("Basic".to_owned()), grant.to_owned(), "invalid_request"),
        (Some("Basic !".to_owned()), grant.to_owned(), "invalid_request"),
        (Some("Basic aWQ=".to_owned()), grant.to_owned(), "invalid_request"), // No colon.
        (Some("Basic /zo=".to_owned()), grant.to_owned(), "invalid_request"), // Not UTF-8.
        (Some(basic("%zz", "x")), grant.to_owned(), "invalid_request"),
        (Some(basic(&id, "%")), grant.to_owned(), "invalid_client"), // Taken as it stands.
        (Some(basic("", "")), grant.to_owned(), "invalid_client"),
        (Some("Bearer x".to_owned()), grant.to_owned(), "invalid_request"),
        (Some("Digest x".to_owned()), grant.to_owned(), "invalid_request"),
        (Some(String::new()), grant.to_owned(), "invalid_request"),
    ] {
        let params = Params::from_form(body.as_bytes());
        let result = ask(&active(), authorization.as_deref(), params);
        assert_eq!(code(result), wanted, "{authorization:?} {body}");
    }
}

#[test]
fn an_unknown_client_and_a_wrong_secret_get_the_same_answer() {
    let unknown = ClientId::from_entropy([9; 16]).to_string();
    for (wrong, says) in [
        (secret(2).expose().to_owned(), "unknown client_id or wrong client_secret"),
        ("guess".to_owned(), "unknown client_id or wrong client_secret"),
        (String::new(), "unknown client_id or wrong client_secret"),
        (format!("{}\n", secret(1).expose()), "blanks or a line break"),
        (secret(1).expose()[..40].to_owned(), "checksum"),
        (client_id(), "form of a client_id"),
        ("eyJhbGciOiJFUzI1NiJ9.e30.c2ln".to_owned(), "form of a token"),
    ] {
        let answers = [client_id(), unknown.clone()].map(|id| {
            let authorization = basic(&id, &wrong.replace('\n', "%0A"));
            ask(&active(), Some(&authorization), Params::from_form(b"")).unwrap_err()
        });
        assert_eq!(answers[0], answers[1]);
        assert!(answers[0].description().contains(says), "{:?}", answers[0].description());
    }
    let swapped = basic(secret(1).expose(), &client_id());
    let refusal = ask(&active(), Some(&swapped), Params::from_form(b"")).unwrap_err();
    assert!(refusal.description().contains("swapped"));
}

#[test]
fn the_state_of_a_credential_is_told_only_to_who_has_its_secret() {
    let inst = crate::Installation::default();
    let active = credential().activate(NOW).unwrap();
    let with = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let mut changed = active.clone();
        changed.settings = settings;
        changed
    };
    let mut expired_secret = active.clone();
    expired_secret.secrets[0].expires_at = Some(NOW);
    for (state, wanted, says) in [
        (credential(), "invalid_client", "pending"),
        (active.clone().pause(&inst, NOW).unwrap(), "invalid_client", "paused"),
        (active.clone().revoke(&inst, NOW).unwrap(), "invalid_client", "revoked"),
        (with(|s| s.expires_at = Some(NOW)), "invalid_client", "expired on 2025-11-24 16:00 UTC"),
        (expired_secret, "invalid_client", "client_secret expired on"),
        (
            with(|s| s.allow_list = vec!["198.51.100.0/24".parse().unwrap()]),
            "unauthorized_client",
            "allow-list",
        ),
        (with(|s| s.grants.clear()), "invalid_target", "no API"),
    ] {
        let directory = directory(state);
        let right = basic(&client_id(), secret(1).expose());
        let told = ask(&directory, Some(&right), Params::from_form(b"")).unwrap_err();
        assert_eq!(told.code(), wanted);
        assert!(told.description().contains(says), "{}", told.description());
        let wrong = basic(&client_id(), secret(2).expose());
        let stranger = ask(&directory, Some(&wrong), Params::from_form(b"")).unwrap_err();
        assert_eq!(stranger, Refusal::Unproven(Unproven::Plain));
    }
    let suspended = directory(active);
    let mut organization = organization();
    organization.status = OrganizationStatus::Suspended;
    suspended.put(&Image::Organization(organization));
    let right = basic(&client_id(), secret(1).expose());
    let told = ask(&suspended, Some(&right), Params::from_form(b"")).unwrap_err();
    assert_eq!(told, Refusal::InvalidClient(WhyNot::OrganizationSuspended));
}

#[test]
fn addresses_are_checked_against_every_network_of_the_allow_list() {
    let mut own = credential().activate(NOW).unwrap();
    own.settings.allow_list =
        vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    let directory = directory(own);
    let right = basic(&client_id(), secret(1).expose());
    let params = Params::default();
    let request = request::parse(Some(right.as_bytes()), &params).unwrap();
    for (from, allowed) in [
        (Some("192.0.2.7"), true),
        (Some("::ffff:192.0.2.7"), true),
        (Some("2001:db8::1"), true),
        (Some("192.0.3.7"), false),
        (Some("2001:db9::1"), false),
        (None, false), // What cannot be checked must not pass.
    ] {
        let address = from.map(|text| text.parse().unwrap());
        let result = authenticate(&request.login, &directory, NOW, address);
        assert_eq!(result.is_ok(), allowed, "{from:?}");
    }
}

#[test]
fn audiences_and_scopes_are_narrowed_never_widened() {
    for (query, wanted) in [
        ("", Ok(("https://books.example.com", "books:read books:write"))),
        ("scope=books:read", Ok(("https://books.example.com", "books:read"))),
        (
            "scope=books:write+books:read",
            Ok(("https://books.example.com", "books:read books:write")),
        ),
        ("scope=books", Err("invalid_scope")),
        ("scope=Books:read", Err("invalid_scope")),
        ("scope=books:read+x", Err("invalid_scope")),
        (
            "audience=https://books.example.com/",
            Ok(("https://books.example.com", "books:read books:write")),
        ),
        ("resource=https://films.example.com", Ok(("https://films.example.com/", ""))),
        ("resource=https://films.example.com&scope=books:read", Err("invalid_scope")),
        ("audience=https://other.example.com", Err("invalid_target")),
        ("audience=https://nobody.example.com", Err("invalid_target")),
        ("audience=https://books.example.com//", Err("invalid_target")),
        ("audience=books", Err("invalid_target")),
        // RFC 8707 §2: an absolute URI, without fragment; and exactly the one that is granted.
        ("resource=books", Err("invalid_target")),
        ("resource=/books", Err("invalid_target")),
        ("resource=https://books.example.com%23part", Err("invalid_target")),
        ("resource=https://books.example.com%3Fx=1", Err("invalid_target")),
        ("resource=https://books.example.com/part", Err("invalid_target")),
        ("resource=HTTPS://books.example.com", Err("invalid_target")),
        (
            "resource=https://books.example.com&resource=https://books.example.com/",
            Ok(("https://books.example.com", "books:read books:write")),
        ),
        (
            "resource=https://books.example.com&audience=https://books.example.com",
            Ok(("https://books.example.com", "books:read books:write")),
        ),
        (
            "resource=https://books.example.com&resource=https://films.example.com",
            Err("invalid_target"),
        ),
        (
            "audience=https://books.example.com&audience=https://books.example.com",
            Err("invalid_request"),
        ),
    ] {
        let result = ask_form(&format!("grant_type=client_credentials&{query}"));
        let got = result.as_ref().map(|g| (g.api.audience.as_str(), g.scope.as_str()));
        assert_eq!(got.map_err(Refusal::code), wanted, "{query}");
    }
}

#[test]
fn an_api_that_drops_a_scope_drops_it_from_new_tokens() {
    let directory = active();
    directory.put(&Image::Api(api(1, "https://books.example.com", "books:read")));
    let right = basic(&client_id(), secret(1).expose());
    let grant = ask(&directory, Some(&right), Params::from_form(b"")).unwrap();
    assert_eq!(grant.scope.as_str(), "books:read");
    let asked = Params::from_form(b"grant_type=client_credentials&scope=books:write");
    let refusal = ask(&directory, Some(&right), asked).unwrap_err();
    let allowed: Scopes = "books:read".parse().unwrap();
    assert_eq!(refusal, Refusal::InvalidScope { allowed });
}

#[test]
fn a_token_never_outlives_what_it_was_minted_with() {
    for (ends_after_ms, lifetime) in [
        (None, Ok(86_400)),
        (Some(7_200_000), Ok(7200)),
        (Some(90_000_000), Ok(86_400)),
        (Some(999), Err("invalid_client")),
    ] {
        let mut own = credential().activate(NOW).unwrap();
        own.settings.expires_at =
            ends_after_ms.map(|ms| Timestamp::from_millis(NOW.as_millis() + ms));
        let directory = directory(own);
        let right = basic(&client_id(), secret(1).expose());
        let result = ask(&directory, Some(&right), Params::from_form(b""));
        let got = result.map(|grant| grant.expires_s - grant.issued_s);
        assert_eq!(got.map_err(|refusal| refusal.code()), lifetime, "{ends_after_ms:?}");
    }
}

#[test]
fn the_answer_has_the_members_of_rfc_6749_section_5_1() {
    // Every character that RFC 6749 §3.3 lets a scope have.
    let scopes: String = ('!'..='~').filter(|c| !matches!(c, '"' | '\\')).collect();
    for (scope, written) in
        [("".to_owned(), ""), ("b a".to_owned(), "a b"), (scopes.clone(), &*scopes)]
    {
        let mut grant = ask_form("grant_type=client_credentials").unwrap();
        grant.scope = Arc::new(scope.parse().unwrap());
        let json = Success::new("e30.e30.c2ln", &grant).to_json();
        let wanted = serde_json::json!({
            "access_token": "e30.e30.c2ln",
            "token_type": "Bearer",
            "expires_in": 86_400,
            "scope": written,
            "refresh_after": 43_200,
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), wanted);
    }
}

#[test]
fn descriptions_keep_to_the_alphabet_of_rfc_6749_section_5_2() {
    let scopes: Scopes = "a b".parse().unwrap();
    for refusal in [
        Refusal::Unproven(Unproven::Missing),
        Refusal::Unproven(Unproven::Plain),
        Refusal::Unproven(Unproven::Swapped),
        Refusal::Unproven(Unproven::IdAsSecret),
        Refusal::Unproven(Unproven::TokenAsSecret),
        Refusal::Unproven(Unproven::Padded),
        Refusal::Unproven(Unproven::Damaged),
        Refusal::InvalidClient(WhyNot::Pending),
        Refusal::InvalidClient(WhyNot::Expired(NOW)),
        Refusal::InvalidClient(WhyNot::SecretExpired(NOW)),
        Refusal::AddressNotAllowed,
        Refusal::UnsupportedGrantType,
        Refusal::MalformedScope,
        Refusal::SeveralTargets,
        Refusal::InvalidScope { allowed: scopes },
        Refusal::InvalidScope { allowed: Scopes::default() },
        Refusal::InvalidTarget { allowed: vec!["https://a.example".to_owned()] },
        Refusal::TooManyFailures { retry_after_s: 1 },
        Refusal::TemporarilyUnavailable { retry_after_s: 1 },
    ] {
        let legal = |b: u8| matches!(b, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        assert!(refusal.description().bytes().all(legal), "{}", refusal.description());
    }
}

mod any_input {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_answered_without_a_panic(body: Vec<u8>, header: Option<Vec<u8>>) {
            for params in [Params::from_form(&body), Params::from_json(&body)].into_iter().flatten() {
                let _ = request::parse(header.as_deref(), &params);
            }
        }

        #[test]
        fn percent_encoded_secrets_arrive_as_they_were(secret in "\\PC{1,40}") {
            let encoded: String =
                secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let header = basic(&client_id(), &encoded);
            let params = Params::default();
            let request = request::parse(Some(header.as_bytes()), &params).unwrap();
            prop_assert_eq!(request.login.secret.expose(), secret);
        }
    }
}
