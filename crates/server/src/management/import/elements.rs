//! The clients of a file, one by one, however large the file is: of each only what its reader looks
//! at is kept, and never more than one at a time. Says nothing of what it could not read but the
//! line: it may be a secret.

use std::{
    cell::Cell,
    io::{self, BufRead, Read},
};

use hallpass_core::import::Source;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The longest line, and the longest member of a client, in bytes.
const AT_MOST: u64 = 1 << 20;

/// Under which names servers put the list of their clients.
const LISTS: [&str; 2] = ["items", "clients"];

/// What the readers of [`hallpass_core::import`] look at; the rest is not kept.
const HYDRA: &[&str] = &[
    "id",
    "client_id",
    "client_name",
    "client_secret",
    "client_secret_expires_at",
    "grant_types",
    "token_endpoint_auth_method",
    "scope",
    "audience",
    "created_at",
];
const KEYCLOAK: &[&str] = &[
    "clientId",
    "name",
    "description",
    "enabled",
    "protocol",
    "publicClient",
    "bearerOnly",
    "serviceAccountsEnabled",
    "clientAuthenticatorType",
    "secret",
    "attributes",
    "defaultClientScopes",
    "optionalClientScopes",
    "protocolMappers",
];

/// One client of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// The line in which it begins, counted from 1.
    pub line: u64,
    /// Its members; `None` if it is no JSON object, or too long a line.
    pub client: Option<Map<String, Value>>,
}

/// Why the rest of a file could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("line {line}: {why}; nothing behind it was read")]
pub struct Broken {
    /// The line, counted from 1.
    pub line: u64,
    why: &'static str,
}

/// Hands over every client of a file, until `take` wants no more.
///
/// # Errors
/// What follows a place that is not JSON cannot be read; of [`Source::Jsonl`] it is the line alone.
pub fn each(
    source: Source,
    input: impl BufRead,
    take: &mut dyn FnMut(Element) -> bool,
) -> Result<(), Broken> {
    match source {
        Source::Hydra => each_value(HYDRA, input, take),
        Source::Keycloak => each_value(KEYCLOAK, input, take),
        Source::Jsonl => each_line(input, take),
    }
}

fn each_line(mut input: impl BufRead, take: &mut dyn FnMut(Element) -> bool) -> Result<(), Broken> {
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let broken = |_| Broken { line, why: "the file cannot be read" };
        let read = input.by_ref().take(AT_MOST).read_until(b'\n', &mut text).map_err(broken)?;
        if read == 0 {
            break;
        }
        let is_whole = text.ends_with(b"\n") || (read as u64) < AT_MOST;
        if !is_whole {
            skip_line(&mut input).map_err(broken)?;
        }
        if text.trim_ascii().is_empty() && is_whole {
            continue;
        }
        let client = is_whole.then(|| serde_json::from_slice(&text).ok()).flatten();
        if !take(Element { line, client }) {
            break;
        }
    }
    Ok(())
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let held = input.fill_buf()?;
        let end = held.iter().position(|byte| *byte == b'\n');
        let (length, is_over) = (end.map_or(held.len(), |at| at + 1), end.is_some());
        let is_over = is_over || held.is_empty();
        input.consume(length);
        if is_over {
            return Ok(());
        }
    }
}

/// How far the reading has come.
struct Progress {
    line: Cell<u64>,
    /// Whether a value has begun.
    is_inside: Cell<bool>,
    /// How many bytes may still be kept in memory.
    allowed: Cell<u64>,
    is_over: Cell<bool>,
}

/// Watches what the parser reads.
struct Watched<'p, R> {
    input: R,
    progress: &'p Progress,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(bytes)?;
        let (seen, progress) = (&bytes[..read], self.progress);
        let lines = seen.iter().filter(|byte| **byte == b'\n').count() as u64;
        progress.line.set(progress.line.get() + lines);
        if !seen.trim_ascii().is_empty() {
            progress.is_inside.set(true);
        }
        let left = progress.allowed.get().checked_sub(read as u64);
        progress.allowed.set(left.ok_or_else(|| io::Error::other("too long"))?);
        Ok(read)
    }
}

fn each_value(
    known: &'static [&'static str],
    input: impl BufRead,
    take: &mut dyn FnMut(Element) -> bool,
) -> Result<(), Broken> {
    let progress = Progress {
        line: Cell::new(1),
        is_inside: Cell::new(false),
        allowed: Cell::new(u64::MAX),
        is_over: Cell::new(false),
    };
    let watched = Watched { input, progress: &progress };
    let mut json = serde_json::Deserializer::from_reader(watched);
    loop {
        progress.is_inside.set(false);
        progress.allowed.set(u64::MAX);
        let one = One { known, progress: &progress, take: &mut *take, is_top: true };
        let Err(why) = one.deserialize(&mut json) else { continue };
        // The end between two values is the end of the file.
        if progress.is_over.get() || (why.is_eof() && !progress.is_inside.get()) {
            return Ok(());
        }
        let why = match why.classify() {
            serde_json::error::Category::Io => "it cannot be read, or is longer than 1 MiB",
            serde_json::error::Category::Eof => "the file ends too soon",
            _ => "this is not JSON as this server writes it",
        };
        return Err(Broken { line: progress.line.get(), why });
    }
}

/// One value: a client, or what holds a list of them.
struct One<'a> {
    known: &'static [&'static str],
    progress: &'a Progress,
    take: &'a mut dyn FnMut(Element) -> bool,
    /// A list may stand only here.
    is_top: bool,
}

impl One<'_> {
    fn hand_over<E: serde::de::Error>(
        self,
        line: u64,
        client: Option<Map<String, Value>>,
    ) -> Result<(), E> {
        if (self.take)(Element { line, client }) {
            return Ok(());
        }
        self.progress.is_over.set(true);
        Err(E::custom("nobody wants more"))
    }

    fn scalar<E: serde::de::Error>(self) -> Result<(), E> {
        let line = self.progress.line.get();
        self.hand_over(line, None)
    }

    /// Every value of a list.
    fn list<'de, S: SeqAccess<'de>>(&mut self, mut list: S) -> Result<(), S::Error> {
        loop {
            self.progress.allowed.set(u64::MAX);
            let (known, progress) = (self.known, self.progress);
            let one = One { known, progress, take: &mut *self.take, is_top: false };
            if list.next_element_seed(one)?.is_none() {
                return Ok(());
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("clients")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut members: M) -> Result<(), M::Error> {
        let line = self.progress.line.get();
        let (mut client, mut is_list) = (Map::new(), false);
        loop {
            self.progress.allowed.set(AT_MOST);
            let Some(name) = members.next_key::<String>()? else { break };
            if LISTS.contains(&name.as_str()) {
                is_list = true;
                members.next_value_seed(List(&mut self))?;
            } else if self.known.contains(&name.as_str()) {
                self.progress.allowed.set(AT_MOST);
                client.insert(name, members.next_value()?);
            } else {
                self.progress.allowed.set(u64::MAX);
                members.next_value::<IgnoredAny>()?;
            }
        }
        self.progress.allowed.set(u64::MAX);
        if is_list { Ok(()) } else { self.hand_over(line, Some(client)) }
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<(), S::Error> {
        if self.is_top {
            return self.list(list);
        }
        let line = self.progress.line.get();
        self.progress.allowed.set(u64::MAX);
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.hand_over(line, None)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }
}

/// The list of a server's clients.
struct List<'o, 'a>(&'o mut One<'a>);

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of clients")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<(), S::Error> {
        self.0.list(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Line and id of every client, and the line at which the file is broken.
    fn read(source: Source, text: &str) -> (Vec<(u64, String)>, Option<u64>) {
        let mut found = Vec::new();
        let ended = each(source, text.as_bytes(), &mut |element| {
            let id = element.client.as_ref().map(|client| match source.id_of(client) {
                Some(id) => id.to_string(),
                None => "?".to_owned(),
            });
            found.push((element.line, id.unwrap_or_else(|| "no object".to_owned())));
            true
        });
        (found, ended.err().map(|broken| broken.line))
    }

    fn check(source: Source, text: &str, wanted: &[(u64, &str)], broken: Option<u64>) {
        let (found, at) = read(source, text);
        let found: Vec<(u64, &str)> = found.iter().map(|(line, id)| (*line, &**id)).collect();
        assert_eq!((&found[..], at), (wanted, broken), "{text:.200}");
    }

    #[test]
    fn clients_are_found_in_every_form_in_which_servers_write_them() {
        use Source::{Hydra, Keycloak};
        for (source, text, wanted, broken) in [
            (Hydra, "", &[][..], None),
            (Hydra, " \n\n ", &[], None),
            (Hydra, "{\"id\":\"a\"}\n\n{\"id\":\"b\"}\n", &[(1, "a"), (3, "b")], None),
            (Hydra, "[\n{\"id\":\"a\",\n\"x\":[1]},{\"id\":\"b\"}]", &[(2, "a"), (3, "b")], None),
            (
                Hydra,
                "{\"next\":\"\",\"items\":[{\"client_id\":\"a\"},7,[1],{\"x\":1}]}",
                &[(1, "a"), (1, "no object"), (1, "no object"), (1, "?")],
                None,
            ),
            (Hydra, "{\"id\":\"a\"}\n{\"id\":\"b\",}\n{\"id\":\"c\"}", &[(1, "a")], Some(2)),
            (Hydra, "{\"id\":\"a\"}\n{\"id\":", &[(1, "a")], Some(2)),
            (Hydra, "{\"items\":{\"id\":\"a\"}}", &[], Some(1)),
            (
                Keycloak,
                "{\"realm\":\"x\",\"users\":[{\"clientId\":\"no\"}],\n\"clients\":[{\"clientId\":\
                 \"a\"}\n,{\"clientId\":\"b\"}],\"roles\":{\"clients\":1}}",
                &[(2, "a"), (3, "b")],
                None,
            ),
            (
                Keycloak,
                "[{\"clients\":[{\"clientId\":\"a\"}]},{\"clients\":[{\"clientId\":\"b\"}]}]",
                &[(1, "a"), (1, "b")],
                None,
            ),
            (Keycloak, "[{\"clientId\":\"a\"}]", &[(1, "a")], None),
            (Keycloak, "zebra", &[], Some(1)),
        ] {
            check(source, text, wanted, broken);
        }
    }

    #[test]
    fn a_bad_line_spoils_no_other_of_our_own_format() {
        let long = format!("{{\"client_id\":\"{}\"}}", "x".repeat(AT_MOST as usize));
        let text =
            format!("{{\"client_id\":\"a\"}}\r\n\nzebra\n[]\n{long}\n{{\"client_id\":\"b\"}}");
        let wanted = [(1, "a"), (3, "no object"), (4, "no object"), (5, "no object"), (6, "b")];
        check(Source::Jsonl, &text, &wanted, None);
    }

    #[test]
    fn what_is_not_looked_at_may_be_large_and_what_is_may_not() {
        let users = "7,".repeat(AT_MOST as usize);
        let realm = format!("{{\"users\":[{users}7],\"clients\":[{{\"clientId\":\"a\"}}]}}");
        check(Source::Keycloak, &realm, &[(1, "a")], None);
        let long = "x".repeat(AT_MOST as usize);
        let client = format!("{{\"clientId\":\"a\"}}\n{{\"name\":\"{long}\"}}");
        check(Source::Keycloak, &client, &[(1, "a")], Some(2));
    }

    #[test]
    fn whoever_has_seen_enough_gets_no_more() {
        for source in [Source::Hydra, Source::Jsonl] {
            let mut taken = 0;
            let ended = each(source, &b"{}\n{}\n{}"[..], &mut |_| {
                taken += 1;
                taken < 2
            });
            assert_eq!((taken, ended), (2, Ok(())), "{source:?}");
        }
    }
}
