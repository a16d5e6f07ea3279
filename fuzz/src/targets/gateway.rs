//! What the gateway reads: the path of any request whatever, and the file of its rules.

use hallpass_gateway::path::Path;

use crate::target::{Target, must};

const RULES: &str = include_str!("../../../packaging/gateway.toml");

const PIECES: &[&str] = &[
    "/",
    "//",
    "..",
    ".",
    "%2e",
    "%2F",
    "%5c",
    "\\",
    ";",
    "%3B",
    "%25",
    "%252e",
    "%00",
    "%c0%af",
    "%C3%A9",
    "?",
    "#",
    "%",
    "%u002e",
    "*",
    "https://a/",
];

const LINES: &[&str] = &[
    "[[route]]\n",
    "path = \"/**\"\n",
    "path = \"/v1/*/x\"\n",
    "methods = [\"GET\"]\n",
    "methods = []\n",
    "host = \"[::1]\"\n",
    "scopes = [\"a\"]\n",
    "anonymous = true\n",
    "audience = \"\"\n",
    "upstream = \"h2c://a\"\n",
    "upstream = \"http://\"\n",
    "max_staleness_s = -1\n",
    "trusted_proxies = [\"::/0\"]\n",
    "\"",
    "= ",
    "#",
    "\n",
];

pub(super) fn targets() -> [Target; 2] {
    let paths = ["/v1/books/7?q=a", "/", "/v1/caf%C3%A9/", "/.well-known/oauth-protected-resource"];
    let path = Target::new("gateway-path", paths.map(str::as_bytes), PIECES, |bytes| {
        let Ok(target) = std::str::from_utf8(bytes) else { return Ok(()) };
        let Ok(path) = Path::parse(target) else { return Ok(()) };
        for segment in path.segments() {
            let is_plain = !segment.is_empty()
                && !segment.contains(['/', '\\', ';'])
                && !segment.bytes().all(|b| b == b'.')
                && !segment.bytes().any(|b| b < 0x20);
            must(is_plain, || format!("{target:?} has the segment {segment:?}"))?;
        }
        // A server that merges slashes and resolves dots reads the same.
        let raw = target.split('?').next().unwrap_or_default();
        let merged = raw.split('/').filter(|segment| !segment.is_empty()).count();
        let read = path.segments().len();
        must(merged == read, || format!("{target:?} has {merged} segments, and {read} were read"))
    });
    let rules = Target::new("gateway-rules", [RULES.as_bytes()], LINES, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
        match hallpass_gateway::read(text) {
            Ok((_, rules)) => must(!rules.routes().is_empty(), || "no route".to_owned()),
            Err(why) => {
                let (says, lines) = (why.to_string(), text.lines().count().max(1));
                let line = says.strip_prefix("line ").and_then(|says| says.split(':').next());
                let line: usize = line.and_then(|line| line.parse().ok()).unwrap_or_default();
                // A text may end in a line break, behind which the next line would begin.
                must((1..=lines + 1).contains(&line), || format!("{says}, of {lines} lines"))
            }
        }
    });
    [path, rules]
}
