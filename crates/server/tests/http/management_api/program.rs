//! A program with a token for the management API, and a node that it calls.

use hallpass_core::{
    ApiId, Credential, Mutation, Organization, OrganizationId,
    audit::Actor,
    credential::{Grant, Settings},
};
use hallpass_server::{clock::Clock, management::own_api};
use http::Method;
use serde_json::Value;

use crate::{
    ask::{Answer, Ask},
    node::{ISSUER, NOW, Node, Start, client_id},
};

pub(crate) const BASE: &str = "/api/v1";

/// Everything that a credential's owner may give.
pub(crate) const EVERYTHING: &str = "credentials:read credentials:write credentials:approve \
                                     members:read members:write owners:write audit:read \
                                     settings:write";

/// The node with its own API, and the programs that are to call it.
pub(crate) async fn node(start: Start, programs: &[(&str, &str)]) -> Node {
    let node = start.await;
    ensure_own_api(&node).await;
    for (name, scopes) in programs {
        add_program(&node, name, scopes).await;
    }
    node
}

pub(crate) async fn ensure_own_api(node: &Node) {
    let audience = format!("{ISSUER}{BASE}");
    own_api::ensure(&*node.store, &audience, &Actor::Server, node.clock.now()).await.unwrap();
    node.app.live.catch_up().await.unwrap();
}

pub(crate) fn power(name: &str, scopes: &str) -> Settings {
    let grant = Grant { api_id: ApiId::management(), scopes: scopes.parse().unwrap() };
    Settings::new(name.parse().unwrap(), vec![grant])
}

pub(crate) async fn add_program(node: &Node, name: &str, scopes: &str) {
    node.add_credential(name, power(name, scopes), true).await;
}

/// Another customer, with a credential of this name.
pub(crate) async fn add_foreign(node: &Node, name: &str, settings: Settings) -> OrganizationId {
    let id = OrganizationId::from_entropy([7; 16]);
    let other = Organization::new(id.clone(), "Other".parse().unwrap(), NOW);
    node.commit(Mutation::AddOrganization(other)).await;
    let secret = node.new_secret(name);
    let made = (NOW, "tester");
    let new = Credential::pending(client_id(name), id.clone(), settings, &secret, made);
    node.commit(Mutation::AddCredential(Box::new(new))).await;
    node.commit(Mutation::ActivateCredential(client_id(name))).await;
    id
}

impl Ask {
    pub(crate) fn api(method: Method, path: &str) -> Self {
        Self::new(method, &format!("{BASE}{path}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
}

/// One program's way to ask.
pub(crate) struct Program<'n> {
    pub(crate) node: &'n Node,
    pub(crate) token: String,
}

impl<'n> Program<'n> {
    pub(crate) async fn of(node: &'n Node, name: &str) -> Self {
        Self { node, token: node.token(name).await }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Answer {
        self.node.send(ask.bearer(&self.token)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Ask::api(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Ask::api(Method::POST, path).json(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, seen: &str, body: &Value) -> Answer {
        let ask = Ask::api(Method::PATCH, path).header("if-match", seen);
        self.ask(ask.json(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Ask::api(Method::DELETE, path)).await
    }
}

impl Answer {
    /// Status and problem code, as tables have them; the code is empty if all went well.
    pub(crate) fn problem(&self) -> (u16, String) {
        if self.status.is_success() {
            return (self.status.as_u16(), String::new());
        }
        let body = self.value();
        (self.status.as_u16(), body["code"].as_str().unwrap_or("no code").to_owned())
    }

    /// The first wrong value.
    pub(crate) fn wrong_field(&self) -> String {
        self.value()["errors"][0]["field"].as_str().unwrap_or("no field").to_owned()
    }
}
