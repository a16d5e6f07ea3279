//! Which picture shows which page. Every page that is routed must have one, so that a new page is
//! looked at before anybody else sees it.

use std::{fs, path::Path};

/// Where the pages of one credential are nested.
const CREDENTIAL: &str = "/organizations/{organization}/credentials/{client_id}";

/// Pages by their routes, and the picture that shows each at its best.
const PICTURES: &[(&str, &str)] = &[
    ("/account", "account"),
    ("/account/passkeys", "passkeys"),
    ("/account/password", "set-password"),
    ("/account/sessions", "sessions"),
    ("/apis", "apis"),
    ("/apis/new", "api-new"),
    ("/apis/{api}", "api-change"),
    ("/audit", "audit-of-all"),
    ("/confirm", "confirm"),
    ("/invitations/{token}", "invitation-new"),
    ("/keys", "keys"),
    ("/keys/{kid}/kill", "key-kill"),
    ("/leaks", "leaks"),
    ("/nodes", "nodes"),
    ("/operators", "operators"),
    ("/organizations", "organizations"),
    ("/organizations/new", "organization-new"),
    ("/organizations/{organization}/approvals", "approvals"),
    ("/organizations/{organization}/audit", "audit"),
    ("/organizations/{organization}/credentials", "credentials"),
    ("/organizations/{organization}/credentials/bulk", "credentials-bulk-rotate"),
    ("/organizations/{organization}/credentials/rotated", "credentials-rotated"),
    ("/organizations/{organization}/credentials/{client_id}", "credential-overview"),
    ("/organizations/{organization}/credentials/{client_id}/access", "credential-access"),
    ("/organizations/{organization}/credentials/{client_id}/activity", "credential-activity"),
    ("/organizations/{organization}/credentials/{client_id}/danger", "credential-danger"),
    ("/organizations/{organization}/credentials/{client_id}/details", "credential-details"),
    ("/organizations/{organization}/credentials/{client_id}/limits", "credential-limits"),
    ("/organizations/{organization}/credentials/{client_id}/new", "credential-new"),
    ("/organizations/{organization}/credentials/{client_id}/pause", "credential-pause"),
    ("/organizations/{organization}/credentials/{client_id}/ready", "credential-ready"),
    ("/organizations/{organization}/credentials/{client_id}/rotate", "credential-rotate"),
    ("/organizations/{organization}/credentials/{client_id}/secrets", "credential-secrets"),
    (
        "/organizations/{organization}/credentials/{client_id}/secrets/{secret_id}/{deed}",
        "credential-leaked",
    ),
    ("/organizations/{organization}/members", "members"),
    ("/organizations/{organization}/members/{person}/offboarding", "offboarding"),
    ("/organizations/{organization}/settings", "settings"),
    ("/organizations/{organization}/settings/deliveries", "deliveries"),
    ("/organizations/{organization}/settings/notices", "notices"),
    ("/organizations/{organization}/settings/webhooks/new", "webhook-new"),
    ("/organizations/{organization}/settings/webhooks/{webhook}", "webhook"),
    ("/organizations/{organization}/suspend", "organization-suspend"),
    ("/recover", "recover"),
    ("/setup/{token}", "set-up"),
    ("/sign-in", "sign-in"),
    ("/sign-in/link/{token}", "sign-in-by-link"),
    ("/sign-in/sso/{organization_id}", "sign-in-from-elsewhere"),
];

/// What a browser may also ask for: detours, files, and parts of pages.
const NO_PAGES: &[&str] = &[
    "/",
    "/assets/{name}",
    "/audit.csv",
    "/audit.json",
    // Where somebody arrives who had to sign in first: the invitation once more.
    "/invitations/{token}/accept",
    "/organizations/{organization}",
    "/organizations/{organization}/audit.csv",
    "/organizations/{organization}/audit.json",
    "/organizations/{organization}/credentials.csv",
    "/organizations/{organization}/credentials/{client_id}/ready/light",
    "/organizations/{organization}/credentials/{client_id}/rotate/moving",
    "/sign-in/sso/{organization_id}/callback",
];

/// Whether a picture of this name may be taken at this path: those of pages are taken there, and
/// others anywhere.
pub(crate) fn may_be_taken(picture: &str, path: &str) -> bool {
    let mut routes = PICTURES.iter().filter(|(_, own)| *own == picture);
    let parts: Vec<_> = path.split('?').next().unwrap().split('/').collect();
    routes.all(|(route, _)| {
        let wanted: Vec<_> = route.split('/').collect();
        let mut both = wanted.iter().zip(&parts);
        wanted.len() == parts.len() && both.all(|(own, part)| own == part || own.starts_with('{'))
    })
}

/// The texts of all Rust files below a folder.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// Every path of the dashboard that answers a GET.
fn routes() -> Vec<String> {
    let server = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
    let mut texts = sources(&server.join("dashboard"));
    texts.push(("dashboard.rs".into(), fs::read_to_string(server.join("dashboard.rs")).unwrap()));
    let mut found = Vec::new();
    for (name, text) in texts.iter().filter(|(name, _)| name != "gallery.rs") {
        for route in text.split(".route(").skip(1) {
            // A route ends where the table does.
            let route = route.split("\n}").next().unwrap();
            let Some(literal) = route.trim_start().strip_prefix('"') else { continue };
            let (path, handlers) = literal.split_once('"').unwrap();
            let is_nested = name == "credentials.rs" && !path.starts_with("/organizations/");
            let whole = if is_nested { format!("{CREDENTIAL}{path}") } else { path.to_owned() };
            if handlers.contains("get(") {
                found.push(if path == "/" && is_nested { CREDENTIAL.to_owned() } else { whole });
            }
        }
    }
    found
}

#[test]
fn every_page_is_looked_at() {
    let routed = routes();
    let known =
        |path: &str| NO_PAGES.contains(&path) || PICTURES.iter().any(|(route, _)| *route == path);
    let new: Vec<_> = routed.iter().filter(|path| !known(path)).collect();
    assert!(new.is_empty(), "look at these in a journey, and say so here: {new:#?}");
    let all = PICTURES.iter().map(|(route, _)| *route).chain(NO_PAGES.iter().copied());
    let gone: Vec<_> = all.filter(|path| routed.iter().all(|route| route != path)).collect();
    assert!(gone.is_empty(), "these are not routed any more: {gone:#?}");

    let journeys = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser"));
    let journeys = journeys.iter().filter(|(name, _)| name != "pages.rs");
    let texts: Vec<_> = journeys.map(|(_, text)| text).collect();
    for (route, picture) in PICTURES {
        let is_taken = texts.iter().any(|text| text.contains(&format!("\"{picture}\"")));
        assert!(is_taken, "no journey looks at {route} and calls it `{picture}`");
    }
}
