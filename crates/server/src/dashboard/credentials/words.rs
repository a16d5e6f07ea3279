//! Numbers, dates, ids and scopes as people read them. Nothing here decides anything.

use hallpass_core::{Api, ClientId, Timestamp, credential::Grant};

/// Verbs that scopes begin or end with.
const VERBS: [&str; 9] =
    ["read", "write", "create", "update", "delete", "list", "manage", "approve", "export"];

/// `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 token`, `2 tokens`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", count(number))
}

/// `a, b and c`.
pub(super) fn listed<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// `Thu 3 Dec 2026, 14:00:05 UTC`: exact to the second, and never without its zone.
pub(super) fn date(at: Timestamp) -> String {
    let date = i64::try_from(at.as_secs()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    let form = if at.as_secs().is_multiple_of(60) {
        "%a %-d %b %Y, %H:%M UTC"
    } else {
        "%a %-d %b %Y, %H:%M:%S UTC"
    };
    date.map_or_else(String::new, |date| date.strftime(form).to_string())
}

/// `24 hours`, `90 days`.
pub(super) fn span(secs: u64) -> String {
    match secs {
        s if s >= 2 * 86_400 && s.is_multiple_of(86_400) => counted(s / 86_400, "day"),
        s if s >= 3600 && s.is_multiple_of(3600) => counted(s / 3600, "hour"),
        s if s >= 60 && s.is_multiple_of(60) => counted(s / 60, "minute"),
        s => counted(s, "second"),
    }
}

/// `hpc_7KqV…4Zta`: enough to recognise it by.
pub(super) fn masked(client_id: &ClientId) -> String {
    let id = client_id.as_str();
    // An imported one may be short; all are ASCII.
    if id.len() <= 16 {
        return id.to_owned();
    }
    format!("{}…{}", &id[..8], &id[id.len() - 4..])
}

/// What a scope lets a program do: the operator's words for it, or else what its name says.
pub(super) fn scope(api: &Api, scope: &str) -> String {
    let said = api.scope_description(scope);
    if said.is_empty() { spelled(scope) } else { said.to_owned() }
}

/// `books:read` as `Read books`.
fn spelled(scope: &str) -> String {
    let mut parts: Vec<&str> =
        scope.split([':', '.', '/', '_', '-']).filter(|part| !part.is_empty()).collect();
    if let Some(at) = parts.iter().position(|part| VERBS.contains(part)) {
        let verb = parts.remove(at);
        parts.insert(0, verb);
    }
    let text = parts.join(" ");
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", chars.as_str())
}

/// The names of the APIs that are granted.
pub(super) fn apis(grants: &[Grant], apis: &[Api]) -> Vec<String> {
    let found = grants.iter().filter_map(|grant| apis.iter().find(|api| api.id == grant.api_id));
    found.map(|api| api.name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_people_write_them() {
        for (number, wanted) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), wanted);
        }
        for (words, wanted) in [
            (&[][..], ""),
            (&["a"], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c"], "a, b and c"),
        ] {
            assert_eq!(listed(words), wanted);
        }
        for (secs, wanted) in
            [(86_400, "24 hours"), (90 * 86_400, "90 days"), (3600, "1 hour"), (90, "90 seconds")]
        {
            assert_eq!(span(secs), wanted);
        }
    }

    #[test]
    fn client_ids_are_shortened_as_far_as_that_helps() {
        for (id, wanted) in [
            ("hpc_0000000000000000000000", "hpc_0000…0000"),
            ("b1f9a6e2-5c7d-4d0e-9a53-1f6f4c1f7c11", "b1f9a6e2…7c11"),
            ("reports", "reports"),
        ] {
            assert_eq!(masked(&id.parse().unwrap()), wanted);
        }
    }

    #[test]
    fn dates_are_exact_to_the_second_and_say_their_zone() {
        for (secs, wanted) in [
            (1_796_306_400, "Thu 3 Dec 2026, 14:00 UTC"),
            (1_796_306_405, "Thu 3 Dec 2026, 14:00:05 UTC"),
            (u64::MAX / 1000, ""),
        ] {
            assert_eq!(date(Timestamp::from_secs(secs)), wanted);
        }
    }

    #[test]
    fn scopes_are_spelled_out() {
        for (scope, wanted) in [
            ("books:read", "Read books"),
            ("read:books", "Read books"),
            ("orders.lines.delete", "Delete orders lines"),
            ("reports", "Reports"),
            ("https://example.com/x", "Https example com x"),
            ("", ""),
        ] {
            assert_eq!(spelled(scope), wanted, "{scope}");
        }
    }
}
