//! The mistakes that people make most when they call an API, and the very words that they get:
//! `docs/reference/errors.md` shows them, and is compared here.

use serde_json::{Value, json};

use crate::{
    api::Api,
    issuer::{Issuer, LIFETIME_S, NOW_S},
};

const PAGE: &str = include_str!("../../../../docs/reference/errors.md");

#[tokio::test]
async fn each_is_answered_in_the_words_of_the_page() {
    let issuer = Issuer::start().await;
    let api = Api::start(&issuer.verifier().await).await;
    let bearer = |edits: Value| format!("Bearer {}", issuer.token_but(edits));
    let (_, below) = PAGE.split_once("\n### When calling the API\n").unwrap();
    let table = below.split("\n#").next().unwrap().lines();
    let mut shown: Vec<_> = table.filter(|line| line.starts_with('|')).skip(2).collect();
    for (mistake, header) in [
        ("Id and secret by HTTP Basic, as older APIs took them", "Basic aHBjX3g6aHBzX3g=".into()),
        ("The token is for another API", bearer(json!({"aud": "https://films.example.com"}))),
        ("The token is of another environment", bearer(json!({"iss": "https://test.example.com"}))),
        // What a clock that is wrong by an hour and by two days makes of a fresh token.
        (
            "The API's clock is far behind",
            bearer(json!({"iat": NOW_S + 3600, "exp": NOW_S + 3600 + LIFETIME_S})),
        ),
        (
            "The API's clock is far ahead",
            bearer(json!({"iat": NOW_S - 2 * LIFETIME_S, "exp": NOW_S - LIFETIME_S})),
        ),
    ] {
        let header: String = header;
        let answer = api.ask("GET /books", &[header.as_bytes()]).await;
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let words = body["error_description"].as_str().unwrap();
        let challenge = answer.challenge.unwrap();
        let error = challenge.split("error=\"").nth(1).and_then(|rest| rest.split('"').next());
        let error = error.map_or(", none".to_owned(), |error| format!(" `{error}`"));
        let row = format!("| {mistake} | {}{error} | `{words}` |", answer.status);
        let place = shown.iter().position(|shown| shown.starts_with(&row));
        shown.remove(place.unwrap_or_else(|| panic!("the page does not have {row}")));
    }
    assert!(shown.is_empty(), "nobody makes these mistakes: {shown:?}");
}
