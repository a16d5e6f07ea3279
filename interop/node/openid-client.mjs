// openid-client: certified, and the usual choice in Node.

import {
  apiStatus, expectAudience, expectCall, expectEqual, expectError, expectToken, login,
  notSupported, refusedInTime, revokeCredential, run, wrongLogin,
} from "./peer.mjs";
import * as client from "openid-client";

const ALGORITHM = { "oauth-authorization-server": "oauth2", "openid-configuration": "oidc" };

function configure(world, { id, secret }, authentication = client.ClientSecretBasic) {
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests], timeout: 5 };
  return client.discovery(new URL(world.issuer), id, {}, authentication(secret), options);
}

async function grant(world, who, parameters = {}, authentication) {
  const config = await configure(world, who, authentication);
  return client.clientCredentialsGrant(config, parameters);
}

const discover = (suffix) => async (world) => {
  const options = {
    algorithm: ALGORITHM[suffix], execute: [client.allowInsecureRequests], timeout: 5,
  };
  const config = await client.discovery(
    new URL(world.issuer), login(world).id, {}, undefined, options,
  );
  expectEqual("token_endpoint", config.serverMetadata().token_endpoint,
    world.metadata.token_endpoint);
};

const token = (parameters, scope, authentication) => async (world) =>
  expectToken(world, await grant(world, login(world), parameters, authentication), scope);

const otherApi = (parameter) => async (world) => {
  const { audience } = world.other_api;
  const answer = await grant(world, login(world, "several"), { [parameter]: audience });
  expectAudience(answer.access_token, audience);
};

// What its documentation promises: a 401 with a challenge is a WWWAuthenticateChallengeError with
// the parsed challenges, any other refusal a ResponseBodyError with the body's `error`.
const challenged = (code, who) => (world) =>
  expectError(client.WWWAuthenticateChallengeError, (error) => error.cause[0].parameters.error,
    code, () => grant(world, who(world)));

const refused = (code, who, parameters, authentication) => (world) =>
  expectError(client.ResponseBodyError, (error) => error.error, code,
    () => grant(world, who(world), parameters, authentication));

async function fetchBooks(world, config, text) {
  return client.fetchProtectedResource(config, text, new URL(world.api_url), "GET");
}

async function call(world) {
  const config = await configure(world, login(world));
  const { access_token: text } = await client.clientCredentialsGrant(config);
  await expectCall(world, (await fetchBooks(world, config, text)).status);
}

async function introspect(world) {
  const config = await configure(world, login(world, "inspector"));
  const { access_token: live } = await grant(world, login(world));
  for (const [text, active] of [[live, true], ["nonsense", false]]) {
    expectEqual("active", (await client.tokenIntrospection(config, text)).active, active);
  }
}

async function revokeToken(world) {
  const config = await configure(world, login(world));
  const { access_token: text } = await client.clientCredentialsGrant(config);
  await client.tokenRevocation(config, text);
  await refusedInTime(world, text);
}

async function revokeAll(world) {
  const config = await configure(world, login(world, "doomed"));
  const { access_token: text } = await client.clientCredentialsGrant(config);
  expectEqual("status", await apiStatus(world, text), 200);
  await revokeCredential(world);
  await refusedInTime(world, text);
  await expectError(client.WWWAuthenticateChallengeError,
    (error) => error.cause[0].parameters.error, "invalid_token",
    () => fetchBooks(world, config, text));
  await challenged("invalid_client", () => login(world, "doomed"))(world);
}

await run("openid-client", {
  "discover-oauth": discover("oauth-authorization-server"),
  "discover-openid": discover("openid-configuration"),
  "token-basic": token(),
  "token-post": token({}, undefined, client.ClientSecretPost),
  "token-auto": notSupported("one says which way"),
  "token-json": notSupported("it only sends forms"),
  "token-empty-body": notSupported("it always sends grant_type"),
  "token-http2": notSupported("fetch in Node speaks HTTP/2 over TLS only"),
  "scope-given": token({ scope: "books:read" }, "books:read"),
  "scope-omitted": token(),
  audience: otherApi("audience"),
  resource: otherApi("resource"),
  "wrong-secret-basic": challenged("invalid_client", wrongLogin),
  "wrong-secret-post": refused("invalid_client", wrongLogin, {}, client.ClientSecretPost),
  "unknown-scope": refused("invalid_scope", login, { scope: "books:burn" }),
  "unknown-audience": refused("invalid_target", login, { resource: "https://no.example.com" }),
  paused: challenged("invalid_client", (world) => login(world, "paused")),
  reuse: notSupported("it keeps no token"),
  call,
  introspect,
  "revoke-token": revokeToken,
  "revoke-credential": revokeAll,
});
