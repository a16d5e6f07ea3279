// @hapic/oauth2: tokens, introspection and revocation as one client.

import { expectEqual, login, refusedInTime, run } from "./peer.mjs";
import { BASIC, otherGrant, standard } from "./standard.mjs";
// example
import { OAuth2Client } from "@hapic/oauth2";

function open({ token_endpoint, introspection_endpoint, revocation_endpoint }, id, secret) {
  return new OAuth2Client({ options: {
    clientId: id, clientSecret: secret, tokenEndpoint: token_endpoint,
    introspectionEndpoint: introspection_endpoint, revocationEndpoint: revocation_endpoint,
  } });
}

const token = (client, parameters) => client.token.createWithClientCredentials(parameters);
// end

// It adds to what it is given.
const way = () => ({ clientCredentialsAsHeader: true });
const code = (error) => error.response?.data?.error;

const fetchToken = (world, { id, secret }, method, asked) => {
  const client = open(world.metadata, id, secret);
  if (method !== BASIC) return token(client, asked);
  return client.token.createWithClientCredentials(asked, way());
};

function password(world) {
  const { id, secret } = login(world);
  return otherGrant(code, () => open(world.metadata, id, secret).token
    .createWithPassword({ username: "somebody", password: "something" }));
}

async function introspect(world) {
  const { id, secret } = login(world, "inspector");
  const live = await fetchToken(world, login(world), BASIC, {});
  for (const [text, active] of [[live.access_token, true], ["nonsense", false]]) {
    const asked = { token: text, client_id: id, client_secret: secret };
    const answer = await open(world.metadata, id, secret).token.introspect(asked, way());
    expectEqual("active", answer.active, active);
  }
}

async function revokeToken(world) {
  const { id, secret } = login(world);
  const client = open(world.metadata, id, secret);
  const { access_token: text } = await token(client, {});
  await client.token.revoke({ token: text, client_id: id, client_secret: secret }, way());
  await refusedInTime(world, text);
}

await run("@hapic/oauth2", standard({
  fetch: fetchToken,
  code,
  more: { "unsupported-grant": password, introspect, "revoke-token": revokeToken },
}));
