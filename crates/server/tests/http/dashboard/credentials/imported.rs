//! A credential that was imported, as pages and the management API show it.

use hallpass_core::{
    Credential, Mutation,
    credential::{NewSecret, Settings},
    import::Source,
    permission::Role,
};
use http::StatusCode;

use super::{Browser, list};
use crate::node::{NOW, Node, SCOPES, grant, organization_id, secret_id};

const DIGEST: &str = "$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

/// As short, and as odd, as an id may be.
const IDS: [&str; 2] = ["r", "svc:reports.~_@example.com"];

async fn node() -> Node {
    let node = Node::start().await;
    for id in IDS {
        let new = NewSecret::imported(secret_id(&id[..1]), DIGEST.parse().unwrap());
        let settings =
            Settings::new(format!("Old {id}").parse().unwrap(), vec![grant("books", SCOPES)]);
        let made = (NOW, "tester");
        let own =
            Credential::imported(id.parse().unwrap(), organization_id(), settings, &new, made);
        node.commit(Mutation::ImportCredential(Box::new(own), Source::Hydra)).await;
    }
    node
}

#[tokio::test]
async fn every_page_of_an_imported_credential_opens_and_shows_no_digest() {
    let node = node().await;
    let browser = Browser::of(&node, &node.member("ada", Role::Owner).await).await;
    for id in IDS {
        let of = format!("{}/{id}", list());
        for tab in ["", "/secrets", "/access", "/limits", "/activity", "/danger", "/rotate"] {
            let page = browser.get(&format!("{of}{tab}")).await;
            assert_eq!(page.status, StatusCode::OK, "{id}{tab}");
            assert!(page.text().contains(&format!("Old {id}")), "{id}{tab}");
            assert!(!page.text().contains("$2b$"), "{id}{tab}");
        }
        let secrets = browser.get(&format!("{of}/secrets")).await;
        assert!(secrets.text().contains("<code>imported, not used yet</code>"));
        let activity = browser.get(&format!("{of}/activity")).await;
        assert!(activity.text().contains("Imported a credential from another server"));
    }
    let all = browser.get(&list()).await;
    for id in IDS {
        assert!(all.text().contains(&format!("credentials/{id}\"")), "a link to {id}");
    }
}
