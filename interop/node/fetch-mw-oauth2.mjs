// fetch-mw-oauth2: a fetch that keeps its token; what @badgateway/oauth2-client was before.

import { claims, run } from "./peer.mjs";
import { BASIC, standard } from "./standard.mjs";
// example
import { OAuth2 } from "fetch-mw-oauth2";

function open(tokenEndpoint, clientId, clientSecret, scope) {
  const grantType = "client_credentials";
  return new OAuth2({ grantType, clientId, clientSecret, tokenEndpoint, scope });
}

const call = (oauth2, url) => oauth2.fetch(url); // fetches, keeps and renews the token
// end

async function fetchToken(world, { id, secret }, method, { scope }) {
  const oauth2 = open(world.metadata.token_endpoint, id, secret, scope?.split(" "));
  return { access_token: (await oauth2.getToken()).accessToken };
}

function session(world, { id, secret }) {
  const oauth2 = open(world.metadata.token_endpoint, id, secret);
  return async (url) => {
    const { status } = await call(oauth2, url);
    return [status, (await oauth2.getToken()).accessToken];
  };
}

const NO_PARAMETERS = "it sends no parameters but the scope";

await run("fetch-mw-oauth2", standard({
  fetch: fetchToken,
  code: (error) => error.oauth2Code,
  methods: [BASIC],
  session,
  more: {
    audience: NO_PARAMETERS,
    resource: NO_PARAMETERS,
    "unknown-audience": NO_PARAMETERS,
    "token-http2": "fetch in Node speaks HTTP/2 over TLS only",
  },
}));
