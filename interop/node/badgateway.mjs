// @badgateway/oauth2-client: small, and one of the few that keep the token themselves.

import {
  boundedFetch, expect, expectAudience, expectCall, expectEqual, expectError, login, notSupported,
  refusedInTime, revokeCredential, run, wrongLogin, claims,
} from "./peer.mjs";
import { OAuth2Client, OAuth2Fetch, OAuth2HttpError } from "@badgateway/oauth2-client";

const BASIC = "client_secret_basic";
const POST = "client_secret_post";

function open(world, { id, secret }, authenticationMethod, more = {}) {
  return new OAuth2Client({
    server: world.issuer, clientId: id, clientSecret: secret, authenticationMethod,
    fetch: boundedFetch, ...more,
  });
}

/** Its tokens have no `token_type`, and a date of expiry instead of `expires_in`. */
const token = (method, parameters, scope, more) => async (world) => {
  const answer = await open(world, login(world), method, more).clientCredentials(parameters);
  const leftS = (answer.expiresAt - Date.now()) / 1000;
  expect(leftS > 86300 && leftS <= 86400, `the token lives for another ${leftS} s`);
  expectEqual("scope", answer.scope, scope ?? world.api.scopes);
  expectEqual("aud", claims(answer.accessToken).aud, world.api.audience);
};

const discover = (suffix) => async (world) => {
  const discoveryEndpoint = `${world.issuer}/.well-known/${suffix}`;
  const client = open(world, login(world), undefined, { server: undefined, discoveryEndpoint });
  expectEqual("token_endpoint", await client.getEndpoint("tokenEndpoint"),
    world.metadata.token_endpoint);
  expectEqual("method", client.settings.authenticationMethod, BASIC);
};

const otherApi = (parameters) => async (world) => {
  const { audience } = world.other_api;
  const client = open(world, login(world, "several"));
  const answer = await client.clientCredentials(parameters(audience));
  expectAudience(answer.accessToken, audience);
};

const refused = (code, who, parameters, method = BASIC) => (world) =>
  expectError(OAuth2HttpError, (error) => error.oauth2Code, code,
    () => open(world, who(world), method).clientCredentials(parameters));

function keeping(client) {
  const getNewToken = () => client.clientCredentials();
  return new OAuth2Fetch({ client, getNewToken, scheduleRefresh: false });
}

async function reuse(world) {
  const wrapper = keeping(open(world, login(world)));
  const first = await wrapper.getAccessToken();
  for (let call = 0; call < 2; call += 1) {
    expectEqual("status", (await wrapper.fetch(world.api_url)).status, 200);
    expect((await wrapper.getAccessToken()) === first, "the token was not kept");
  }
}

async function call(world) {
  const wrapper = keeping(open(world, login(world)));
  await expectCall(world, (await wrapper.fetch(world.api_url)).status);
}

async function introspect(world) {
  const client = open(world, login(world, "inspector"));
  const live = await open(world, login(world)).clientCredentials();
  for (const [accessToken, active] of [[live.accessToken, true], ["nonsense", false]]) {
    expectEqual("active", (await client.introspect({ accessToken })).active, active);
  }
}

async function revokeToken(world) {
  const client = open(world, login(world));
  const answer = await client.clientCredentials();
  await client.revoke(answer);
  await refusedInTime(world, answer.accessToken);
}

async function revokeAll(world) {
  const wrapper = keeping(open(world, login(world, "doomed")));
  expectEqual("status", (await wrapper.fetch(world.api_url)).status, 200);
  const text = await wrapper.getAccessToken();
  await revokeCredential(world);
  await refusedInTime(world, text);
  await refused("invalid_client", () => login(world, "doomed"))(world);
}

await run("@badgateway/oauth2-client", {
  "discover-oauth": discover("oauth-authorization-server"),
  "discover-openid": discover("openid-configuration"),
  "token-basic": token(BASIC),
  "token-post": token(POST),
  "token-auto": token(undefined),
  "token-json": notSupported("it only sends forms"),
  "token-empty-body": notSupported("it always sends grant_type"),
  "token-http2": notSupported("fetch in Node speaks HTTP/2 over TLS only"),
  "scope-given": token(BASIC, { scope: ["books:read"] }, ["books:read"]),
  "scope-omitted": token(BASIC),
  audience: otherApi((audience) => ({ extraParams: { audience } })),
  resource: otherApi((resource) => ({ resource })),
  "wrong-secret-basic": refused("invalid_client", wrongLogin),
  "wrong-secret-post": refused("invalid_client", wrongLogin, {}, POST),
  "unknown-scope": refused("invalid_scope", login, { scope: ["books:burn"] }),
  "unknown-audience": refused("invalid_target", login, { resource: "https://no.example.com" }),
  paused: refused("invalid_client", (world) => login(world, "paused")),
  reuse,
  call,
  introspect,
  "revoke-token": revokeToken,
  "revoke-credential": revokeAll,
});
