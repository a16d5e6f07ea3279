// @modelcontextprotocol/sdk: how agents get at tools.

import { expectEqual, login, run } from "./peer.mjs";
import { BASIC, refused, standard } from "./standard.mjs";
// example
import { auth, discoverAuthorizationServerMetadata, fetchToken }
  from "@modelcontextprotocol/sdk/client/auth.js";
import { ClientCredentialsProvider } from "@modelcontextprotocol/sdk/client/auth-extensions.js";
import { OAuthError } from "@modelcontextprotocol/sdk/server/auth/errors.js";

async function token(issuer, clientId, clientSecret, scope) {
  const options = { clientId, clientSecret, scope, expectedIssuer: issuer };
  const provider = new ClientCredentialsProvider(options);
  await auth(provider, { serverUrl: issuer, scope });
  return provider.tokens();
}
// end

const discover = async (world) => {
  const found = await discoverAuthorizationServerMetadata(world.issuer);
  expectEqual("token_endpoint", found.token_endpoint, world.metadata.token_endpoint);
};

async function fetched(world, { id, secret }, method, { scope, resource }) {
  if (!resource) return token(world.issuer, id, secret, scope);
  const options = { clientId: id, clientSecret: secret, expectedIssuer: world.issuer };
  const provider = new ClientCredentialsProvider(options);
  const metadata = await discoverAuthorizationServerMetadata(world.issuer);
  return fetchToken(provider, world.issuer, { metadata, resource: new URL(resource) });
}

const NO_AUDIENCE = "it names the API by `resource`";

const LIBRARY = {
  fetch: fetched,
  code: (error) => (error instanceof OAuthError ? error.errorCode : undefined),
  methods: [BASIC],
};

await run("@modelcontextprotocol/sdk", standard({
  ...LIBRARY,
  more: {
    "discover-oauth": discover,
    "discover-openid": "it looks for oauth-authorization-server first, and finds it",
    audience: NO_AUDIENCE,
    "unknown-audience": refused(
      LIBRARY, "invalid_target", login, { resource: "https://no.example.com" }),
    "token-http2": "fetch in Node speaks HTTP/2 over TLS only",
  },
}));
