// client-oauth2: an old one that is in a great many packages.

import { boundedFetch, login, run } from "./peer.mjs";
import { BASIC, otherGrant, standard } from "./standard.mjs";
// example
import ClientOAuth2 from "client-oauth2";

function open(accessTokenUri, clientId, clientSecret, scopes) {
  return new ClientOAuth2({ clientId, clientSecret, accessTokenUri, scopes });
}

const token = (client, body) => client.credentials.getToken({ body });

const signed = (token, url) => token.sign({ method: "GET", url }); // headers for the call
// end

const code = (error) => error.body?.error;

async function fetchToken(world, { id, secret }, method, { scope, ...body }) {
  const client = open(world.metadata.token_endpoint, id, secret, scope?.split(" "));
  return (await token(client, body)).data;
}

async function session(world, { id, secret }) {
  const kept = await token(open(world.metadata.token_endpoint, id, secret));
  return async (url) => {
    const { headers } = signed(kept, url);
    return [(await boundedFetch(url, { headers })).status, headers.Authorization.split(" ")[1]];
  };
}

function password(world) {
  const { id, secret } = login(world);
  const client = open(world.metadata.token_endpoint, id, secret);
  return otherGrant(code, () => client.owner.getToken("somebody", "something"));
}

await run("client-oauth2", standard({
  fetch: fetchToken,
  code,
  methods: [BASIC],
  session,
  more: {
    renew: "it renews by refresh tokens only, which this grant has none of",
    "unsupported-grant": password,
  },
}));
