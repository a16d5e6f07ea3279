//! A browser without a window: keeps cookies, says where a form comes from, and follows nothing
//! by itself.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    ask::{Answer, Ask},
    node::{ISSUER, Node},
    wire::Listening,
};

/// What Chromium sends when somebody follows a link.
const NAVIGATION: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

enum Way<'a> {
    Router(&'a Node),
    Wire(&'a Listening, String),
}

/// A browser of somebody.
pub(crate) struct Browser<'a> {
    way: Way<'a>,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    /// One that asks the router itself.
    pub(crate) fn new(node: &'a Node) -> Self {
        Self { way: Way::Router(node), cookies: BTreeMap::new() }
    }

    /// One at this address.
    pub(crate) fn at(node: &'a Listening, address: &str) -> Self {
        Self { way: Way::Wire(node, address.to_owned()), cookies: BTreeMap::new() }
    }

    /// One with the cookie of a session.
    pub(crate) fn with_cookie(mut self, cookie: &str) -> Self {
        let (name, value) = cookie.split_once('=').unwrap();
        self.cookies.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Ask::get(path)).await
    }

    /// Sends a form of ours.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = encoded(form);
        let ask = Ask::post(path).form(body).header("sec-fetch-site", "same-origin");
        self.send(ask.header("origin", ISSUER)).await
    }

    pub(crate) async fn send(&mut self, ask: Ask) -> Answer {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut ask = ask.header("accept", NAVIGATION).header("user-agent", "Tester/1.0");
        if !cookies.is_empty() {
            ask = ask.header("cookie", &cookies.join("; "));
        }
        let answer = match &self.way {
            Way::Router(node) => node.send(ask).await,
            Way::Wire(node, address) => node.ask_from(address, ask).await,
        };
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let (value, attributes) = rest.split_once(';').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// The session's cookie, as a `Cookie` header.
    pub(crate) fn session(&self) -> Option<String> {
        self.cookies.get("__Host-hallpass").map(|value| format!("__Host-hallpass={value}"))
    }

    /// Who is signed in, as the account page says it.
    pub(crate) async fn is_signed_in(&mut self) -> bool {
        let answer = self.get("/").await;
        assert_eq!(answer.status, 303, "{answer:?}");
        !answer.header("location").starts_with("/sign-in")
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let pairs = form.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl Answer {
    /// What the page is headed with.
    pub(crate) fn heading(&self) -> &str {
        let (_, rest) = self.text().split_once("<h1>").unwrap();
        rest.split_once("</h1>").unwrap().0
    }

    /// Where the browser is sent.
    pub(crate) fn goes_to(&self) -> &str {
        assert_eq!(self.status, 303, "{self:?}");
        self.header("location")
    }

    /// The path of the first link or form of the page that begins like this.
    pub(crate) fn path(&self, begin: &str) -> String {
        let found = self.text().split(['"', '<', '>']).find(|text| text.starts_with(begin));
        found.unwrap_or_else(|| panic!("no {begin} in {self:?}")).replace("&amp;", "&")
    }
}
