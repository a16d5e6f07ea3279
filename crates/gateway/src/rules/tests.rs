//! Rules as people write them, requests as they come, and every mistake by its line.

use super::*;

const HEAD: &str = "audience = \"https://api.example.com\"\n";

fn rules(routes: &str) -> Rules {
    read(&format!("{HEAD}{routes}")).unwrap().1
}

/// The line of the route that decides.
fn decides(rules: &Rules, method: &str, host: Option<&str>, path: &str) -> Result<usize, NoRoute> {
    let method: Method = method.parse().unwrap();
    let path = Path::parse(path).unwrap();
    rules.select(&method, host, &path).map(|route| route.line)
}

#[test]
fn the_first_route_that_fits_decides_and_what_fits_none_is_refused() {
    let rules = rules(
        r#"[[route]]
path = "/v1/books"
methods = ["GET"]
[[route]]
path = "/v1/books/**"
methods = ["GET", "POST"]
[[route]]
path = "/admin/**"
[[route]]
path = "/v1/loans"
host = "loans.example.com"
"#,
    );
    let unknown = Err(NoRoute::Unknown);
    for (method, host, path, wanted) in [
        ("GET", None, "/v1/books", Ok(2)),
        ("HEAD", None, "/v1/books", Ok(2)),
        ("GET", None, "/v1/books/", Ok(2)),
        ("POST", None, "/v1/books", Ok(5)),
        ("GET", None, "/v1/books/7", Ok(5)),
        ("DELETE", None, "/v1/books/7", unknown),
        ("get", None, "/v1/books", unknown),
        ("GET", None, "/v1", unknown),
        ("GET", None, "/", unknown),
        ("PROPFIND", None, "/admin/x", Ok(8)),
        ("TRACE", None, "/admin/x", unknown),
        ("CONNECT", None, "/admin/x", unknown),
        ("GET", None, "/v1/loans", unknown),
        ("GET", Some("loans.example.com"), "/v1/loans", Ok(10)),
        ("GET", Some("LOANS.example.com:8443"), "/v1/loans", Ok(10)),
        ("GET", Some("loans.example.com.evil.example"), "/v1/loans", unknown),
        ("GET", Some("api.example.com"), "/v1/loans", unknown),
        ("GET", Some("[::1]:80"), "/v1/books", Ok(2)),
    ] {
        assert_eq!(decides(&rules, method, host, path), wanted, "{method} {host:?} {path}");
    }
}

#[test]
fn capitals_never_lead_around_a_narrower_route() {
    let rules = rules(
        r#"[[route]]
path = "/admin/**"
scopes = ["admin"]
[[route]]
path = "/v1/Books/*"
[[route]]
path = "/**"
"#,
    );
    let refused = Err(NoRoute::OnlyByCase);
    for (path, wanted) in [
        ("/admin/x", Ok(2)),
        ("/Admin/x", refused),
        ("/ADMIN", refused),
        ("/admin/X", Ok(2)),
        ("/v1/Books/A", Ok(5)),
        ("/v1/books/a", refused),
        ("/other/A", Ok(7)),
    ] {
        assert_eq!(decides(&rules, "GET", None, path), wanted, "{path}");
    }
}

#[test]
fn mistakes_in_the_file_are_named_with_their_line() {
    for (routes, wanted) in [
        ("", "line 2: there is no [[route]]"),
        ("lisen = \"127.0.0.1:1\"\n", "line 2: unknown field `lisen`"),
        ("listen = \"here\"\n", "line 2: "),
        ("[[route]]\npath = \"/a\"\nscope = [\"x\"]\n", "line 4: unknown field `scope`"),
        ("[[route]]\nmethods = [\"GET\"]\n", "line 2: missing field `path`"),
        ("[[route]]\npath = \n", "line 3: "),
        ("[[route]]\npath = \"/a\"\n[[route]]\npath = \"a\"\n", "line 4: path \"a\": no request"),
        ("[[route]]\npath = \"/a*\"\n", "line 2: path \"/a*\": `*` stands for a whole segment"),
        ("[[route]]\npath = \"/a\"\nmethods = []\n", "line 2: methods is empty"),
        ("[[route]]\npath = \"/a\"\nmethods = [\"get\"]\n", "line 2: method \"get\": methods are"),
        ("[[route]]\npath = \"/a\"\nmethods = [\"G T\"]\n", "line 2: method \"G T\": there is no"),
        ("[[route]]\npath = \"/a\"\nmethods = [\"TRACE\"]\n", "line 2: method \"TRACE\": is never"),
        ("[[route]]\npath = \"/a\"\nscopes = [\"a b\"]\n", "line 2: scope \"a b\": one word"),
        ("[[route]]\npath = \"/a\"\nhost = \"a:80\"\n", "line 2: host \"a:80\": a name"),
        ("[[route]]\npath = \"/a\"\naudience = \"\"\n", "line 2: there is no audience"),
        (
            "[[route]]\npath = \"/a\"\nanonymous = true\nscopes = [\"x\"]\n",
            "line 2: a route is for anybody (anonymous), or asks for scopes",
        ),
        (
            "[[route]]\npath = \"/a/**\"\n\n[[route]]\npath = \"/a/b\"\nscopes = [\"x\"]\n",
            "line 5: the route /a/b never decides, since the one of line 2 takes all",
        ),
        ("max_staleness_s = 1\n[[route]]\npath = \"/a\"\n", "line 2: max_staleness_s must be"),
        ("upstream = \"10.0.0.1\"\n[[route]]\npath = \"/a\"\n", "line 2: upstream: "),
        ("upstream = \"http://a/b\"\n[[route]]\npath = \"/a\"\n", "line 2: upstream: "),
        ("connections_at_most = 0\n[[route]]\npath = \"/a\"\n", "line 2: connections_at_most"),
    ] {
        let why = read(&format!("{HEAD}{routes}")).unwrap_err().to_string();
        assert!(why.starts_with(wanted), "{routes}: {why}");
    }
    assert!(read("[[route]]\npath = \"/\"\n").unwrap_err().to_string().contains("no audience"));
}

#[test]
fn a_narrower_route_may_come_first() {
    let rules = rules("[[route]]\npath = \"/a/b\"\n[[route]]\npath = \"/a/**\"\n");
    assert_eq!(decides(&rules, "GET", None, "/a/b"), Ok(2));
    assert_eq!(decides(&rules, "GET", None, "/a/c"), Ok(4));
}

#[test]
fn a_route_is_told_in_words() {
    let rules = rules(
        r#"[[route]]
path = "/v1/**"
methods = ["GET", "PUT"]
scopes = ["a", "b"]
[[route]]
path = "/health"
anonymous = true
"#,
    );
    let told: Vec<_> = rules.routes().iter().map(Route::describe).collect();
    assert_eq!(
        told,
        [
            "GET, PUT /v1/**: a token for https://api.example.com with a and b",
            "any method /health: anybody; a token, if one comes, must be for https://api.example.com",
        ]
    );
    assert_eq!(rules.scopes_of("https://api.example.com"), ["a", "b"]);
}
