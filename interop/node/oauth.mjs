// oauth (ciaranj's node-oauth): under Passport, and in much that is older.

import { login, run } from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
// example
import { OAuth2 } from "oauth";

function token(site, path, id, secret, parameters) {
  const client = new OAuth2(id, secret, site, null, path);
  const asked = { grant_type: "client_credentials", ...parameters };
  return new Promise((resolve, reject) => {
    client.getOAuthAccessToken("", asked, (error, _token, _refresh, answer) =>
      (error ? reject(error) : resolve(answer)));
  });
}
// end

// Its error has the status and the answer's text.
function code(error) {
  return error.data === undefined ? undefined : JSON.parse(error.data).error;
}

const fetchToken = (world, { id, secret }, method, asked) =>
  token(world.issuer, "/oauth/token", id, secret, asked);

async function session(world, { id, secret }) {
  const client = new OAuth2(id, secret, world.issuer, null, "/oauth/token");
  client.useAuthorizationHeaderforGET(true);
  const { access_token: text } = await fetchToken(world, { id, secret }, POST, {});
  return (url) => new Promise((resolve) => {
    client.get(url, text, (error) => resolve([error ? error.statusCode : 200, text]));
  });
}

await run("oauth", standard({
  fetch: fetchToken,
  code,
  methods: [POST],
  session,
  more: {
    renew: "it does not know when a token expires",
    reuse: "it keeps no token",
    "unsupported-grant": (world) => otherGrant(code, () =>
      fetchToken(world, login(world), POST, { grant_type: "password" })),
  },
}));
