// oauth4webapi: the low-level functions under openid-client, for any JavaScript runtime.

import {
  apiStatus, expectAudience, expectCall, expectEqual, expectError, expectToken, login,
  notSupported, refusedInTime, revokeCredential, run, wrongLogin,
} from "./peer.mjs";
import { verifying } from "./verifying.mjs";
import * as oauth from "oauth4webapi";

const OPTIONS = { [oauth.allowInsecureRequests]: true, signal: () => AbortSignal.timeout(5000) };

async function discovered(world, algorithm = "oauth2") {
  const issuer = new URL(world.issuer);
  const answer = await oauth.discoveryRequest(issuer, { ...OPTIONS, algorithm });
  return oauth.processDiscoveryResponse(issuer, answer);
}

async function grant(world, who, parameters = {}, authentication = oauth.ClientSecretBasic) {
  const server = await discovered(world);
  const client = { client_id: who.id };
  const answer = await oauth.clientCredentialsGrantRequest(
    server, client, authentication(who.secret), parameters, OPTIONS,
  );
  return oauth.processClientCredentialsResponse(server, client, answer);
}

const discover = (algorithm) => async (world) =>
  expectEqual("token_endpoint", (await discovered(world, algorithm)).token_endpoint,
    world.metadata.token_endpoint);

const token = (parameters, scope, authentication) => async (world) => {
  const answer = await grant(world, login(world), parameters, authentication);
  expectToken(world, answer, scope);
};

const otherApi = (parameter) => async (world) => {
  const { audience } = world.other_api;
  const answer = await grant(world, login(world, "several"), { [parameter]: audience });
  expectAudience(answer.access_token, audience);
};

const challenged = (code, who) => (world) =>
  expectError(oauth.WWWAuthenticateChallengeError, (error) => error.cause[0].parameters.error,
    code, () => grant(world, who(world)));

const refused = (code, who, parameters, authentication) => (world) =>
  expectError(oauth.ResponseBodyError, (error) => error.error, code,
    () => grant(world, who(world), parameters, authentication));

function fetchBooks(world, text) {
  const url = new URL(world.api_url);
  return oauth.protectedResourceRequest(text, "GET", url, new Headers(), null, OPTIONS);
}

async function call(world) {
  const { access_token: text } = await grant(world, login(world));
  await expectCall(world, (await fetchBooks(world, text)).status);
}

async function introspect(world) {
  const server = await discovered(world);
  const { id, secret } = login(world, "inspector");
  const { access_token: live } = await grant(world, login(world));
  for (const [text, active] of [[live, true], ["nonsense", false]]) {
    const answer = await oauth.introspectionRequest(
      server, { client_id: id }, oauth.ClientSecretBasic(secret), text, OPTIONS,
    );
    const read = await oauth.processIntrospectionResponse(server, { client_id: id }, answer);
    expectEqual("active", read.active, active);
  }
}

async function revokeToken(world) {
  const server = await discovered(world);
  const { id, secret } = login(world);
  const { access_token: text } = await grant(world, login(world));
  const answer = await oauth.revocationRequest(
    server, { client_id: id }, oauth.ClientSecretBasic(secret), text, OPTIONS,
  );
  await oauth.processRevocationResponse(answer);
  await refusedInTime(world, text);
}

async function revokeAll(world) {
  const { access_token: text } = await grant(world, login(world, "doomed"));
  expectEqual("status", await apiStatus(world, text), 200);
  await revokeCredential(world);
  await refusedInTime(world, text);
  await expectError(oauth.WWWAuthenticateChallengeError,
    (error) => error.cause[0].parameters.error, "invalid_token", () => fetchBooks(world, text));
  await challenged("invalid_client", () => login(world, "doomed"))(world);
}

/** RFC 9068 as the library itself reads it; it takes the algorithm from the key. */
async function verify(world, text, audience) {
  const headers = { authorization: `Bearer ${text}` };
  const request = new Request(world.api_url, { headers });
  return oauth.validateJwtAccessToken(await discovered(world), request, audience, OPTIONS);
}

await run("oauth4webapi", {
  "discover-oauth": discover("oauth2"),
  "discover-openid": discover("oidc"),
  "token-basic": token(),
  "token-post": token({}, undefined, oauth.ClientSecretPost),
  "token-auto": notSupported("one says which way"),
  "token-json": notSupported("it only sends forms"),
  "token-empty-body": notSupported("it always sends grant_type"),
  "token-http2": notSupported("fetch in Node speaks HTTP/2 over TLS only"),
  "scope-given": token({ scope: "books:read" }, "books:read"),
  "scope-omitted": token(),
  audience: otherApi("audience"),
  resource: otherApi("resource"),
  "wrong-secret-basic": challenged("invalid_client", wrongLogin),
  "wrong-secret-post": refused("invalid_client", wrongLogin, {}, oauth.ClientSecretPost),
  "unknown-scope": refused("invalid_scope", login, { scope: "books:burn" }),
  "unknown-audience": refused("invalid_target", login, { resource: "https://no.example.com" }),
  paused: challenged("invalid_client", (world) => login(world, "paused")),
  reuse: notSupported("it keeps no token"),
  call,
  introspect,
  "revoke-token": revokeToken,
  "revoke-credential": revokeAll,
  ...verifying(verify, (error) => error instanceof oauth.OperationProcessingError),
});
