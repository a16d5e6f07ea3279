//! One sentence that says what a credential may do: before it is made, and on its page.

use hallpass_core::{Api, credential::Settings, organization::Policy};

use super::{opened::api, words};

/// What is about to be made. Needs whole settings; see [`unfinished`] for a draft without.
pub(super) fn sentence(settings: &Settings, apis: &[Api], policy: Policy) -> String {
    let grants = settings.grants.iter().filter_map(|grant| {
        let api = api(apis, &grant.api_id)?;
        let may: Vec<String> =
            grant.scopes.iter().map(|scope| lowered(&words::scope(api, scope))).collect();
        let life = words::span(api.token_lifetime_s);
        Some(if may.is_empty() {
            format!("call {} with tokens that live {life}", api.name)
        } else {
            format!("{} at {} with tokens that live {life}", words::listed(&may), api.name)
        })
    });
    let grants: Vec<String> = grants.collect();
    let from = match settings.allow_list.as_slice() {
        [] => "from any address".to_owned(),
        some if some.len() <= 3 => {
            let some: Vec<String> = some.iter().map(ToString::to_string).collect();
            format!("from {} only", words::listed(&some))
        }
        many => format!("from {} networks only", many.len()),
    };
    let until = settings.expires_at.map_or_else(
        || "until it is revoked".to_owned(),
        |at| format!("until {}", words::date(at)),
    );
    let approval = if policy.approval_required {
        " It gets tokens once an owner or admin has approved it."
    } else {
        ""
    };
    let secret = policy.secret_life_at_most_s.map_or_else(String::new, |secs| {
        format!(" Your organization ends each secret after {}.", words::span(secs))
    });
    format!(
        "“{}” may {}, {from}, {until}.{secret}{approval}",
        settings.name,
        words::listed(&grants)
    )
}

/// What a draft lacks.
pub(super) fn unfinished(has_name: bool, has_apis: bool) -> &'static str {
    match (has_name, has_apis) {
        (false, false) => "Give it a name and choose an API: then a sentence here sums it up.",
        (false, true) => "Give it a name: then a sentence here sums it up.",
        (true, false) => "Choose what it may do: then a sentence here sums it up.",
        (true, true) => "Something above is not good yet.",
    }
}

/// Words in the middle of a sentence; `API keys` stays as it is.
fn lowered(words: &str) -> String {
    let mut chars = words.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && !second.is_uppercase() => {
            format!("{}{}", first.to_lowercase(), chars.as_str())
        }
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use hallpass_core::{ApiId, Timestamp, credential::Grant};

    use super::*;

    #[test]
    fn one_sentence_sums_it_up() {
        let now = Timestamp::from_secs(1_764_000_000);
        let audience = "https://api.example.com".parse().unwrap();
        let mut books =
            Api::new(ApiId::from_entropy([1; 16]), "Books API".parse().unwrap(), audience, now);
        books.scopes = "books:read books:write".parse().unwrap();
        let grant = Grant { api_id: books.id.clone(), scopes: books.scopes.clone() };
        let mut settings = Settings::new("Reports".parse().unwrap(), vec![grant]);
        let said = |settings: &Settings, policy| sentence(settings, &[books.clone()], policy);
        insta::assert_snapshot!(
            said(&settings, Policy::default()),
            @"“Reports” may read books and write books at Books API with tokens that live 24 hours, from any address, until it is revoked."
        );
        settings.allow_list.push("192.0.2.0/24".parse().unwrap());
        settings.expires_at = Some(now);
        let policy = Policy {
            approval_required: true,
            secret_life_at_most_s: Some(90 * 86_400),
            ..Policy::default()
        };
        insta::assert_snapshot!(
            said(&settings, policy),
            @"“Reports” may read books and write books at Books API with tokens that live 24 hours, from 192.0.2.0/24 only, until Mon 24 Nov 2025, 16:00 UTC. Your organization ends each secret after 90 days. It gets tokens once an owner or admin has approved it."
        );
    }
}
