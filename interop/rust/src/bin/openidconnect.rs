//! openidconnect: oauth2 with discovery.

use hallpass_interop::standard::{Answer, Fetched, Way, table};
use hallpass_interop::world::{TIMEOUT, World};
use hallpass_interop::{Case, Login, Outcome, Trouble, expect_equal, not_supported};
use openidconnect::core::{CoreErrorResponseType, CoreProviderMetadata};
// example
use openidconnect::core::{CoreClient, CoreJsonWebKeySet};
use openidconnect::{AuthUrl, ClientId, ClientSecret, IssuerUrl, TokenUrl};

macro_rules! client {
    ($issuer:expr, $endpoint:expr, $id:expr, $secret:expr) => {
        CoreClient::new(
            ClientId::new($id.to_owned()),
            IssuerUrl::new($issuer.to_owned()).expect("a URL"),
            CoreJsonWebKeySet::default(),
        )
        .set_client_secret(ClientSecret::new($secret.to_owned()))
        .set_auth_uri(AuthUrl::new($issuer.to_owned()).expect("a URL"))
        .set_token_uri(TokenUrl::new($endpoint.to_owned()).expect("a URL"))
    };
}
// end

use openidconnect::{AuthType, OAuth2TokenResponse as _, RequestTokenError, Scope};

fn fetch(
    world: &World,
    login: &Login,
    way: Way,
    asked: &[(&str, &str)],
) -> Result<Fetched, Trouble> {
    let kind = if way == Way::Post { AuthType::RequestBody } else { AuthType::BasicAuth };
    let client = client!(world.issuer, world.metadata.token_endpoint, login.id, login.secret)
        .set_auth_type(kind);
    let never = reqwest::redirect::Policy::none();
    let http = reqwest::blocking::Client::builder().redirect(never).timeout(TIMEOUT).build()?;
    let mut request = client.exchange_client_credentials();
    for (name, value) in asked {
        request = match *name {
            "scope" => request.add_scope(Scope::new((*value).to_owned())),
            _ => request.add_extra_param(*name, *value),
        };
    }
    match request.request(&http) {
        Ok(answer) => Ok(Fetched::Token(Answer {
            token: answer.access_token().secret().clone(),
            expires_in_s: answer.expires_in().map(|left| left.as_secs()),
            scope: answer
                .scopes()
                .map(|all| all.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" ")),
        })),
        Err(RequestTokenError::ServerResponse(own)) => Ok(Fetched::Refused(match own.error() {
            CoreErrorResponseType::Extension(code) => code.clone(),
            known => known.as_ref().to_owned(),
        })),
        Err(other) => Err(Trouble::Failed(format!("{other:?}"))),
    }
}

fn discover(world: &World) -> Outcome {
    let http = reqwest::blocking::Client::builder().timeout(TIMEOUT).build()?;
    let issuer = IssuerUrl::new(world.issuer.clone())?;
    let found = CoreProviderMetadata::discover(&issuer, &http)
        .map_err(|error| Trouble::Failed(format!("{error:?}")))?;
    let endpoint = found.token_endpoint().map(|url| url.as_str());
    expect_equal("token_endpoint", endpoint, Some(world.metadata.token_endpoint.as_str()))
}

fn main() {
    let mut cases = table(fetch);
    cases.insert("discover-openid", Box::new(discover) as Case);
    cases.insert("discover-oauth", not_supported("it looks for openid-configuration only"));
    hallpass_interop::run("openidconnect", cases);
}
