//! A token request in each of its forms, up to the question whose it is. Whatever comes, nobody
//! gets in but by the very secret, and what a refusal says is in the alphabet of RFC 6749 §5.2.

use std::rc::Rc;

use base64::{Engine, engine::general_purpose::STANDARD};
use hallpass_core::{
    ClientId, Credential, Image, Organization, OrganizationId, SecretId, Timestamp,
    change::Effect,
    credential::{NewSecret, Settings},
    directory::Directory,
    grant::{self, Params, Refusal},
    secret::{Pepper, Secret},
};

use crate::target::{Target, Verdict, must};

const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);
const GRANT: &str = "grant_type=client_credentials";
const WORDS: &[&str] = &[
    "grant_type",
    "client_credentials",
    "client_id",
    "client_secret",
    "client_assertion",
    "scope",
    "resource",
    "audience",
    "https://api.example.com",
    "books:read",
    "%41",
    "%00",
    "%",
    "null",
    "\\u0000",
    "\\ud800",
    "1e999",
    "Basic ",
    "Bearer ",
];

/// A directory with one credential.
struct Desk {
    directory: Directory,
    client_id: String,
    secret: String,
}

impl Desk {
    fn open() -> anyhow::Result<Self> {
        let pepper = || Pepper::new([9; 32]);
        let (secret, client_id) = (Secret::from_entropy([1; 32]), ClientId::from_entropy([1; 16]));
        let owner = OrganizationId::from_entropy([1; 16]);
        let new = NewSecret::new(SecretId::from_entropy([1; 16]), &secret, &pepper());
        let settings = Settings::new("reports".parse()?, Vec::new());
        let own = Credential::pending(client_id.clone(), owner.clone(), settings, &new, (NOW, ""));
        let directory = Directory::new(pepper());
        let owner = Organization::new(owner, "Example".parse()?, NOW);
        for image in [Image::Organization(owner), Image::Credential(Box::new(own.activate(NOW)?))] {
            directory.apply(&Effect::Put(image));
        }
        let secret = secret.expose().to_owned();
        Ok(Self { directory, client_id: client_id.to_string(), secret })
    }

    fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client_id, self.secret)))
    }

    fn check(&self, header: Option<&[u8]>, params: Result<Params<'_>, Refusal>) -> Verdict {
        let params = match params {
            Ok(params) => params,
            Err(refusal) => return is_tame(&refusal),
        };
        let request = match grant::request::parse(header, &params) {
            Ok(request) => request,
            Err(refusal) => return is_tame(&refusal),
        };
        let login = &request.login;
        let right = login.client_id == self.client_id && login.secret.expose() == self.secret;
        match grant::authenticate(login, &self.directory, NOW, None) {
            Ok(_) => must(right, || "somebody else got in".to_owned()),
            Err(refusal) => {
                must(!right, || format!("the right secret was refused: {refusal:?}"))?;
                is_tame(&refusal)
            }
        }
    }
}

/// RFC 6749 §5.2: `%x20-21 / %x23-5B / %x5D-7E`.
fn is_tame(refusal: &Refusal) -> Verdict {
    let says = refusal.description();
    let tame = says.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E));
    must(tame, || format!("a description has forbidden characters: {says}"))
}

pub(super) fn targets() -> anyhow::Result<Vec<Target>> {
    let desk = Rc::new(Desk::open()?);
    let (id, secret) = (&desk.client_id, &desk.secret);
    let forms = [
        GRANT.to_owned(),
        format!("{GRANT}&client_id={id}&client_secret={secret}"),
        format!("{GRANT}&client_id={id}&client_secret={secret}&scope=books:read+books:write"),
        format!("{GRANT}&resource=https%3A%2F%2Fapi.example.com&audience=https://api.example.com/"),
    ];
    let jsons = [
        r#"{"grant_type":"client_credentials"}"#.to_owned(),
        format!(
            r#"{{"grant_type":"client_credentials","client_id":"{id}","client_secret":"{secret}",
                "scope":"books:read","resource":["https://api.example.com"],"more":{{"x":[1,null]}}}}"#
        ),
    ];
    let headers = [desk.header(), desk.header().replace("Basic", "bAsIc"), "Basic Og==".to_owned()];
    let (by_form, by_json, by_header) = (desk.clone(), desk.clone(), desk.clone());
    Ok(vec![
        Target::new("token-form", forms, WORDS, move |body| {
            by_form.check(None, Params::from_form(body))?;
            by_form.check(Some(by_form.header().as_bytes()), Params::from_form(body))
        }),
        Target::new("token-json", jsons, WORDS, move |body| {
            by_json.check(None, Params::from_json(body))?;
            by_json.check(Some(by_json.header().as_bytes()), Params::from_json(body))
        }),
        Target::new("token-basic", headers, WORDS, move |header| {
            by_header.check(Some(header), Params::from_form(GRANT.as_bytes()))?;
            by_header.check(Some(header), Ok(Params::default()))
        }),
    ])
}
