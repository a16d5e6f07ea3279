// oauth4webapi: the low-level functions under openid-client, for any JavaScript runtime.

import { expectCall, expectEqual, login, refusedInTime, run } from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
import { verifying } from "./verifying.mjs";
// example
import * as oauth from "oauth4webapi";

const OPTIONS = { [oauth.allowInsecureRequests]: true, signal: () => AbortSignal.timeout(5000) };

async function token(issuer, client_id, authentication, parameters) {
  const found = await oauth.discoveryRequest(issuer, { ...OPTIONS, algorithm: "oauth2" });
  const server = await oauth.processDiscoveryResponse(issuer, found);
  const answer = await oauth.clientCredentialsGrantRequest(
    server, { client_id }, authentication, parameters, OPTIONS);
  return oauth.processClientCredentialsResponse(server, { client_id }, answer);
}
// end

function fetchToken(world, { id, secret }, method, asked = {}) {
  const authentication = method === POST ? oauth.ClientSecretPost : oauth.ClientSecretBasic;
  return token(new URL(world.issuer), id, authentication(secret), asked);
}

function code(error) {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error.cause[0].parameters.error;
  return error instanceof oauth.ResponseBodyError ? error.error : undefined;
}

async function discovered(world, algorithm = "oauth2") {
  const issuer = new URL(world.issuer);
  const answer = await oauth.discoveryRequest(issuer, { ...OPTIONS, algorithm });
  return oauth.processDiscoveryResponse(issuer, answer);
}

const discover = (algorithm) => async (world) =>
  expectEqual("token_endpoint", (await discovered(world, algorithm)).token_endpoint,
    world.metadata.token_endpoint);

async function call(world) {
  const { access_token: text } = await fetchToken(world, login(world));
  const url = new URL(world.api_url);
  const answer = await oauth.protectedResourceRequest(
    text, "GET", url, new Headers(), null, OPTIONS);
  await expectCall(world, answer.status);
}

async function introspect(world) {
  const server = await discovered(world);
  const { id, secret } = login(world, "inspector");
  const { access_token: live } = await fetchToken(world, login(world));
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
  const { access_token: text } = await fetchToken(world, login(world));
  const answer = await oauth.revocationRequest(
    server, { client_id: id }, oauth.ClientSecretBasic(secret), text, OPTIONS,
  );
  await oauth.processRevocationResponse(answer);
  await refusedInTime(world, text);
}

async function password(world) {
  const server = await discovered(world);
  const { id, secret } = login(world);
  const client = { client_id: id };
  const answer = await oauth.genericTokenEndpointRequest(
    server, client, oauth.ClientSecretBasic(secret), "password", {}, OPTIONS,
  );
  await otherGrant(code, () =>
    oauth.processGenericTokenEndpointResponse(server, client, answer));
}

/** RFC 9068 as the library itself reads it; it takes the algorithm from the key. */
async function verify(world, text, audience) {
  const headers = { authorization: `Bearer ${text}` };
  const request = new Request(world.api_url, { headers });
  const options = { ...OPTIONS, [oauth.clockTolerance]: 0 };
  return oauth.validateJwtAccessToken(await discovered(world), request, audience, options);
}

await run("oauth4webapi", {
  ...standard({
    fetch: fetchToken,
    code,
    more: {
      "discover-oauth": discover("oauth2"),
      "discover-openid": discover("oidc"),
      "token-http2": "fetch in Node speaks HTTP/2 over TLS only",
      "unsupported-grant": password,
      call,
      introspect,
      "revoke-token": revokeToken,
    },
  }),
  ...verifying(verify, (error) => error instanceof oauth.OperationProcessingError),
});
