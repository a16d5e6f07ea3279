//! The pages of the credentials, as a browser meets them that keeps cookies and sends forms.

mod adding;
mod bulk;
mod danger;
mod editing;
mod imported;
mod lists;
mod looking;
mod roles;
mod rotating;

use std::sync::Mutex;

use hallpass_core::Person;
use http::{StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    ask::{Answer, Ask},
    node::{Node, client_id, organization_id},
};

/// The list of the usual organization.
pub(super) fn list() -> String {
    format!("/organizations/{}/credentials", organization_id())
}

/// A page of the credential with this name.
pub(super) fn of(name: &str, end: &str) -> String {
    format!("{}/{}{end}", list(), client_id(name))
}

/// The body of a form.
pub(super) fn form(fields: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| {
        format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
    };
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Somebody's browser: it keeps cookies, but follows redirects only when told to.
pub(super) struct Browser<'a> {
    node: &'a Node,
    /// Name and value of each.
    cookies: Mutex<Vec<(String, String)>>,
}

impl<'a> Browser<'a> {
    pub(super) async fn of(node: &'a Node, person: &Person) -> Self {
        let session = node.signed_in(person).await;
        let (name, value) = session.split_once('=').unwrap();
        Self { node, cookies: Mutex::new(vec![(name.to_owned(), value.to_owned())]) }
    }

    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub(super) fn put_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    async fn send(&self, ask: Ask) -> Answer {
        let sent: Vec<String> = {
            let cookies = self.cookies.lock().unwrap();
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect()
        };
        let ask = ask.header("cookie", &sent.join("; ")).header("accept", "text/html");
        let answer = self.node.send(ask).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.put_cookie(name, value);
        }
        answer
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(Ask::get(path)).await
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Ask::post(path).form(form(fields))).await
    }

    /// Sends a form that must go well, and returns the page that follows.
    pub(super) async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> (String, Answer) {
        let answer = self.post(path, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.text());
        let to = answer.header("location").to_owned();
        let page = self.get(&to).await;
        (to, page)
    }
}

/// The secret that a page shows, if it shows one.
pub(super) fn secret_on(page: &Answer) -> Option<String> {
    let at = page.text().find("hps_")?;
    let text = &page.text()[at..];
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
    Some(text[..end].to_owned())
}

/// The value of a hidden field.
pub(super) fn hidden(page: &Answer, name: &str) -> String {
    let (_, rest) = page.text().split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}
