//! Every setting, by file, by environment and by flag, as the real binary reads it.

use std::{collections::BTreeSet, process::Command};

use toml::{Table, Value};

use crate::place::{Place, refusal};

/// Each setting with three values that differ from its default and from each other, as TOML
/// writes them.
const SETTINGS: [(&str, [&str; 3]); 47] = [
    ("issuer", [r#""https://a.example.com""#, r#""https://b.example.com""#, r#""http://[::1]:1""#]),
    ("listen", [r#""127.0.0.1:1""#, r#""127.0.0.1:2""#, r#""[::1]:3""#]),
    ("metrics_listen", [r#""127.0.0.1:1""#, r#""127.0.0.1:2""#, r#""[::1]:3""#]),
    ("tls_cert", [r#""a.pem""#, r#""b.pem""#, r#""c.pem""#]),
    ("tls_key", [r#""a.pem""#, r#""b.pem""#, r#""c.pem""#]),
    ("data_dir", [r#""a""#, r#""b""#, r#""c""#]),
    ("database", [r#""a.db""#, r#""some/b.db""#, r#""postgres://db.example:5432/c""#]),
    ("database_password_file", [r#""a""#, r#""b""#, r#""c""#]),
    ("database_root_cert", [r#""a.pem""#, r#""b.pem""#, r#""c.pem""#]),
    ("database_connections_at_most", ["3", "4", "5"]),
    ("database_statement_timeout_s", ["1", "2", "3"]),
    ("database_connect_timeout_s", ["1", "2", "3"]),
    ("master_key_file", [r#""a""#, r#""b""#, r#""c""#]),
    ("trusted_proxies", [r#"["10.0.0.0/8"]"#, r#"["10.0.0.0/8", "::1/128"]"#, r#"["::1/128"]"#]),
    (
        "proxy_protocol_from",
        [r#"["10.0.0.0/8"]"#, r#"["10.0.0.0/8", "::1/128"]"#, r#"["::1/128"]"#],
    ),
    ("webhook_networks", [r#"["10.0.0.0/8"]"#, r#"["10.0.0.0/8", "::1/128"]"#, r#"["::1/128"]"#]),
    ("connections_at_most", ["1", "2", "3"]),
    ("header_timeout_s", ["1", "2", "3"]),
    ("body_timeout_s", ["1", "2", "3"]),
    ("unread_timeout_s", ["1", "2", "3"]),
    ("failed_logins_per_minute", ["1", "2", "3"]),
    ("imported_checks_at_once", ["1", "2", "3"]),
    ("failed_sign_ins_per_minute", ["1", "2", "3"]),
    ("password_checks_at_once", ["1", "2", "3"]),
    ("session_s", ["300", "301", "302"]),
    ("session_idle_s", ["300", "301", "302"]),
    (
        "smtp_url",
        [r#""smtps://a.example.com""#, r#""smtp://b.example.com:25""#, r#""smtp://localhost""#],
    ),
    ("mail_from", [r#""a@example.com""#, r#""b@example.com""#, r#""Hallpass <c@example.com>""#]),
    ("smtp_user", [r#""a""#, r#""b""#, r#""c""#]),
    ("smtp_password_file", [r#""a""#, r#""b""#, r#""c""#]),
    ("management_calls_per_minute", ["1", "2", "3"]),
    ("leak_reports_per_minute", ["1", "2", "3"]),
    ("max_staleness_s", ["5", "6", "7"]),
    ("shutdown_drain_s", ["1", "2", "3"]),
    ("shutdown_grace_s", ["1", "2", "3"]),
    ("jwks_max_age_s", ["1", "2", "3"]),
    ("key_publish_lead_s", ["86401", "86402", "86403"]),
    ("key_rotation_s", ["3600", "3601", "3602"]),
    ("heartbeat_ms", ["100", "200", "300"]),
    ("tail_poll_ms", ["10", "11", "12"]),
    ("usage_flush_s", ["1", "2", "3"]),
    ("node_name", [r#""a""#, r#""b""#, r#""c""#]),
    ("node_report_s", ["1", "2", "3"]),
    ("log_format", [r#""json""#, r#""pretty""#, r#""json""#]),
    ("log_level", [r#""error""#, r#""debug""#, r#""warn,hallpass_server=trace""#]),
    (
        "traces_endpoint",
        [
            r#""http://127.0.0.1:4318/v1/traces""#,
            r#""https://a.example.com/v1/traces""#,
            r#""http://b""#,
        ],
    ),
    ("traces_sample_ratio", ["0.0", "0.25", "0.5"]),
];

/// What the setting needs beside it.
fn companion(name: &str) -> &'static str {
    match name {
        "tls_cert" => "tls_key = \"k.pem\"\n",
        "tls_key" => "tls_cert = \"k.pem\"\n",
        _ => "",
    }
}

fn value(toml: &str) -> Value {
    format!("x = {toml}").parse::<Table>().unwrap().remove("x").unwrap()
}

/// As it is written in the environment and in flags.
fn plain(toml: &str) -> String {
    match value(toml) {
        Value::String(text) => text,
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// The settings in force.
async fn in_force(place: &Place, command: Command) -> Table {
    let ended = place.run_with(command, "").await;
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
    ended.stdout.parse().unwrap()
}

#[tokio::test]
async fn every_setting_can_be_given_in_three_ways_and_the_later_beats_the_earlier() {
    let place = Place::empty();
    for (name, [in_file, in_environment, in_flag]) in SETTINGS {
        let file = format!("{}{name} = {in_file}\n", companion(name));
        std::fs::write(place.path("hallpass.toml"), file).unwrap();
        let variable = format!("HALLPASS_{}", name.to_uppercase());
        let flag = format!("--{}", name.replace('_', "-"));

        let mut show = place.command(&["config", "show"]);
        assert_eq!(in_force(&place, show).await.get(name), Some(&value(in_file)), "{name}");

        show = place.command(&["config", "show"]);
        show.env(&variable, plain(in_environment));
        assert_eq!(in_force(&place, show).await.get(name), Some(&value(in_environment)), "{name}");

        show = place.command(&["config", "show", &flag, &plain(in_flag)]);
        show.env(&variable, plain(in_environment));
        assert_eq!(in_force(&place, show).await.get(name), Some(&value(in_flag)), "{name}");
    }
}

#[tokio::test]
async fn the_example_explains_every_setting_and_changes_none() {
    let place = Place::empty();
    let example = place.run(&["config", "example"]).await.stdout;
    let known: BTreeSet<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
    let line = |line: &str| Some(line.trim_start_matches("# ").split_once(" = ")?.0.to_owned());
    let named: BTreeSet<String> = example.lines().filter_map(line).collect();
    assert_eq!(named.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    // Its own words, and those of the reference.
    let reference = include_str!("../../../../docs/reference/configuration.md");
    for name in known {
        assert!(reference.contains(&format!("| `{name}` |")), "{name} is not in the reference");
    }
    let before = in_force(&place, place.command(&["config", "show"])).await;
    std::fs::write(place.path("hallpass.toml"), &example).unwrap();
    assert_eq!(in_force(&place, place.command(&["config", "show"])).await, before);
}

#[tokio::test]
async fn a_file_may_lie_anywhere_and_its_name_be_in_the_environment() {
    let place = Place::empty();
    std::fs::write(place.path("other.toml"), "heartbeat_ms = 123\n").unwrap();
    let flag = place.command(&["config", "show", "--config", "other.toml"]);
    let mut variable = place.command(&["config", "show"]);
    variable.env("HALLPASS_CONFIG", "other.toml");
    for command in [flag, variable] {
        assert_eq!(in_force(&place, command).await["heartbeat_ms"].as_integer(), Some(123));
    }
}

#[tokio::test]
async fn what_scripts_ask_for_they_get_as_json() {
    let place = Place::empty();
    let shown = place.ask(&["config", "show"]).await;
    assert_eq!(shown["heartbeat_ms"], 2000);
    assert_eq!(shown["trusted_proxies"], serde_json::json!([]));
    let defaults = place.ask(&["config", "example"]).await;
    assert_eq!(defaults, shown);
}

#[tokio::test]
async fn a_setting_that_does_not_exist_is_refused_with_the_nearest_name() {
    let place = Place::empty();
    for (text, nearest) in [
        ("lisen = \"127.0.0.1:1\"", "listen"),
        ("max_stalenes_s = 7", "max_staleness_s"),
        ("datadir = \"x\"", "data_dir"),
        ("tls_certificate = \"x\"", "tls_cert"),
        ("LISTEN = \"127.0.0.1:1\"", "listen"),
    ] {
        std::fs::write(place.path("hallpass.toml"), text).unwrap();
        // Whatever is asked for: nothing runs on settings that were not understood.
        for args in [&["config", "show"][..], &["serve"], &["init"]] {
            let why = refusal(args, place.run(args).await);
            assert!(why.contains(&format!("the nearest name is `{nearest}`")), "{text}: {why}");
        }
    }
    std::fs::remove_file(place.path("hallpass.toml")).unwrap();
    let args = ["config", "show", "--lisen", "127.0.0.1:1"];
    assert!(refusal(&args, place.run(&args).await).contains("'--listen'"));
}

#[tokio::test]
async fn a_misspelt_variable_is_pointed_out_and_others_are_let_be() {
    let place = Place::set_up().await;
    let mut doctor = place.command(&["doctor"]);
    doctor.env("HALLPASS_LISEN", "127.0.0.1:1");
    // Kubernetes sets these beside every program of a cluster that has a service `hallpass`.
    doctor.env("HALLPASS_PORT", "tcp://10.0.0.1:80").env("HALLPASS_SERVICE_HOST", "10.0.0.1");
    let ended = place.run_with(doctor, "").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let line = "TROUBLE HALLPASS_LISEN is not a setting; did you mean HALLPASS_LISTEN?";
    assert!(ended.stdout.contains(line), "{ended:?}");
    assert!(!ended.stdout.contains("HALLPASS_PORT"), "{ended:?}");
    assert!(!ended.stdout.contains("HALLPASS_SERVICE_HOST"), "{ended:?}");
}
