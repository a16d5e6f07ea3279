// openid-client: certified, and the usual choice in Node.

import { expectCall, expectEqual, login, refusedInTime, run } from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
// example
import * as client from "openid-client";

async function token(issuer, id, authentication, parameters) {
  const options = { algorithm: "oauth2", execute: [client.allowInsecureRequests], timeout: 5 };
  const config = await client.discovery(new URL(issuer), id, {}, authentication, options);
  return client.clientCredentialsGrant(config, parameters);
}
// end

const ALGORITHM = { "oauth-authorization-server": "oauth2", "openid-configuration": "oidc" };
const INSECURE = { execute: [client.allowInsecureRequests], timeout: 5 };

function fetchToken(world, { id, secret }, method, asked) {
  const authentication = method === POST ? client.ClientSecretPost : client.ClientSecretBasic;
  return token(world.issuer, id, authentication(secret), asked);
}

// What its documentation promises: a 401 with a challenge is a WWWAuthenticateChallengeError with
// the parsed challenges, any other refusal a ResponseBodyError with the body's `error`.
function code(error) {
  if (error instanceof client.WWWAuthenticateChallengeError) return error.cause[0].parameters.error;
  return error instanceof client.ResponseBodyError ? error.error : undefined;
}

function configure(world, { id, secret }, algorithm = "oauth2") {
  const options = { ...INSECURE, algorithm };
  const authentication = client.ClientSecretBasic(secret);
  return client.discovery(new URL(world.issuer), id, {}, authentication, options);
}

const discover = (suffix) => async (world) => {
  const config = await configure(world, login(world), ALGORITHM[suffix]);
  expectEqual("token_endpoint", config.serverMetadata().token_endpoint,
    world.metadata.token_endpoint);
};

async function call(world) {
  const config = await configure(world, login(world));
  const { access_token: text } = await client.clientCredentialsGrant(config);
  const url = new URL(world.api_url);
  const answer = await client.fetchProtectedResource(config, text, url, "GET");
  await expectCall(world, answer.status);
}

async function introspect(world) {
  const config = await configure(world, login(world, "inspector"));
  const { access_token: live } = await fetchToken(world, login(world));
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

async function password(world) {
  const config = await configure(world, login(world));
  await otherGrant(code, () =>
    client.genericGrantRequest(config, "password", { username: "a", password: "b" }));
}

await run("openid-client", standard({
  fetch: fetchToken,
  code,
  more: {
    "discover-oauth": discover("oauth-authorization-server"),
    "discover-openid": discover("openid-configuration"),
    "token-http2": "fetch in Node speaks HTTP/2 over TLS only",
    "unsupported-grant": password,
    call,
    introspect,
    "revoke-token": revokeToken,
  },
}));
