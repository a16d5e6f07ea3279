// @badgateway/oauth2-client: small, and one of the few that keep the token themselves.

import {
  boundedFetch, claims, expect, expectEqual, login, refusedInTime, run,
} from "./peer.mjs";
import { BASIC, otherGrant, standard } from "./standard.mjs";
// example
import { OAuth2Client, OAuth2Fetch, OAuth2HttpError } from "@badgateway/oauth2-client";

function open(server, clientId, clientSecret, more = {}) {
  return new OAuth2Client({ server, clientId, clientSecret, fetch: boundedFetch, ...more });
}

/** Fetches, keeps and renews the token: `keeping(client).fetch(url)`. */
function keeping(client) {
  const getNewToken = () => client.clientCredentials();
  return new OAuth2Fetch({ client, getNewToken, scheduleRefresh: false });
}
// end

/** Its tokens have no `token_type`, and a date of expiry instead of `expires_in`. */
async function fetchToken(world, { id, secret }, authenticationMethod, asked = {}) {
  const client = open(world.issuer, id, secret, { authenticationMethod });
  const { scope, resource, ...extraParams } = asked;
  const parameters = { extraParams, resource, scope: scope?.split(" ") };
  const answer = await client.clientCredentials(parameters);
  const leftS = (answer.expiresAt - Date.now()) / 1000;
  expect(leftS > 86300 && leftS <= 86400, `the token lives for another ${leftS} s`);
  return { access_token: answer.accessToken, scope: answer.scope.join(" ") };
}

async function session(world, { id, secret }) {
  const wrapper = keeping(open(world.issuer, id, secret));
  return async (url) => [(await wrapper.fetch(url)).status, await wrapper.getAccessToken()];
}

const discover = (suffix) => async (world) => {
  const { id, secret } = login(world);
  const discoveryEndpoint = `${world.issuer}/.well-known/${suffix}`;
  const client = open(undefined, id, secret, { discoveryEndpoint });
  expectEqual("token_endpoint", await client.getEndpoint("tokenEndpoint"),
    world.metadata.token_endpoint);
  expectEqual("method", client.settings.authenticationMethod, BASIC);
};

async function auto(world) {
  const answer = await fetchToken(world, login(world), undefined);
  expectEqual("aud", claims(answer.access_token).aud, world.api.audience);
}

async function password(world) {
  const { id, secret } = login(world);
  await otherGrant((error) => error.oauth2Code, () =>
    open(world.issuer, id, secret).password({ username: "a", password: "b" }));
}

async function introspect(world) {
  const { id, secret } = login(world, "inspector");
  const live = await fetchToken(world, login(world), BASIC);
  for (const [accessToken, active] of [[live.access_token, true], ["nonsense", false]]) {
    const answer = await open(world.issuer, id, secret).introspect({ accessToken });
    expectEqual("active", answer.active, active);
  }
}

async function revokeToken(world) {
  const { id, secret } = login(world);
  const client = open(world.issuer, id, secret);
  const answer = await client.clientCredentials();
  await client.revoke(answer);
  await refusedInTime(world, answer.accessToken);
}

await run("@badgateway/oauth2-client", standard({
  fetch: fetchToken,
  code: (error) => (error instanceof OAuth2HttpError ? error.oauth2Code : undefined),
  session,
  more: {
    "discover-oauth": discover("oauth-authorization-server"),
    "discover-openid": discover("openid-configuration"),
    "token-auto": auto,
    "token-http2": "fetch in Node speaks HTTP/2 over TLS only",
    "unsupported-grant": password,
    introspect,
    "revoke-token": revokeToken,
  },
}));
