//! The files that pages load. Their names carry a digest of their content, so that a browser may
//! keep them for ever and still has the right ones after an upgrade. All of them are our own.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::web::error_page::PageError;

/// One file to load, from several to read.
const STYLE: &str = concat!(
    include_str!("assets/style/frame.css"),
    include_str!("assets/style/parts.css"),
    include_str!("assets/style/content.css"),
);

/// Name, kind and content of each.
const FILES: &[(&str, &str, &str)] = &[
    (
        "credential-new.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/credential-new.js"),
    ),
    ("favicon.svg", "image/svg+xml", include_str!("assets/favicon.svg")),
    ("hallpass.css", "text/css; charset=utf-8", STYLE),
    ("hallpass.js", "text/javascript; charset=utf-8", include_str!("assets/hallpass.js")),
    ("live.js", "text/javascript; charset=utf-8", include_str!("assets/live.js")),
    ("passkeys.js", "text/javascript; charset=utf-8", include_str!("assets/passkeys.js")),
];

/// What a browser may do with a file whose name says its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: &'static str,
    kind: &'static str,
    content: &'static str,
    digest: String,
}

impl Asset {
    /// `hallpass.css` as `hallpass.K3x0….css`.
    fn hashed_name(&self) -> String {
        let (stem, end) = self.name.rsplit_once('.').unwrap_or((self.name, ""));
        format!("{stem}.{}.{end}", self.digest)
    }
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let asset = |&(name, kind, content): &(&'static str, &'static str, &'static str)| {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content.as_bytes());
        Asset { name, kind, content, digest: URL_SAFE_NO_PAD.encode(&digest.as_ref()[..9]) }
    };
    FILES.iter().map(asset).collect()
});

/// The path of a file, below the issuer's.
///
/// # Panics
/// In tests, if there is no such file; a page that goes out lacks it instead.
pub fn path(name: &str) -> String {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    debug_assert!(found.is_some(), "there is no file `{name}`");
    let name = found.map_or_else(|| name.to_owned(), Asset::hashed_name);
    format!("/assets/{name}")
}

/// `GET /assets/{name}`.
pub(super) async fn file(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let asset = ASSETS.iter().find(|asset| asset.hashed_name() == name);
    let asset = asset.ok_or(PageError::NotFound)?;
    let tag = format!("\"{}\"", asset.digest);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        asset.content.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_EVER));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_changes_with_the_content() {
        let css = Asset { name: "a.css", kind: "", content: "", digest: "K3x0".to_owned() };
        assert_eq!(css.hashed_name(), "a.K3x0.css");
        let path = path("hallpass.css");
        assert!(path.starts_with("/assets/hallpass.") && path.len() > "/assets/hallpass.css".len());
    }

    #[test]
    fn what_every_page_loads_leaves_room_for_the_page() {
        let of_all = |name: &str| name.starts_with("hallpass.") || name == "favicon.svg";
        let size = |all: bool| {
            let files = FILES.iter().filter(move |(name, ..)| of_all(name) == all);
            files.map(|(_, _, content)| content.len())
        };
        let bytes: usize = size(true).sum();
        assert!(bytes < 40 * 1024, "{bytes} bytes of files, and a page may have 60 KiB in all");
        // No page loads more than two of the others.
        assert!(size(false).all(|bytes| bytes < 8 * 1024));
    }
}
