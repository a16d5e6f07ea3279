// simple-oauth2: the old favourite. Its HTTP client insists on JSON in every answer.

import {
  expect, expectEqual, expectToken, login, refusedInTime, run,
} from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
// example
import { ClientCredentials, ResourceOwnerPassword } from "simple-oauth2";

/** Its defaults for the paths are ours: only the host is told. */
function open(issuer, id, secret, options) {
  const auth = { tokenHost: issuer };
  return new ClientCredentials({ client: { id, secret }, auth, http: { timeout: 5000 }, options });
}

const token = (client, parameters) => client.getToken(parameters);
// end

const FORM = { authorizationMethod: "body" };
const JSON_BODY = { authorizationMethod: "body", bodyFormat: "json" };

async function fetchToken(world, { id, secret }, method, asked) {
  const client = open(world.issuer, id, secret, method === POST ? FORM : undefined);
  const answer = await token(client, asked);
  expect(!answer.expired(86000), "the library thinks that the token has expired");
  return answer.token;
}

async function json(world) {
  const { id, secret } = login(world);
  expectToken(world, (await token(open(world.issuer, id, secret, JSON_BODY), {})).token);
}

// Its error is Boom's, with the answer's body as `data.payload`.
const code = (error) => error.data?.payload?.error;

async function password(world) {
  const { id, secret } = login(world);
  const config = { client: { id, secret }, auth: { tokenHost: world.issuer } };
  await otherGrant(code, () =>
    new ResourceOwnerPassword(config).getToken({ username: "a", password: "b" }));
}

async function revokeToken(world) {
  const { id, secret } = login(world);
  const answer = await open(world.issuer, id, secret).getToken({});
  await answer.revoke("access_token");
  await refusedInTime(world, answer.token.access_token);
}

await run("simple-oauth2", standard({
  fetch: fetchToken,
  code,
  more: { "token-json": json, "unsupported-grant": password, "revoke-token": revokeToken },
}));
