//! Lines that get a token, in the languages that programs are written in, with everything filled in
//! but the secret: that comes from the environment.

/// A language, and the library that most of its programs use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    /// The word for it in an address.
    pub word: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// How its library is installed.
    pub install: &'static str,
    /// The lines, before they are filled in.
    lines: &'static str,
}

/// Every language, the most asked for first.
pub(super) const LANGUAGES: [Language; 9] = [
    Language {
        word: "python",
        name: "Python",
        install: "pip install authlib requests",
        lines: include_str!("snippets/python.txt"),
    },
    Language {
        word: "node",
        name: "Node.js",
        install: "npm install openid-client",
        lines: include_str!("snippets/node.txt"),
    },
    Language {
        word: "go",
        name: "Go",
        install: "go get golang.org/x/oauth2",
        lines: include_str!("snippets/go.txt"),
    },
    Language {
        word: "java",
        name: "Java (Spring)",
        install: "implementation(\"org.springframework.boot:spring-boot-starter-oauth2-client\")",
        lines: include_str!("snippets/java.txt"),
    },
    Language {
        word: "dotnet",
        name: ".NET",
        install: "dotnet add package Duende.IdentityModel",
        lines: include_str!("snippets/dotnet.txt"),
    },
    Language {
        word: "php",
        name: "PHP",
        install: "composer require league/oauth2-client",
        lines: include_str!("snippets/php.txt"),
    },
    Language {
        word: "ruby",
        name: "Ruby",
        install: "gem install oauth2",
        lines: include_str!("snippets/ruby.txt"),
    },
    Language {
        word: "rust",
        name: "Rust",
        install: "cargo add hallpass-client tokio --features tokio/full",
        lines: include_str!("snippets/rust.txt"),
    },
    Language {
        word: "powershell",
        name: "PowerShell",
        install: "",
        lines: include_str!("snippets/powershell.txt"),
    },
];

/// What the lines are filled in with. None of it is secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// The credential.
    pub client_id: &'a str,
    /// Where tokens are.
    pub token_endpoint: &'a str,
    /// The issuer, without a slash at its end.
    pub issuer: &'a str,
    /// The audience of the API that is meant when a request names none.
    pub audience: &'a str,
    /// Whether there are several APIs, so that a request had better name the one it means.
    pub names_audience: bool,
}

impl Setting<'_> {
    /// The line for a shell.
    pub(super) fn curl(&self) -> String {
        let resource = match self.names_audience {
            true => format!("  -d resource={} \\\n", self.audience),
            false => String::new(),
        };
        format!(
            "curl -u \"{}:$CLIENT_SECRET\" \\\n  -d grant_type=client_credentials \\\n{resource}  {}",
            self.client_id, self.token_endpoint
        )
    }

    /// The lines of a language. A line that names the API is left out where nobody need ask for
    /// it, or else stands in the place of the shorter one before it.
    pub(super) fn lines(&self, language: &Language) -> String {
        let mut kept: Vec<&str> = Vec::new();
        for line in language.lines.lines() {
            if !line.contains("{resource}") {
                kept.push(line);
            } else if self.names_audience {
                let call = line.split('(').next().unwrap_or_default();
                let stands_for = |before: &&str| before.split('(').next() == Some(call);
                kept.pop_if(|before| line.contains('(') && stands_for(&*before));
                kept.push(line);
            }
        }
        let text = kept.join("\n");
        [
            ("{client_id}", self.client_id),
            ("{token_endpoint}", self.token_endpoint),
            ("{issuer}", self.issuer),
            ("{resource}", self.audience),
            ("{audience}", self.audience),
        ]
        .into_iter()
        .fold(text, |text, (place, value)| text.replace(place, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting<'_> = Setting {
        client_id: "hpc_1",
        token_endpoint: "https://auth.example.com/oauth/token",
        issuer: "https://auth.example.com",
        audience: "https://api.example.com/books",
        names_audience: false,
    };

    #[test]
    fn lines_are_filled_in_and_hold_no_secret() {
        for language in LANGUAGES {
            for names_audience in [false, true] {
                let setting = Setting { names_audience, ..SETTING };
                let lines = setting.lines(&language);
                assert!(lines.contains("hpc_1"), "{lines}");
                assert!(lines.contains("CLIENT_SECRET"), "{lines}");
                let empty = ["{client_id}", "{token_", "{issuer", "{resource", "{audience", "hps_"];
                for place in empty {
                    assert!(!lines.contains(place), "{place} in {lines}");
                }
                if language.word != "java" {
                    let named = lines.contains("resource") || lines.contains(".audience(");
                    let named = named || lines.contains("Resource = {");
                    assert_eq!(named, names_audience, "{lines}");
                }
            }
        }
    }

    #[test]
    fn a_line_that_names_the_api_stands_for_the_shorter_one() {
        let both = Setting { names_audience: true, ..SETTING };
        let lines = both.lines(&LANGUAGES[0]);
        assert_eq!(lines.matches("fetch_token").count(), 1, "{lines}");
        assert!(lines.contains(r#"api.fetch_token(resource="https://api.example.com/books")"#));
        assert_eq!(both.lines(&LANGUAGES[1]).matches("clientCredentialsGrant").count(), 1);
        insta::assert_snapshot!(both.curl(), @r#"
        curl -u "hpc_1:$CLIENT_SECRET" \
          -d grant_type=client_credentials \
          -d resource=https://api.example.com/books \
          https://auth.example.com/oauth/token
        "#);
    }
}
