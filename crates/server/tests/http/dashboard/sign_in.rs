//! Signing in with a password, and out: who gets in, what strangers learn, and how guessing is
//! slowed down without locking anybody out.

use hallpass_core::{
    person::{PasswordDigest, PersonStep},
    session::Means,
};
use hallpass_server::{
    clock::Clock,
    management::sessions::{self, Entrance},
};
use http::StatusCode;
use insta::assert_snapshot;

use crate::{
    ask::{Answer, Ask},
    browser::Browser,
    node::Node,
    people::{PASSWORD, caller},
    wire::Listening,
};

async fn sign_in(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    browser
        .post("/sign-in", &[("email", email), ("password", password), ("next", "/account")])
        .await
}

#[tokio::test]
async fn the_right_password_lets_a_person_in() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    node.person("bob").await;
    for (email, password, is_in) in [
        ("ada@example.com", PASSWORD, true),
        (" ADA@Example.COM ", PASSWORD, true),
        ("ada@example.com", "wrong battery staple", false),
        ("ada@example.com", "", false),
        ("ada@example.com", &PASSWORD.to_uppercase(), false),
        ("bob@example.com", PASSWORD, false), // Has no password.
        ("eve@example.com", PASSWORD, false),
        ("no address", PASSWORD, false),
        ("", PASSWORD, false),
        ("ada@example.com", &"x".repeat(10_000), false),
    ] {
        let mut browser = Browser::new(&node);
        let answer = sign_in(&mut browser, email, password).await;
        if is_in {
            assert_eq!(answer.goes_to(), "/account", "{email}");
        } else {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{email}");
        }
        assert_eq!(browser.is_signed_in().await, is_in, "{email}");
    }
}

/// Checking a password takes a while. Whoever has the old one and tries all the time is always in
/// the middle of it.
#[tokio::test]
async fn a_new_password_ends_the_sessions_that_are_just_beginning_too() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let before = node.clock.now();
    node.clock.advance_secs(1);
    node.take(&ada, PersonStep::SetPassword(PasswordDigest("new".to_owned()))).await;
    for (arrived_at, is_in) in [(before, false), (node.clock.now(), true)] {
        let entrance = Entrance {
            means: Means::Password,
            proved_at: Some(node.clock.now()),
            arrived_at,
            address: None,
            browser: Default::default(),
            lasts_s: 3600,
        };
        // As she was when the password was compared.
        let begun = sessions::begin(&node.app.act(&caller(&ada)), &ada, entrance).await.unwrap();
        let cookie = format!("__Host-hallpass={}", begun.text.expose());
        let mut browser = Browser::new(&node).with_cookie(&cookie);
        assert_eq!(browser.is_signed_in().await, is_in, "{arrived_at:?}");
    }
}

#[tokio::test]
async fn a_stranger_cannot_tell_an_unknown_address_from_a_wrong_password() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    node.person("bob").await;
    let mut pages = Vec::new();
    for email in ["ada@example.com", "bob@example.com", "eve@example.com"] {
        let answer = sign_in(&mut Browser::new(&node), email, "wrong battery staple").await;
        let names: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        pages.push((answer.status, names, answer.text().replace(email, "[email]")));
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]), "{pages:?}");
    assert!(pages[0].2.contains("The address or the password is wrong."));
    assert!(!pages[0].2.contains("wrong battery staple"), "the password comes back");
}

#[tokio::test]
async fn a_session_gets_a_name_that_nobody_could_know() {
    let node = Node::start().await;
    let ada = node.person_with_password("ada").await;
    let eve = node.person_with_password("eve").await;
    // Eve's own session, planted in Ada's browser.
    let planted = node.signed_in(&eve).await;
    let mut browser = Browser::new(&node).with_cookie(&planted);
    let answer = sign_in(&mut browser, "ada@example.com", PASSWORD).await;
    assert_eq!(answer.goes_to(), "/account");
    assert_ne!(browser.session().unwrap(), planted);
    let sessions = node.app.store.sessions(&ada.id).await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].session.browser.as_str(), "Tester/1.0");
    assert!(node.app.store.sessions(&eve.id).await.unwrap().is_empty(), "the planted one is over");

    // Made up by somebody: no session of this name ever begins.
    for odd in ["__Host-hallpass=AAAA", "__Host-hallpass=", "hallpass=AAAA"] {
        let mut browser = Browser::new(&node).with_cookie(odd);
        sign_in(&mut browser, "ada@example.com", PASSWORD).await;
        assert_ne!(browser.session().unwrap(), odd);
    }
}

#[tokio::test]
async fn cookies_are_closed() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let answer = sign_in(&mut Browser::new(&node), "ada@example.com", PASSWORD).await;
    let cookies: Vec<_> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|line| {
            let (name, rest) = line.to_str().unwrap().split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            assert!(value.len() >= 43, "{value}");
            format!("{name}=[value];{attributes}")
        })
        .collect();
    assert_snapshot!(cookies.join("\n"), @r"
    __Host-hallpass=[value]; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure
    __Host-hallpass-known=[value]; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax; Secure
    ");
}

#[tokio::test]
async fn whoever_signs_in_goes_on_to_a_page_of_ours() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    for (next, goes_to) in [
        ("/account?tab=x", "/account?tab=x"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/sign-out", "/"),
    ] {
        let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next)];
        let answer = Browser::new(&node).post("/sign-in", &form).await;
        assert_eq!(answer.goes_to(), goes_to, "{next}");
        let page = Browser::new(&node).get(&format!("/sign-in?next={next}")).await;
        assert!(page.text().contains(&format!(r#"name="next" value="{goes_to}""#)), "{next}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_for_every_copy_of_the_cookie() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut browser = Browser::new(&node);
    sign_in(&mut browser, "ada@example.com", PASSWORD).await;
    let copy = browser.session().unwrap();
    assert_eq!(browser.get("/sign-in?next=/account").await.goes_to(), "/account");
    assert_eq!(browser.post("/sign-out", &[]).await.goes_to(), "/sign-in");
    assert_eq!(browser.session(), None);
    assert!(!Browser::new(&node).with_cookie(&copy).is_signed_in().await);
    assert!(browser.get("/sign-in").await.text().contains("You are signed out."));
    assert_eq!(browser.post("/sign-out", &[]).await.goes_to(), "/sign-in", "twice is no mistake");
}

#[tokio::test]
async fn other_sites_sign_nobody_in_or_out() {
    let node = Node::start().await;
    node.person_with_password("ada").await;
    let mut browser = Browser::new(&node);
    sign_in(&mut browser, "ada@example.com", PASSWORD).await;
    for path in ["/sign-in", "/sign-out"] {
        let ask = Ask::post(path).form("email=eve%40example.com&password=x");
        let ask =
            ask.header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
        assert_eq!(browser.send(ask).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(browser.is_signed_in().await);
}

/// A node behind a proxy on this machine, with a limit of two.
async fn limited() -> Listening {
    let node = Node::start()
        .with_config(|config| {
            config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
            config.failed_sign_ins_per_minute = 2;
        })
        .await;
    node.person_with_password("ada").await;
    node.person_with_password("bob").await;
    node.listen().await
}

#[tokio::test]
async fn guessing_is_slowed_down_and_locks_nobody_out() {
    let node = limited().await;
    let mut of_ada = Browser::at(&node, "203.0.113.7");
    sign_in(&mut of_ada, "ada@example.com", PASSWORD).await.goes_to();
    of_ada.post("/sign-out", &[]).await;

    let mut guesser = Browser::at(&node, "203.0.113.9");
    for _ in 0..2 {
        assert_eq!(sign_in(&mut guesser, "ada@example.com", "guess").await.status, 422);
    }
    for (email, password, from, status) in [
        ("ada@example.com", "guess", "203.0.113.9", 429),
        // Otherwise a guesser would learn by the 303 that the guess was right.
        ("ada@example.com", PASSWORD, "203.0.113.9", 429),
        ("ADA@example.com ", "guess", "203.0.113.200", 429),
        ("bob@example.com", PASSWORD, "203.0.113.9", 303),
        ("ada@example.com", PASSWORD, "198.51.100.1", 303),
    ] {
        let answer = sign_in(&mut Browser::at(&node, from), email, password).await;
        assert_eq!(answer.status.as_u16(), status, "{email} from {from}");
        if status == 429 {
            assert_eq!(answer.heading(), "Too many tries");
            assert_eq!(answer.header("retry-after"), "60");
        }
    }
    // In her own browser Ada is not kept waiting, not even from the guesser's network.
    let answer = sign_in(&mut of_ada, "ada@example.com", PASSWORD).await;
    assert_eq!(answer.goes_to(), "/account");

    node.clock.advance_secs(60);
    let answer = sign_in(&mut guesser, "ada@example.com", "guess").await;
    assert_eq!(answer.status, 422, "a minute later");
}

#[tokio::test]
async fn unknown_addresses_are_limited_alike() {
    let node = limited().await;
    for status in [422, 422, 429] {
        let mut guesser = Browser::at(&node, "203.0.113.9");
        let answer = sign_in(&mut guesser, "nobody@example.com", "guess").await;
        assert_eq!(answer.status.as_u16(), status);
    }
}

#[tokio::test]
async fn knowing_a_browser_helps_only_the_person_that_it_knows() {
    let node = limited().await;
    let mut of_bob = Browser::at(&node, "203.0.113.9");
    sign_in(&mut of_bob, "bob@example.com", PASSWORD).await.goes_to();
    of_bob.post("/sign-out", &[]).await;
    for status in [422, 422, 429] {
        let answer = sign_in(&mut of_bob, "ada@example.com", "guess").await;
        assert_eq!(answer.status.as_u16(), status);
    }
    // Nor does a cookie that somebody made up or changed.
    let known = of_bob.cookies["__Host-hallpass-known"].clone();
    for odd in ["AAAA", &known[..known.len() - 4], &known.replace('A', "B")] {
        of_bob.cookies.insert("__Host-hallpass-known".to_owned(), odd.to_owned());
        let answer = sign_in(&mut of_bob, "ada@example.com", "guess").await;
        assert_eq!(answer.status, 429);
    }
}
