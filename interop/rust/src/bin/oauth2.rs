//! oauth2: strongly typed, under openidconnect and much else.

use hallpass_interop::standard::{Answer, Fetched, Way, table};
use hallpass_interop::world::{TIMEOUT, World};
use hallpass_interop::{Case, Login, Outcome, Trouble, expect_equal};
use oauth2::basic::BasicErrorResponse;
// example
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, TokenUrl};

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

fn client(endpoint: &str, id: &str, secret: &str) -> Client {
    BasicClient::new(ClientId::new(id.to_owned()))
        .set_client_secret(ClientSecret::new(secret.to_owned()))
        .set_token_uri(TokenUrl::new(endpoint.to_owned()).expect("a URL"))
} // client.exchange_client_credentials().request(&http)?.access_token().secret()
// end

use oauth2::{
    IntrospectionUrl, RequestTokenError, ResourceOwnerPassword, ResourceOwnerUsername,
    RevocationUrl, Scope, StandardRevocableToken, TokenIntrospectionResponse as _,
    TokenResponse as _,
};

type Refusal = RequestTokenError<oauth2::HttpClientError<reqwest::Error>, BasicErrorResponse>;

/// As its documentation says: redirects would let an attacker choose where requests go.
fn http() -> Result<reqwest::blocking::Client, Trouble> {
    let never = reqwest::redirect::Policy::none();
    Ok(reqwest::blocking::Client::builder().redirect(never).timeout(TIMEOUT).build()?)
}

fn read(answer: Result<BasicTokenResponse, Refusal>) -> Result<Fetched, Trouble> {
    match answer {
        Ok(answer) => {
            let scopes = answer.scopes().map(|all| all.iter().map(|one| one.to_string()));
            Ok(Fetched::Token(Answer {
                token: answer.access_token().secret().clone(),
                expires_in_s: answer.expires_in().map(|left| left.as_secs()),
                scope: scopes.map(|all| all.collect::<Vec<_>>().join(" ")),
            }))
        }
        Err(RequestTokenError::ServerResponse(own)) => {
            Ok(Fetched::Refused(own.error().to_string()))
        }
        Err(other) => Err(Trouble::Failed(format!("{other:?}"))),
    }
}

fn fetch(
    world: &World,
    login: &Login,
    way: Way,
    asked: &[(&str, &str)],
) -> Result<Fetched, Trouble> {
    let kind = if way == Way::Post { AuthType::RequestBody } else { AuthType::BasicAuth };
    let client =
        client(&world.metadata.token_endpoint, &login.id, &login.secret).set_auth_type(kind);
    let mut request = client.exchange_client_credentials();
    for (name, value) in asked {
        request = match *name {
            "scope" => request.add_scope(Scope::new((*value).to_owned())),
            _ => request.add_extra_param(*name, *value),
        };
    }
    read(request.request(&http()?))
}

fn password(world: &World) -> Outcome {
    let login = world.login("plain");
    let client = client(&world.metadata.token_endpoint, &login.id, &login.secret);
    let name = ResourceOwnerUsername::new("somebody".to_owned());
    let word = ResourceOwnerPassword::new("something".to_owned());
    match read(client.exchange_password(&name, &word).request(&http()?))? {
        Fetched::Refused(code) => expect_equal("error", code.as_str(), "unsupported_grant_type"),
        Fetched::Token(_) => Err(Trouble::Failed("a token for a password".to_owned())),
    }
}

fn introspect(world: &World) -> Outcome {
    let login = world.login("inspector");
    let client = client(&world.metadata.token_endpoint, &login.id, &login.secret)
        .set_introspection_url(IntrospectionUrl::new(
            world.metadata.introspection_endpoint.clone(),
        )?);
    let live = world.plain_token(&world.api.audience)?;
    for (text, active) in [(live.as_str(), true), ("nonsense", false)] {
        let token = oauth2::AccessToken::new(text.to_owned());
        let answer = client.introspect(&token).request(&http()?);
        let answer = answer.map_err(|error| Trouble::Failed(format!("{error:?}")))?;
        expect_equal("active", answer.active(), active)?;
    }
    Ok(())
}

/// It revokes at servers with TLS only: `RevocationUrl` must be https, whatever the host.
fn revoke(world: &World) -> Outcome {
    let login = world.login("plain");
    let client = client(&world.metadata.token_endpoint, &login.id, &login.secret)
        .set_revocation_url(RevocationUrl::new(world.metadata.revocation_endpoint.clone())?);
    let Fetched::Token(answer) = fetch(world, &login, Way::Basic, &[])? else {
        return Err(Trouble::Failed("no token".to_owned()));
    };
    let token = oauth2::AccessToken::new(answer.token.clone());
    match client.revoke_token(StandardRevocableToken::AccessToken(token)) {
        Ok(request) => request
            .request(&http()?)
            .map_err(|error| Trouble::Failed(format!("{error:?}")))
            .and_then(|()| world.refused_in_time(&answer.token)),
        Err(oauth2::ConfigurationError::InsecureUrl(_)) => {
            Err(Trouble::NotSupported("it revokes at servers with TLS only".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

fn main() {
    let mut cases = table(fetch);
    cases.insert("unsupported-grant", Box::new(password) as Case);
    cases.insert("introspect", Box::new(introspect));
    cases.insert("revoke-token", Box::new(revoke));
    hallpass_interop::run("oauth2", cases);
}
