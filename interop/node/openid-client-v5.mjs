// openid-client 5: most of its users have not moved to 6 yet.

import { apiStatus, expectCall, expectEqual, login, refusedInTime, run } from "./peer.mjs";
import { BASIC, POST, otherGrant, standard } from "./standard.mjs";
// example
import { custom, errors, Issuer } from "openid-client-v5";

custom.setHttpOptionsDefaults({ timeout: 5000 });

async function token(issuerUrl, client_id, client_secret, method, parameters) {
  const issuer = await Issuer.discover(issuerUrl);
  const client = new issuer.Client({ client_id, client_secret, token_endpoint_auth_method: method });
  return client.grant({ grant_type: "client_credentials", ...parameters });
}
// end

const fetchToken = (world, { id, secret }, method = BASIC, asked = {}) =>
  token(world.issuer, id, secret, method, asked);

async function open(world, { id, secret }) {
  const issuer = await Issuer.discover(world.issuer);
  return new issuer.Client({ client_id: id, client_secret: secret });
}

const discover = (suffix) => async (world) => {
  const issuer = await Issuer.discover(`${world.issuer}/.well-known/${suffix}`);
  expectEqual("token_endpoint", issuer.token_endpoint, world.metadata.token_endpoint);
};

async function call(world) {
  const client = await open(world, login(world));
  const { access_token: text } = await fetchToken(world, login(world));
  await expectCall(world, (await client.requestResource(world.api_url, text)).statusCode);
}

async function introspect(world) {
  const client = await open(world, login(world, "inspector"));
  const { access_token: live } = await fetchToken(world, login(world));
  for (const [text, active] of [[live, true], ["nonsense", false]]) {
    expectEqual("active", (await client.introspect(text)).active, active);
  }
}

async function revokeToken(world) {
  const client = await open(world, login(world));
  const { access_token: text } = await fetchToken(world, login(world));
  expectEqual("status", await apiStatus(world, text), 200);
  await client.revoke(text);
  await refusedInTime(world, text);
}

async function password(world) {
  const client = await open(world, login(world));
  await otherGrant((error) => error.error, () =>
    client.grant({ grant_type: "password", username: "a", password: "b" }));
}

await run("openid-client-v5", standard({
  fetch: fetchToken,
  code: (error) => (error instanceof errors.OPError ? error.error : undefined),
  methods: [BASIC, POST],
  more: {
    "discover-oauth": discover("oauth-authorization-server"),
    "discover-openid": discover("openid-configuration"),
    "unsupported-grant": password,
    call,
    introspect,
    "revoke-token": revokeToken,
  },
}));
