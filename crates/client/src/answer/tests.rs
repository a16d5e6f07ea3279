//! Answers as real servers give them, good and bad. No network here: bytes in, a type out.

use super::*;

fn secret() -> Secret {
    Secret::new("hps_hush")
}

fn read_str(status: u16, body: &str) -> Result<Answer, Cause> {
    read(status, body.as_bytes(), &secret())
}

#[test]
fn lifetimes_are_read_as_servers_write_them() {
    for (members, lifetime_s, refresh_after_s) in [
        (r#""expires_in":86400,"refresh_after":43200"#, 86_400, Some(43_200)),
        (r#""expires_in":"3600""#, 3_600, None), // Some servers send a string.
        (r#""expires_in":3599.9"#, 3_599, None),
        (r#""expires_in":null"#, 300, None),
        (r#""scope":"a""#, 300, None), // Only recommended by RFC 6749 §5.1.
        (r#""expires_in":1e300"#, 366 * 86_400, None),
        (r#""expires_in":18446744073709551615"#, 366 * 86_400, None),
        (r#""expires_in":60,"refresh_after":"soon""#, 60, None), // Advice can be ignored.
        (r#""expires_in":60,"refresh_after":-5"#, 60, None),
        (r#""expires_in":60,"refresh_after":"30""#, 60, Some(30)),
    ] {
        let body = format!(r#"{{"access_token":"abc","token_type":"Bearer",{members}}}"#);
        let answer = read_str(200, &body).unwrap();
        assert_eq!(answer.lifetime.as_secs(), lifetime_s, "{members}");
        assert_eq!(answer.refresh_after.map(|due| due.as_secs()), refresh_after_s, "{members}");
    }
}

#[test]
fn the_type_is_bearer_in_any_case_and_the_scope_is_told() {
    for kind in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let body = format!(r#"{{"access_token":"a.b-c","token_type":"{kind}","scope":"x y"}}"#);
        let answer = read_str(200, &body).unwrap();
        assert_eq!(answer.token.expose(), "a.b-c");
        assert_eq!(answer.authorization, "Bearer a.b-c");
        assert!(answer.authorization.is_sensitive());
        assert_eq!(answer.scope.as_deref(), Some("x y"));
    }
}

#[test]
fn answers_that_are_neither_token_nor_refusal_say_why() {
    for (status, body, told) in [
        (200, "", "not JSON"),
        (200, "sesame", "not JSON"),
        (200, "{\"access_token\":\"abc\"", "not JSON"),
        (200, " <!doctype html><p>sesame", "a web page"),
        (200, "[]", "the wrong shape"),
        (200, r#"["sesame","Bearer",60,null,null,null,null]"#, "the wrong shape"),
        (200, "\"sesame\"", "the wrong shape"),
        (200, "{}", "`access_token` is missing"),
        (200, r#"{"access_token":null,"token_type":"Bearer"}"#, "`access_token` is missing"),
        (200, r#"{"access_token":5,"token_type":"Bearer"}"#, "the wrong shape"),
        (200, r#"{"access_token":"","token_type":"Bearer"}"#, "is empty"),
        (200, r#"{"access_token":"sesame open","token_type":"Bearer"}"#, "no header can carry"),
        (200, r#"{"access_token":"sesame\r\nX: y","token_type":"Bearer"}"#, "no header can carry"),
        (200, r#"{"access_token":"sésame","token_type":"Bearer"}"#, "no header can carry"),
        (200, r#"{"access_token":"sesame"}"#, "`token_type` is missing"),
        (200, r#"{"access_token":"sesame","token_type":"mac"}"#, "not Bearer"),
        (200, r#"{"access_token":"sesame","token_type":["Bearer"]}"#, "the wrong shape"),
        (200, r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#, "wrong shape"),
        (200, r#"{"access_token":"sesame","token_type":"Bearer","expires_in":0}"#, "dead"),
        (200, r#"{"access_token":"sesame","token_type":"Bearer","expires_in":-1}"#, "seconds"),
        (200, r#"{"access_token":"sesame","token_type":"Bearer","expires_in":"1 h"}"#, "seconds"),
        (200, r#"{"access_token":"sesame","token_type":"Bearer","expires_in":true}"#, "seconds"),
        (302, "", "redirects are not followed"),
        (404, "<html>sesame", "no token endpoint at this URL"),
        (405, "{}", "no token endpoint at this URL"),
        (400, "sesame", "holds no `error`"),
        (403, r#"{"message":"sesame"}"#, "holds no `error`"),
        (201, r#"{"access_token":"sesame","token_type":"Bearer"}"#, "holds no `error`"),
    ] {
        let cause = read_str(status, body).unwrap_err();
        assert!(matches!(cause, Cause::Unusable { .. }), "{status} {body}: {cause:?}");
        let cause = cause.to_string();
        assert!(cause.contains(told), "{status} {body}: {cause}");
        assert!(!cause.contains("sesame"), "{cause}");
    }
}

#[test]
fn refusals_carry_the_code_and_a_tame_description() {
    let long = "x".repeat(1000);
    for (status, code, description, wanted) in [
        (401, "invalid_client", "client authentication failed", "client authentication failed"),
        (400, "invalid_scope", r"a\nforged \u001b[31mline", "aforged [31mline"),
        (400, "invalid_target", "", ""),
        (401, "invalid_client", "hps_hush is wrong", "[secret] is wrong"),
        (400, "invalid_request", &long, &long[..256]),
        (200, "unauthorized_client", "said with 200", "said with 200"), // Some servers do.
    ] {
        let body = format!(r#"{{"error":"{code}","error_description":"{description}"}}"#);
        let cause = read_str(status, &body).unwrap_err();
        let description = (!wanted.is_empty()).then(|| wanted.to_owned());
        assert_eq!(cause, Cause::Refused(Refusal { status, error: code.to_owned(), description }));
    }
}

#[test]
fn a_server_in_trouble_is_unavailable_whatever_it_says() {
    for (status, body, wanted) in [
        (500, "<html>", None),
        (503, r#"{"error":"temporarily_unavailable","error_description":"later"}"#, Some("later")),
        (502, "", None),
        (429, r#"{"error":"slow_down"}"#, None),
    ] {
        let description = wanted.map(str::to_owned);
        let cause = read_str(status, body).unwrap_err();
        assert_eq!(cause, Cause::Unavailable { status, description });
    }
}
