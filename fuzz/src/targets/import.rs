//! What other servers export. Operators are no strangers, but a file may be cut off, edited by hand
//! or made by another version; whatever it holds, no reason for skipping a client repeats a secret,
//! and nothing gets power over Hallpass itself.

use std::rc::Rc;

use hallpass_core::{
    Api, ApiId, ClientId, Timestamp,
    import::{FoundSecret, Mapping, Source},
    organization::Policy,
    secret::ForeignDigest,
};
use hallpass_server::management::import::elements;
use serde_json::json;

use crate::target::{Target, Verdict, must};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const AUDIENCE: &str = "https://books.example.com";
const OWN: &str = "https://auth.example.com/api/v1";
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
const PBKDF2: &str =
    "$pbkdf2-sha256$i=4096,l=32$c2FsdA$xeR41ZKIyEGqUw22hFxMjZYok6ABzk4RpJY4c6qYE0o";

/// Long enough that no edit leaves it whole by chance where it does not belong.
const SECRET: &str = "Jk4uXo8zPd6fTq8VdZr31kWm9yp";
const WORDS: &[&str] = &[
    "\"clients\":[",
    "\"items\":[",
    "\"client_id\":",
    "\"clientId\":\"a\"",
    "\"audience\":\"https://auth.example.com/api/v1\"",
    "\"secret\":null",
    "\"**********\"",
    "[\"client_credentials\"]",
    "https://books.example.com",
    "$2a$12$",
    "$2y$",
    "$pbkdf2-sha512$i=1,l=64$",
    "hpc_",
    "\\ud800",
    "\\u0000",
    "null",
    "{",
    "}",
    "[",
    "]",
    "\n",
    "9999999999999999999",
    "1e999",
];

fn mapping() -> anyhow::Result<Mapping> {
    let mut books =
        Api::new(ApiId::from_entropy([1; 16]), "Books".parse()?, AUDIENCE.parse()?, NOW);
    books.scopes = "read write".parse()?;
    let own = Api::new(ApiId::management(), "Own".parse()?, OWN.parse()?, NOW);
    let default_api = Some(books.id.clone());
    Ok(Mapping { apis: vec![books, own], default_api, ..Mapping::default() })
}

fn check(source: Source, mapping: &Mapping, file: &[u8]) -> Verdict {
    let lines = 1 + file.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut verdict = Ok(());
    let ended = elements::each(source, file, &mut |element| {
        verdict = one(source, mapping, &element)
            .and_then(|()| must(element.line <= lines, || format!("line {}", element.line)));
        verdict.is_ok()
    });
    verdict?;
    let says = ended.err().map(|broken| broken.to_string()).unwrap_or_default();
    must(!says.contains(SECRET), || format!("a secret is repeated: {says}"))
}

fn one(source: Source, mapping: &Mapping, element: &elements::Element) -> Verdict {
    let Some(client) = &element.client else { return Ok(()) };
    let planned =
        source.read(client).and_then(|found| mapping.plan(found, &Policy::default(), NOW));
    let plan = match planned {
        Ok(plan) => plan,
        Err(skip) => {
            // A scope or an audience may be told, whatever it is; a secret stands nowhere there.
            let told = matches!(skip.code(), "unknown_scope" | "unknown_audience");
            let says = format!("{skip} {skip:?}");
            return must(told || !says.contains(SECRET), || format!("a secret: {says}"));
        }
    };
    let id = plan.client_id.as_str().parse::<ClientId>();
    must(id.as_ref() == Ok(&plan.client_id), || format!("the id {} is none", plan.client_id))?;
    let grants = &plan.settings.grants;
    must(grants.iter().all(|grant| !grant.api_id.is_management()), || {
        "power over Hallpass was given".to_owned()
    })?;
    must(plan.created_at <= NOW, || "it was made in the future".to_owned())?;
    match plan.secret {
        FoundSecret::Clear(secret) => {
            must(!secret.expose().is_empty(), || "an empty secret".to_owned())
        }
        FoundSecret::Digested(digest) => reads_back(&digest),
    }
}

fn reads_back(digest: &ForeignDigest) -> Verdict {
    let again = digest.as_str().parse::<ForeignDigest>();
    must(again.as_ref() == Ok(digest), || format!("{} reads as another", digest.as_str()))
}

pub(super) fn targets() -> anyhow::Result<Vec<Target>> {
    let mapping = Rc::new(mapping()?);
    let hydra = json!({
        "id": "reports", "client_name": "Reports", "client_secret": BCRYPT,
        "grant_types": "[\"client_credentials\"]", "scope": "read offline",
        "audience": [AUDIENCE], "created_at": "2023-01-02T15:04:05.5",
    });
    let keycloak = json!({
        "clientId": "reports", "secret": SECRET, "serviceAccountsEnabled": true,
        "attributes": { "client.secret.creation.time": "1700000000" },
        "defaultClientScopes": ["profile", "read"],
        "protocolMappers": [{
            "protocolMapper": "oidc-audience-mapper",
            "config": { "included.custom.audience": AUDIENCE },
        }],
    });
    let jsonl = [
        json!({ "client_id": "a", "secret": SECRET, "scopes": "read", "tags": ["x"] }),
        json!({ "client_id": "b", "secret_hash": PBKDF2, "allow_list": ["192.0.2.0/24"] }),
    ];
    let lines = format!("{}\n\n{}\n", jsonl[0], jsonl[1]);
    let seeds = [
        (
            "import-hydra",
            Source::Hydra,
            vec![json!({ "items": [hydra, 1] }).to_string(), format!("{hydra}\n{hydra}")],
        ),
        (
            "import-keycloak",
            Source::Keycloak,
            vec![
                json!({ "realm": "x", "users": [{}], "clients": [keycloak] }).to_string(),
                json!([keycloak]).to_string(),
            ],
        ),
        ("import-jsonl", Source::Jsonl, vec![lines]),
    ];
    let mut targets = Vec::new();
    for (name, source, seeds) in seeds {
        let mapping = mapping.clone();
        targets.push(Target::new(name, seeds, WORDS, move |file| check(source, &mapping, file)));
    }
    targets.push(Target::new("foreign-digest", [BCRYPT, PBKDF2], WORDS, |text| {
        let Ok(text) = std::str::from_utf8(text) else { return Ok(()) };
        match text.parse::<ForeignDigest>() {
            Ok(digest) => reads_back(&digest),
            Err(why) => must(why.to_string().len() < 200, || why.to_string()),
        }
    }));
    Ok(targets)
}
