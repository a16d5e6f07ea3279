// simple-oauth2: the old favourite. Its HTTP client insists on JSON in every answer.

import {
  apiStatus, claims, expect, expectAudience, expectCall, expectEqual, expectError, expectToken,
  login, notSupported, refusedInTime, revokeCredential, run, wrongLogin,
} from "./peer.mjs";
import { ClientCredentials } from "simple-oauth2";

const POST = { authorizationMethod: "body" };
const JSON_BODY = { authorizationMethod: "body", bodyFormat: "json" };

/** Its defaults for the paths are ours: only the host is told. */
function open(world, { id, secret }, options) {
  const auth = { tokenHost: world.issuer };
  return new ClientCredentials({ client: { id, secret }, auth, http: { timeout: 5000 }, options });
}

const token = (options, parameters = {}, scope) => async (world) => {
  const answer = await open(world, login(world), options).getToken(parameters);
  expectToken(world, answer.token, scope);
  expect(!answer.expired(86000), "the library thinks that the token has expired");
};

const otherApi = (parameter) => async (world) => {
  const { audience } = world.other_api;
  const client = open(world, login(world, "several"));
  const { token: answer } = await client.getToken({ [parameter]: audience });
  expectAudience(answer.access_token, audience);
};

// Its error is Boom's, with the answer's body as `data.payload`.
const refused = (code, who, parameters = {}, options) => (world) =>
  expectError(Error, (error) => error.data?.payload?.error, code,
    () => open(world, who(world), options).getToken(parameters));

async function call(world) {
  const { token: answer } = await open(world, login(world)).getToken({});
  expectEqual("client_id", claims(answer.access_token).client_id, login(world).id);
  await expectCall(world, await apiStatus(world, answer.access_token));
}

async function revokeToken(world) {
  const answer = await open(world, login(world)).getToken({});
  await answer.revoke("access_token");
  await refusedInTime(world, answer.token.access_token);
}

async function revokeAll(world) {
  const { token: answer } = await open(world, login(world, "doomed")).getToken({});
  expectEqual("status", await apiStatus(world, answer.access_token), 200);
  await revokeCredential(world);
  await refusedInTime(world, answer.access_token);
  await refused("invalid_client", () => login(world, "doomed"))(world);
}

await run("simple-oauth2", {
  "discover-oauth": notSupported("it reads no metadata"),
  "discover-openid": notSupported("it reads no metadata"),
  "token-basic": token(),
  "token-post": token(POST),
  "token-auto": notSupported("one says which way"),
  "token-json": token(JSON_BODY),
  "token-empty-body": notSupported("it always sends grant_type"),
  "token-http2": notSupported("its HTTP client speaks HTTP/1.1 only"),
  "scope-given": token({}, { scope: ["books:read"] }, "books:read"),
  "scope-omitted": token(),
  audience: otherApi("audience"),
  resource: otherApi("resource"),
  "wrong-secret-basic": refused("invalid_client", wrongLogin),
  "wrong-secret-post": refused("invalid_client", wrongLogin, {}, POST),
  "unknown-scope": refused("invalid_scope", login, { scope: "books:burn" }),
  "unknown-audience": refused("invalid_target", login, { audience: "https://no.example.com" }),
  paused: refused("invalid_client", (world) => login(world, "paused")),
  reuse: notSupported("it keeps no token"),
  call,
  introspect: notSupported("it has no helper for introspection"),
  "revoke-token": revokeToken,
  "revoke-credential": revokeAll,
});
