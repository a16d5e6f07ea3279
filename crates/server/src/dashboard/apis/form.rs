//! What operators type about an API, and what it comes to. A draft keeps every letter as it was
//! typed, so that a form with a mistake comes back whole; a mistake is said at its own field.

use std::collections::BTreeMap;

use hallpass_core::{Api, Scopes, text::Note};
use hallpass_token::jose::Algorithm;
use serde::Deserialize;

use crate::{
    dashboard::typed::{field, or_wrong, sentence},
    management::apis::Wanted,
};

/// A form about an API, as it was typed.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(super) struct Draft {
    pub name: String,
    pub description: String,
    pub audience: String,
    /// A scope on each line, and behind the first blank what it means.
    pub scopes: String,
    /// How long tokens live: a number …
    pub lifetime: String,
    /// … of these: `m`, `h` or `d`.
    pub lifetime_unit: String,
    pub algorithm: String,
    pub typ: String,
    /// What the change means, as the one who sends it has read it.
    pub sure: String,
}

/// What is wrong with a draft, by field. Empty: nothing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Wrong {
    pub name: String,
    pub description: String,
    pub audience: String,
    pub scopes: String,
    pub lifetime: String,
    pub algorithm: String,
    pub typ: String,
}

impl Default for Draft {
    /// What most APIs want.
    fn default() -> Self {
        let empty = String::new;
        Self {
            name: empty(),
            description: empty(),
            audience: empty(),
            scopes: empty(),
            lifetime: "24".to_owned(),
            lifetime_unit: "h".to_owned(),
            algorithm: "ES256".to_owned(),
            typ: "at+jwt".to_owned(),
            sure: empty(),
        }
    }
}

impl Draft {
    /// What an API is now.
    pub(super) fn of(api: &Api) -> Self {
        let (lifetime, unit) = match api.token_lifetime_s {
            s if s % 86_400 == 0 && s > 86_400 => (s / 86_400, "d"),
            s if s % 3600 == 0 => (s / 3600, "h"),
            s if s % 60 == 0 => (s / 60, "m"),
            s => (s, "s"),
        };
        let line = |scope| format!("{scope} {}", api.scope_description(scope)).trim().to_owned();
        Self {
            name: api.name.to_string(),
            description: api.description.to_string(),
            audience: api.audience.to_string(),
            scopes: api.scopes.iter().map(line).collect::<Vec<_>>().join("\n"),
            lifetime: lifetime.to_string(),
            lifetime_unit: unit.to_owned(),
            algorithm: api.algorithm.to_string(),
            typ: api.token_type.to_string(),
            sure: String::new(),
        }
    }

    /// The API that it asks for, or what is wrong with it.
    pub(super) fn read(&self) -> Result<Wanted, Box<Wrong>> {
        let mut wrong = Wrong::default();
        let name = field(&self.name, &mut wrong.name);
        let description = field(&self.description, &mut wrong.description);
        let audience = field(self.audience.trim(), &mut wrong.audience);
        let algorithm = field::<Algorithm>(&self.algorithm, &mut wrong.algorithm);
        let token_type = field(&self.typ, &mut wrong.typ);
        let lifetime = or_wrong(self.lifetime_s(), &mut wrong.lifetime);
        let scopes = or_wrong(self.scopes_and_words(), &mut wrong.scopes);
        match (name, description, audience, algorithm, token_type, lifetime, scopes) {
            (
                Some(name),
                Some(description),
                Some(audience),
                Some(algorithm),
                Some(token_type),
                Some(token_lifetime_s),
                Some((scopes, scope_descriptions)),
            ) => Ok(Wanted {
                name,
                description,
                audience,
                scopes,
                scope_descriptions,
                token_lifetime_s,
                algorithm,
                token_type,
            }),
            _ => Err(Box::new(wrong)),
        }
    }

    fn lifetime_s(&self) -> Result<u64, String> {
        let unit_s = match self.lifetime_unit.as_str() {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return Err("Choose minutes, hours or days".to_owned()),
        };
        let number: Option<u64> = self.lifetime.trim().parse().ok();
        number
            .and_then(|number| number.checked_mul(unit_s))
            .ok_or_else(|| "Give a whole number, such as 24".to_owned())
    }

    fn scopes_and_words(&self) -> Result<(Scopes, BTreeMap<String, Note>), String> {
        let (mut scopes, mut words) = (Vec::new(), BTreeMap::new());
        for line in self.scopes.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (scope, said) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let said = said.trim().parse().map_err(|why| format!("{scope}: {why}"))?;
            scopes.push(scope);
            words.insert(scope.to_owned(), said);
        }
        let scopes = scopes.join(" ").parse().map_err(|why| sentence(&why))?;
        Ok((scopes, words))
    }
}

#[cfg(test)]
mod tests {
    use hallpass_core::{ApiId, Timestamp};

    use super::*;
    use crate::management::apis::meaning;

    fn draft() -> Draft {
        let text = |text: &str| text.to_owned();
        Draft {
            name: text("Books"),
            audience: text(" https://api.example.com "),
            scopes: text("books:read Reads the catalogue\n\n  books:write\n"),
            ..Draft::default()
        }
    }

    #[test]
    fn a_draft_is_read_as_it_was_meant() {
        let wanted = draft().read().unwrap();
        assert_eq!(wanted.scopes.as_str(), "books:read books:write");
        assert_eq!(wanted.scope_descriptions["books:read"].as_str(), "Reads the catalogue");
        assert_eq!(wanted.token_lifetime_s, 86_400);
    }

    #[test]
    fn a_mistake_is_said_at_its_field() {
        type Edit = fn(&mut Draft);
        type Said = fn(&Wrong) -> &str;
        let table: [(Edit, Said, &str); 8] = [
            (|d| d.name.clear(), |w| &w.name, "A name must not be empty"),
            (|d| d.description = "x".repeat(501), |w| &w.description, "The text has 501"),
            (|d| d.audience = "books".to_owned(), |w| &w.audience, "An audience is an absolute"),
            (|d| d.scopes = "a\"b".to_owned(), |w| &w.scopes, "Scopes are words"),
            (|d| d.lifetime = "long".to_owned(), |w| &w.lifetime, "Give a whole number"),
            (|d| d.lifetime_unit = "w".to_owned(), |w| &w.lifetime, "Choose minutes"),
            (|d| d.algorithm = "none".to_owned(), |w| &w.algorithm, ""),
            (|d| d.typ = "x".to_owned(), |w| &w.typ, ""),
        ];
        for (edit, said, wanted) in table {
            let mut draft = draft();
            edit(&mut draft);
            let wrong = draft.read().unwrap_err();
            assert!(!said(&wrong).is_empty() && said(&wrong).starts_with(wanted), "{wrong:?}");
        }
    }

    #[test]
    fn an_api_comes_back_from_its_form_as_it_was() {
        for lifetime_s in [60, 90, 3600, 86_400, 172_800] {
            let id = ApiId::from_entropy([1; 16]);
            let audience = "https://api.example.com".parse().unwrap();
            let words = [("read".to_owned(), "Reads".parse().unwrap())].into();
            let api = Api::new(id, "Books".parse().unwrap(), audience, Timestamp::default())
                .with_scopes("read write".parse().unwrap(), words)
                .with_token_lifetime(lifetime_s)
                .unwrap();
            let back = Draft::of(&api).read().unwrap();
            assert_eq!(back.token_lifetime_s, lifetime_s);
            assert_eq!(meaning(&api, &back), Vec::<String>::new());
            let said: Vec<_> = back.scope_descriptions.values().map(Note::as_str).collect();
            assert_eq!(said, ["Reads", ""]);
        }
    }
}
