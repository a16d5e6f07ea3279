//! What people get wrong at the command line: each mistake ends with an exit code that is not 0,
//! with nothing on standard output, and with words that say what to do.

use serde_json::Value;

use crate::place::{BOOKS, ORGANIZATION, Place, refusal};

/// Refused by the command (1), or not understood as a command line (2).
async fn check(place: &Place, args: &[&str], (code, says): (i32, &str)) {
    let ended = place.run(args).await;
    assert_eq!(ended.code, Some(code), "{args:?}: {ended:?}");
    let why = refusal(args, ended);
    assert!(why.contains(says), "{args:?} does not say {says:?}: {why}");
    if code == 1 {
        let why = place.refused(&[args, &["--json"]].concat()).await;
        let why: Value = serde_json::from_str(&why).unwrap_or_else(|_| panic!("{args:?}: {why}"));
        assert!(why["error"].as_str().unwrap().contains(says), "{args:?}: {why}");
    }
}

#[tokio::test]
async fn a_command_without_an_installation_says_how_to_make_one() {
    let place = Place::empty();
    for args in [
        &["organization", "list"][..],
        &["api", "list"],
        &["credential", "list"],
        &["secret", "add", "x"],
        &["key", "list"],
        &["key", "change-master", "--new-file", "new.key"],
        &["token", "inspect", "x"],
        &["feed", "show"],
        &["audit", "list"],
        &["backup", "copy.db"],
        &["copy", "--to", "copy.db"],
        &["migrate"],
        &["migrate", "--plan"],
        &["doctor"],
    ] {
        check(&place, args, (1, "run `hallpass init`")).await;
    }
    assert!(!place.data().exists(), "a command has made an installation by mistake");
}

#[tokio::test]
async fn mistakes_are_named_with_what_to_do() {
    let place = Place::set_up().await;
    place.reader("reports").await;
    place.reader("twin").await;
    place.reader("twin").await;
    let kid = place.ask(&["key", "list"]).await[0]["kid"].as_str().unwrap().to_owned();
    let secret = place.ask(&["credential", "show", "reports"]).await["secrets"][0]["id"].take();
    let secret = secret.as_str().unwrap();
    std::fs::write(place.path("taken"), "").unwrap();
    let add = ["credential", "add", "new", "--organization", ORGANIZATION, "--api"];
    let new = [&add[..], &[BOOKS]].concat();
    let with = |more: &[&'static str]| [&new[..], more].concat();
    let api = |audience| ["api", "add", "More", "--audience", audience];
    for (args, answer) in [
        (&["organization", "suspend", "x"][..], (1, "see `hallpass organization list`")),
        (&["organization", "add", ""], (1, "name")),
        (&["organization", "resume", ORGANIZATION], (1, "already active")),
        (&["api", "update", "x", "--lifetime", "1h"], (1, "see `hallpass api list`")),
        (&["api", "update", "Books", "--lifetime", "1s"], (1, "60")),
        (&["api", "update", "Books", "--lifetime", "soon"], (1, "such as 90m, 24h or 30d")),
        (&["api", "update", "Books", "--scope", "\"x\""], (1, "scope")),
        (&["api", "update", "Books", "--algorithm", "HS256"], (2, "ES256")),
        (&["api", "update", "Books", "--typ", "jws"], (2, "at+jwt")),
        (&api("books"), (1, "absolute URI")),
        (&api("https://books.example.com"), (1, "audience")),
        (&["credential", "show", "x"], (1, "see `hallpass credential list`")),
        (&["credential", "show", "hpc_0rS5PpQ4A9GczTxM1zeYg9"], (1, "see `hallpass credential")),
        (&["credential", "pause", "twin"], (1, "several credentials are called \"twin\"")),
        (&["credential", "list", "--status", "dead"], (1, "pending, active, paused or revoked")),
        (&["credential", "delete", "reports"], (1, "revoke it first")),
        (&["credential", "resume", "reports"], (1, "it is active")),
        (&["credential", "rotate", "reports", "--overlap", "1 month"], (1, "use days or hours")),
        (&["credential", "add", "new", "--organization", "x", "--api", BOOKS], (1, "hallpass org")),
        (&[&add[..], &["x"]].concat(), (1, "see `hallpass api list`")),
        (&[&add[..], &["Books=admin"]].concat(), (1, "has the scopes \"read write\"")),
        (&with(&["--expires", "tomorrow"]), (1, "2027-01-31T12:00:00Z")),
        (&with(&["--expires", "2020-01-31T12:00:00Z"]), (1, "is in the past")),
        (&with(&["--allow-from", "192.0.2"]), (2, "192.0.2")),
        (&with(&["--out", "taken"]), (1, "nothing was made")),
        (&["secret", "add", "reports", "--expires", "0s"], (1, "is in the past")),
        (&["secret", "retire", "reports", "x"], (1, "hallpass credential show hpc_")),
        (&["secret", "retire", "reports", secret], (1, "last usable secret")),
        (&["key", "kill", "x", "--yes"], (1, "see `hallpass key list`")),
        (&["key", "kill", &kid], (1, "say --yes")),
        (&["key", "rotate", "--lead", "-1h"], (1, "negative")),
        (
            &["key", "change-master", "--new-file", "hallpass-data/master.key"],
            (1, "in use already"),
        ),
        (&["token", "inspect", "x"], (1, "not a token that Hallpass issues")),
        (&["backup", "taken"], (1, "choose another name")),
        (&["backup", "nowhere/copy.db"], (1, "cannot be made")),
        (&["completions", "tcsh"], (2, "possible values: bash")),
        (&["credentail", "list"], (2, "'credential'")),
        (&["credential", "lst"], (2, "'list'")),
        (&["credential", "list", "--organisation", "x"], (2, "'--organization'")),
        (&["credential"], (2, "Usage: hallpass credential")),
        (&["--config", "nowhere.toml", "key", "list"], (1, "cannot read the settings in nowhere")),
        (&["key", "list", "--max-staleness-s", "1"], (1, "between 5 and 21600")),
        (&["key", "list", "--max-staleness-s", "long"], (1, "max_staleness_s")),
        (&["serve", "--listen", "8420"], (1, "listen")),
        (&["serve", "--log-level", "loud=x"], (1, "is not a log level")),
        (&["key", "list", "--master-key-file", "taken"], (1, "in taken")),
    ] {
        check(&place, args, answer).await;
    }
}

#[tokio::test]
async fn a_step_that_makes_no_sense_is_refused_and_changes_nothing() {
    let place = Place::set_up().await;
    place.reader("reports").await;
    for (first, then, says) in [
        ("pause", "pause", "it is paused"),
        ("revoke", "revoke", "it is revoked, for good"),
        ("", "resume", "revoked"),
        ("", "pause", "revoked"),
        ("", "rotate", "revoked"),
    ] {
        if !first.is_empty() {
            place.ask(&["credential", first, "reports"]).await;
        }
        let before = place.last_seq().await;
        check(&place, &["credential", then, "reports"], (1, says)).await;
        assert_eq!(place.last_seq().await, before, "{then}");
    }
}
