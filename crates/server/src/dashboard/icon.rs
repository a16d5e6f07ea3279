//! The icons: drawn for Hallpass on a grid of 16, in strokes, so that they take the colour and
//! the weight of the words beside them. They decorate; what they mean must stand there in words.

use std::fmt;

/// Name and drawing.
#[rustfmt::skip]
const ICONS: &[(&str, &str)] = &[
    ("key", r#"<circle cx="5.25" cy="10.75" r="3"/><path d="m7.4 8.6 6.1-6.1M11 5l2 2M9 7l1.4 1.4"/>"#),
    ("people", r#"<circle cx="6" cy="5" r="2.5"/><path d="M1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 2.8a2.4 2.4 0 0 1 0 4.4M12.2 9.8c1.5.5 2.3 1.8 2.3 3.7"/>"#),
    ("list", r#"<path d="M6 4h8M6 8h8M6 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01"/>"#),
    ("settings", r#"<path d="M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7"/><circle cx="11" cy="4.5" r="1.75"/><circle cx="5" cy="11.5" r="1.75"/>"#),
    ("building", r#"<path d="M3 14V3a1 1 0 0 1 1-1h5a1 1 0 0 1 1 1v11M10 6.5h2a1 1 0 0 1 1 1V14M1.5 14h13M5.5 5h2M5.5 8h2M5.5 11h2"/>"#),
    ("api", r#"<path d="m5 4.5-3.5 3.5L5 11.5M11 4.5l3.5 3.5-3.5 3.5M9 3 7 13"/>"#),
    ("nodes", r#"<rect x="2" y="2.5" width="12" height="4.5" rx="1"/><rect x="2" y="9" width="12" height="4.5" rx="1"/><path d="M4.5 4.75h.01M4.5 11.25h.01"/>"#),
    ("shield", r#"<path d="M8 1.75 13 3.5v4c0 3-2 5.5-5 6.75C5 13 3 10.5 3 7.5v-4ZM5.75 8l1.6 1.6L10.4 6.5"/>"#),
    ("account", r#"<circle cx="8" cy="5.5" r="3"/><path d="M2.5 14c.4-2.7 2.6-4.25 5.5-4.25s5.1 1.55 5.5 4.25"/>"#),
    ("copy", r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3.5 10.5h-.25A1.25 1.25 0 0 1 2 9.25v-6A1.25 1.25 0 0 1 3.25 2h6A1.25 1.25 0 0 1 10.5 3.25v.25"/>"#),
    ("check", r#"<path d="m3 8.5 3.25 3.25L13 4.75"/>"#),
    ("plus", r#"<path d="M8 3v10M3 8h10"/>"#),
    ("menu", r#"<path d="M2 4h12M2 8h12M2 12h12"/>"#),
    ("close", r#"<path d="m4 4 8 8M12 4l-8 8"/>"#),
    ("down", r#"<path d="m4 6 4 4 4-4"/>"#),
    ("updown", r#"<path d="m5 6 3-3 3 3M5 10l3 3 3-3"/>"#),
    ("right", r#"<path d="m6 4 4 4-4 4"/>"#),
    ("left", r#"<path d="m10 4-4 4 4 4"/>"#),
    ("search", r#"<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>"#),
    ("download", r#"<path d="M8 2v8M4.75 7 8 10.25 11.25 7M2.5 13.5h11"/>"#),
    ("rotate", r#"<path d="M13.5 8A5.5 5.5 0 0 1 3.7 11.5M2.5 8a5.5 5.5 0 0 1 9.8-3.5M12.5 2v2.75H9.75M3.5 14v-2.75h2.75"/>"#),
    ("pause", r#"<path d="M5.5 3v10M10.5 3v10"/>"#),
    ("play", r#"<path d="M5 3v10l8-5Z"/>"#),
    ("trash", r#"<path d="M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.75 7v3.75M9.25 7v3.75"/>"#),
    ("warning", r#"<path d="M8 2.25 14.5 13.5h-13ZM8 6.5v3M8 11.5h.01"/>"#),
    ("info", r#"<circle cx="8" cy="8" r="6"/><path d="M8 7.5V11M8 5h.01"/>"#),
    ("clock", r#"<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.25 1.5"/>"#),
    ("mail", r#"<rect x="1.75" y="3.25" width="12.5" height="9.5" rx="1.25"/><path d="m2.5 4.5 5.5 4 5.5-4"/>"#),
    ("out", r#"<path d="M6.5 2.5h-3a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1h3M10 4.75 13.25 8 10 11.25M13 8H6"/>"#),
    ("bolt", r#"<path d="M8.75 1.75 3.5 9h4l-.5 5.25L12.5 7h-4Z"/>"#),
];

/// An icon, ready to be put into a page.
#[derive(Clone, Copy, Debug)]
pub struct Icon(&'static str);

impl Icon {
    /// The icon of this name.
    ///
    /// # Panics
    /// In tests, if there is none; a page that goes out shows an empty square instead.
    pub fn named(name: &str) -> Self {
        let found = ICONS.iter().find(|(known, _)| *known == name);
        debug_assert!(found.is_some(), "there is no icon `{name}`");
        Self(found.map_or("", |(_, drawing)| drawing))
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(drawing) = self;
        write!(f, r#"<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{drawing}</svg>"#)
    }
}

/// A drawing is markup of our own.
impl askama::filters::HtmlSafe for Icon {}
