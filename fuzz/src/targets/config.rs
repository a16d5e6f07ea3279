//! The settings of a server. Operators are no strangers, but a settings file that is half written
//! or wrongly edited must be refused in words, never with a panic.

use hallpass_server::Config;

use crate::target::{Target, must};

const SEED: &str = include_str!("../../../crates/hallpass/src/config.example.toml");
const WORDS: &[&str] = &[
    "issuer = \"https://[::1]:1/a\"\n",
    "issuer = \"https://example.com//\"\n",
    "listen = \"0.0.0.0:0\"\n",
    "listen = 5\n",
    "trusted_proxies = [\"::/0\"]\n",
    "trusted_proxies = []\n",
    "max_staleness_s = -1\n",
    "max_staleness_s = 9223372036854775807\n",
    "key_publish_lead_s = 0\n",
    "tls_cert = \"\"\n",
    "[table]\n",
    "= ",
    "\"",
    "\"\"\"",
    "#",
    "\n",
];

pub(super) fn target() -> Target {
    // The settings of the binary itself are read beside these, and not here.
    let local = ["data_dir", "database", "master_key_file", "log_format", "log_level"];
    let lines = SEED.lines().filter(|line| !local.iter().any(|name| line.starts_with(name)));
    let whole = lines.collect::<Vec<_>>().join("\n");
    let short = "issuer = \"https://auth.example.com/hp\"\nlisten = \"127.0.0.1:8420\"\n";
    Target::new("config", [whole, short.to_owned()], WORDS, |text| {
        let Ok(text) = std::str::from_utf8(text) else { return Ok(()) };
        let Ok(config) = toml::from_str::<Config>(text) else { return Ok(()) };
        if config.validate().is_err() {
            return Ok(());
        }
        // What is let through has URLs that can be used.
        let (url, path) = (config.url("/oauth/token"), config.issuer_path().to_owned());
        must(url.ends_with(&format!("{path}/oauth/token")), || {
            format!("the issuer {:?} makes {url:?}, and has the path {path:?}", config.issuer)
        })?;
        must(!path.ends_with('/'), || format!("the path {path:?} ends with a slash"))?;
        let router_takes = path.is_empty() || path.starts_with('/');
        must(router_takes, || format!("the path {path:?} does not begin with a slash"))
    })
}
