//! What people type about a credential, and what it comes to. A draft keeps every letter as it was
//! typed, so that a form with a mistake comes back whole; a mistake is said at its own field.

use hallpass_core::{
    Api, ApiId, Credential, Scopes, Timestamp,
    credential::{Grant, Settings},
    text::{Name, Note},
};
use ipnet::IpNet;
use serde::Deserialize;

use super::{opened::api, words};
use crate::dashboard::typed::{field, or_wrong, sentence};

/// Days after which a credential may end, as the form offers them.
const PRESETS_DAYS: [u64; 5] = [30, 60, 90, 180, 365];

/// More tags than anybody needs.
const TAGS_AT_MOST: usize = 20;

/// More networks than anybody needs.
const ADDRESSES_AT_MOST: usize = 100;

/// A form about a credential, as it was typed. A form that lacks fields leaves them empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Draft {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Words for finding it, parted by commas.
    pub tags: String,
    /// Ids of the APIs that it may call.
    pub api: Vec<String>,
    /// Scopes, each behind the id of its API and a blank.
    pub scope: Vec<String>,
    /// The API that is meant when a token request names none.
    pub default_api: String,
    /// When it ends: empty for never, `own`, or a date.
    pub ends: String,
    /// The own date, in UTC.
    pub own_end: String,
    /// Networks that token requests may come from, one a line.
    pub addresses: String,
    /// Where its secret is kept.
    pub note: String,
    /// How its secret was stored: `file` or `by hand`; empty if not yet.
    pub stored: String,
    /// The secret, sealed, in case that the form comes back.
    pub kept: String,
    /// What the button that was pressed asks for; `preview` changes nothing.
    pub r#do: String,
}

/// What is wrong with a draft, by field. Empty: nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Wrong {
    pub name: String,
    pub description: String,
    pub tags: String,
    pub apis: String,
    pub ends: String,
    pub addresses: Vec<String>,
    pub note: String,
}

impl Wrong {
    /// Whether nothing is.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// An API as the form offers it.
#[derive(Clone, Debug)]
pub(super) struct ApiChoice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its audience, and what it is for.
    pub hint: String,
    /// Its audience.
    pub audience: String,
    /// Whether it is Hallpass's own.
    pub is_management: bool,
    /// Whether it is chosen.
    pub is_chosen: bool,
    /// Its scopes.
    pub scopes: Vec<ScopeChoice>,
}

/// A scope as the form offers it.
#[derive(Clone, Debug)]
pub(super) struct ScopeChoice {
    /// What the form sends.
    pub value: String,
    /// The scope.
    pub scope: String,
    /// What it lets a program do.
    pub words: String,
    /// Whether it is chosen.
    pub is_chosen: bool,
}

impl Draft {
    /// A form that was not touched yet: where there is one API, reading it is what most want.
    pub(super) fn fresh(apis: &[Api]) -> Self {
        let mut draft = Self::default();
        let of_customers: Vec<&Api> = apis.iter().filter(|api| !api.id.is_management()).collect();
        if let [only] = of_customers[..] {
            draft.api.push(only.id.to_string());
            let all: Vec<&str> = only.scopes.iter().collect();
            let reads = all.iter().filter(|scope| all.len() == 1 || scope.contains("read"));
            draft.scope.extend(reads.map(|scope| format!("{} {scope}", only.id)));
        }
        draft
    }

    /// What a credential is now.
    pub(super) fn of(own: &Credential) -> Self {
        let settings = &own.settings;
        let tags: Vec<&str> = settings.tags.iter().map(Name::as_str).collect();
        let grants = settings.grants.iter();
        let scopes = grants
            .clone()
            .flat_map(|grant| grant.scopes.iter().map(|scope| format!("{} {scope}", grant.api_id)));
        let lines = settings.allow_list.iter().map(|net| format!("{net}\n"));
        Self {
            name: settings.name.to_string(),
            description: settings.description.to_string(),
            tags: tags.join(", "),
            api: grants.clone().map(|grant| grant.api_id.to_string()).collect(),
            scope: scopes.collect(),
            default_api: grants.clone().next().map_or_else(String::new, |g| g.api_id.to_string()),
            ends: settings.expires_at.map_or("", |_| "own").to_owned(),
            own_end: settings.expires_at.map_or_else(String::new, typed),
            addresses: lines.collect(),
            note: own.secrets.first().map_or_else(String::new, |secret| secret.note.to_string()),
            ..Self::default()
        }
    }

    /// Everything, as the settings of a credential. Also says what the secret's note comes to.
    pub(super) fn settings(&self, apis: &[Api]) -> Result<(Settings, Note), Box<Wrong>> {
        let mut wrong = Wrong::default();
        let name = field(&self.name, &mut wrong.name);
        let description = field(&self.description, &mut wrong.description);
        let tags = or_wrong(said(self.tags()), &mut wrong.tags);
        let grants = or_wrong(said(self.grants(apis)), &mut wrong.apis);
        let expires_at = or_wrong(said(self.end()), &mut wrong.ends);
        let note = field(&self.note, &mut wrong.note);
        let allow_list = self.allow_list().unwrap_or_else(|lines| {
            wrong.addresses = lines;
            Vec::new()
        });
        match (name, grants, description, tags, expires_at, note) {
            (Some(name), Some(grants), Some(description), Some(tags), Some(end), Some(note))
                if wrong.addresses.is_empty() =>
            {
                let mut settings = Settings::new(name, grants);
                settings.description = description;
                settings.tags = tags;
                settings.expires_at = end;
                settings.allow_list = allow_list;
                Ok((settings, note))
            }
            _ => Err(Box::new(wrong)),
        }
    }

    /// The tags, each once.
    pub(super) fn tags(&self) -> Result<Vec<Name>, String> {
        let mut tags: Vec<Name> = Vec::new();
        for word in self.tags.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let tag = word.parse::<Name>().map_err(|why| format!("{word}: {why}"))?;
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        if tags.len() > TAGS_AT_MOST {
            return Err(format!("{} tags are given; at most {TAGS_AT_MOST} are kept", tags.len()));
        }
        Ok(tags)
    }

    /// The grants, the default one first. A scope brings its API.
    pub(super) fn grants(&self, apis: &[Api]) -> Result<Vec<Grant>, String> {
        let mut ids: Vec<&str> = self.api.iter().map(String::as_str).collect();
        ids.extend(self.scope.iter().filter_map(|scope| scope.split_once(' ')).map(|(id, _)| id));
        let chosen: Vec<&Api> = apis.iter().filter(|api| ids.contains(&api.id.as_str())).collect();
        if ids.iter().any(|id| apis.iter().all(|api| api.id.as_str() != *id)) {
            return Err("one of the APIs does not exist any more; choose again".to_owned());
        }
        if chosen.is_empty() {
            return Err("choose at least one API that the credential may call".to_owned());
        }
        let mut grants = Vec::new();
        for api in chosen {
            let words: Vec<&str> = self.scopes_of(&api.id).collect();
            let scopes: Scopes = words.join(" ").parse().map_err(|why| format!("{why}"))?;
            if !scopes.is_subset(&api.scopes) {
                return Err(format!("{} no longer has one of the scopes; choose again", api.name));
            }
            if scopes.is_empty() && !api.scopes.is_empty() {
                return Err(format!("choose what the credential may do at {}", api.name));
            }
            grants.push(Grant { api_id: api.id.clone(), scopes });
        }
        grants.sort_by_key(|grant| grant.api_id.as_str() != self.default_api);
        Ok(grants)
    }

    fn scopes_of<'a>(&'a self, id: &'a ApiId) -> impl Iterator<Item = &'a str> {
        let pairs = self.scope.iter().filter_map(|scope| scope.split_once(' '));
        pairs.filter(|(of, _)| *of == id.as_str()).map(|(_, scope)| scope)
    }

    /// When it ends; `None` for never.
    pub(super) fn end(&self) -> Result<Option<Timestamp>, String> {
        match self.ends.as_str() {
            "" => Ok(None),
            "own" => own_date(&self.own_end).map(Some),
            date => own_date(date).map(Some),
        }
    }

    /// The networks; otherwise one sentence for each line that is none.
    pub(super) fn allow_list(&self) -> Result<Vec<IpNet>, Vec<String>> {
        let (mut networks, mut wrong) = (Vec::new(), Vec::new());
        for (number, line) in (1..).zip(self.addresses.lines()) {
            for word in line.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
                match network(word) {
                    Some(network) if networks.contains(&network) => {}
                    Some(network) => networks.push(network),
                    None => wrong.push(format!(
                        "Line {number}: “{word}” is no address; write 192.0.2.7, 192.0.2.0/24 or \
                         2001:db8::/32"
                    )),
                }
            }
        }
        if networks.len() > ADDRESSES_AT_MOST {
            wrong.push(format!(
                "{} networks are given; at most {ADDRESSES_AT_MOST} are kept",
                networks.len()
            ));
        }
        if wrong.is_empty() { Ok(networks) } else { Err(wrong) }
    }

    /// The APIs to choose from.
    pub(super) fn choices(&self, apis: &[Api]) -> Vec<ApiChoice> {
        let choice = |api: &Api| {
            let scope = |scope: &str| ScopeChoice {
                value: format!("{} {scope}", api.id),
                scope: scope.to_owned(),
                words: words::scope(api, scope),
                is_chosen: self.scopes_of(&api.id).any(|chosen| chosen == scope),
            };
            let scopes: Vec<ScopeChoice> = api.scopes.iter().map(scope).collect();
            let about = api.description.as_str();
            let hint = match about {
                "" => api.audience.to_string(),
                about => format!("{about} · {}", api.audience),
            };
            ApiChoice {
                id: api.id.to_string(),
                name: api.name.to_string(),
                hint,
                audience: api.audience.to_string(),
                is_management: api.id.is_management(),
                is_chosen: self.api.iter().any(|id| id == api.id.as_str())
                    || scopes.iter().any(|scope| scope.is_chosen),
                scopes,
            }
        };
        apis.iter().map(choice).collect()
    }

    /// The APIs that are chosen, for choosing the default one among them.
    pub(super) fn defaults(&self, apis: &[Api]) -> Vec<(String, String)> {
        let own = self.api.iter().filter_map(|id| api(apis, &id.parse().ok()?));
        own.map(|api| (api.id.to_string(), api.name.to_string())).collect()
    }

    /// The ends to choose from, each with its date spelled out.
    pub(super) fn ends(&self, now: Timestamp) -> Vec<(String, String)> {
        let mut ends = vec![(String::new(), "Never".to_owned())];
        let presets = PRESETS_DAYS.map(|days| {
            let at = now.plus_secs(days * 86_400);
            (typed(at), format!("In {days} days · {}", words::date(at)))
        });
        // What was chosen a minute ago is still there, with its own date.
        let is_known = self.ends.is_empty()
            || self.ends == "own"
            || presets.iter().any(|(value, _)| *value == self.ends);
        if !is_known && let Ok(at) = own_date(&self.ends) {
            ends.push((self.ends.clone(), words::date(at)));
        }
        ends.extend(presets);
        ends.push(("own".to_owned(), "On a date of your own".to_owned()));
        ends
    }
}

/// The same, with its reason as a sentence.
fn said<T>(read: Result<T, String>) -> Result<T, String> {
    read.map_err(|why| sentence(&why))
}

/// An address stands for the network of itself alone.
fn network(word: &str) -> Option<IpNet> {
    let whole = word.parse::<std::net::IpAddr>().map(IpNet::from);
    whole.or_else(|_| word.parse::<IpNet>()).ok().map(|net| net.trunc())
}

/// A point in time as a field of a form holds it: in UTC, to the second.
pub(super) fn typed(at: Timestamp) -> String {
    let date = i64::try_from(at.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    date.map_or_else(String::new, |date| date.strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// Reads a date of one's own: with a zone, or else in UTC.
pub(super) fn own_date(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("choose a date and a time".to_owned());
    }
    let at_midnight = if text.contains('T') { "" } else { "T00:00" };
    let zoned = || format!("{text}{at_midnight}Z").parse::<jiff::Timestamp>();
    let date = text.parse::<jiff::Timestamp>().or_else(|_| zoned()).ok();
    let millis = date.and_then(|date| u64::try_from(date.as_second()).ok());
    millis
        .map(Timestamp::from_secs)
        .ok_or_else(|| "write a date and a time in UTC, such as 2027-01-31T12:00:00".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_000_000);

    fn books() -> Api {
        let audience = "https://api.example.com".parse().unwrap();
        let id = ApiId::from_entropy([1; 16]);
        let mut api = Api::new(id, "Books".parse().unwrap(), audience, NOW);
        api.scopes = "books:read books:write".parse().unwrap();
        api
    }

    fn draft(edit: impl FnOnce(&mut Draft)) -> Draft {
        let mut draft = Draft { name: "Reports".to_owned(), ..Draft::fresh(&[books()]) };
        edit(&mut draft);
        draft
    }

    #[test]
    fn what_is_fresh_reads_the_only_api() {
        let (settings, _) = draft(|_| {}).settings(&[books()]).unwrap();
        assert_eq!(settings.grants[0].scopes.as_str(), "books:read");
        let mut other = books();
        other.id = ApiId::from_entropy([2; 16]);
        assert_eq!(Draft::fresh(&[books(), other.clone()]).api, Vec::<String>::new());
        other.id = ApiId::management();
        assert_eq!(Draft::fresh(&[books(), other]).api, [books().id.as_str()]);
    }

    #[test]
    fn each_mistake_is_said_at_its_field_and_nothing_is_lost() {
        let id = books().id;
        for (edit, field) in [
            (Box::new(|d: &mut Draft| d.name = "  ".to_owned()) as Box<dyn Fn(&mut Draft)>, "name"),
            (Box::new(|d| d.name = "x".repeat(101)), "name"),
            (Box::new(|d| d.description = "a\nb".to_owned()), "description"),
            (Box::new(|d| d.tags = format!("ok, {}", "x".repeat(101))), "tags"),
            (Box::new(|d| d.tags = (0..21).map(|n| format!("{n},")).collect()), "tags"),
            (Box::new(|d| (d.api.clear(), d.scope.clear()).0), "apis"),
            (Box::new(|d| d.scope.clear()), "apis"),
            (Box::new(|d| d.api.push("api_gone".to_owned())), "apis"),
            (Box::new(move |d| d.scope.push(format!("{id} books:burn"))), "apis"),
            (Box::new(|d| d.ends = "own".to_owned()), "ends"),
            (Box::new(|d| d.ends = "tomorrow".to_owned()), "ends"),
            (Box::new(|d| d.addresses = "10.0.0.0/8\n10.0.0".to_owned()), "addresses"),
            (Box::new(|d| d.note = "a\u{7}".to_owned()), "note"),
        ] {
            let draft = draft(&edit);
            let wrong = draft.settings(&[books()]).unwrap_err();
            let fields = [
                ("name", &wrong.name),
                ("description", &wrong.description),
                ("tags", &wrong.tags),
                ("apis", &wrong.apis),
                ("ends", &wrong.ends),
                ("addresses", &wrong.addresses.join(" ")),
                ("note", &wrong.note),
            ];
            for (name, said) in fields {
                assert_eq!(!said.is_empty(), name == field, "{name}: {said:?} for {draft:?}");
            }
        }
    }

    #[test]
    fn networks_and_addresses_are_read_and_each_error_named() {
        for (typed, wanted) in [
            ("", Ok("")),
            ("192.0.2.7", Ok("192.0.2.7/32")),
            ("10.1.2.3/8, 10.0.0.0/8\r\n\n 2001:db8::1/32", Ok("10.0.0.0/8 2001:db8::/32")),
            ("10.0.0.0/33\nx y", Err(vec!["Line 1: “10.0.0.0/33”", "Line 2: “x”", "Line 2: “y”"])),
        ] {
            let draft = draft(|d| d.addresses = typed.to_owned());
            match (draft.allow_list(), wanted) {
                (Ok(got), Ok(wanted)) => {
                    let got: Vec<_> = got.iter().map(ToString::to_string).collect();
                    assert_eq!(got.join(" "), wanted);
                }
                (Err(got), Err(wanted)) => {
                    assert_eq!(got.len(), wanted.len(), "{got:?}");
                    assert!(got.iter().zip(wanted).all(|(got, w)| got.starts_with(w)), "{got:?}");
                }
                (got, _) => panic!("{typed:?}: {got:?}"),
            }
        }
    }

    #[test]
    fn ends_are_exact_to_the_second_and_in_utc() {
        for (text, wanted) in [
            ("2025-11-24T16:00", Some(1_764_000_000)),
            ("2025-11-24T16:00:07", Some(1_764_000_007)),
            ("2025-11-24T17:00:07+01:00", Some(1_764_000_007)),
            ("2025-11-24", Some(1_763_942_400)),
            ("1969-12-31T23:59", None),
            ("soon", None),
        ] {
            assert_eq!(own_date(text).ok().map(Timestamp::as_secs), wanted, "{text}");
        }
        let ends = draft(|_| {}).ends(NOW);
        assert_eq!(ends.len(), 7);
        assert_eq!(ends[1].1, "In 30 days · Wed 24 Dec 2025, 16:00 UTC");
        // What the form sends is what the form said.
        let chosen = draft(|d| d.ends = ends[1].0.clone());
        assert_eq!(chosen.end(), Ok(Some(NOW.plus_secs(30 * 86_400))));
        assert_eq!(chosen.ends(NOW.plus_secs(60))[1].1, "Wed 24 Dec 2025, 16:00 UTC");
    }

    #[test]
    fn a_draft_of_a_credential_gives_its_settings_back() {
        use hallpass_core::{ClientId, OrganizationId, SecretId, credential::NewSecret, secret::*};
        let (settings, _) = draft(|d| {
            d.tags = "nightly, ci".to_owned();
            d.ends = "2027-01-31T12:00:01".to_owned();
            d.addresses = "10.0.0.0/8\n2001:db8::1".to_owned();
            d.description = "For the library".to_owned();
        })
        .settings(&[books()])
        .unwrap();
        let secret = Secret::from_entropy([1; 32]);
        let new = NewSecret::new(SecretId::from_entropy([1; 16]), &secret, &Pepper::new([9; 32]));
        let ids = (ClientId::from_entropy([1; 16]), OrganizationId::from_entropy([2; 16]));
        let own = Credential::pending(ids.0, ids.1, settings.clone(), &new, (NOW, "tester"));
        assert_eq!(Draft::of(&own).settings(&[books()]).unwrap().0, settings);
    }
}
