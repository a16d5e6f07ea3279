// axios-oauth-client with axios-token-interceptor: the usual pair for axios.

import { login, run } from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
// example
import axios from "axios";
import { clientCredentials, ownerCredentials } from "axios-oauth-client";
import tokenProvider from "axios-token-interceptor";

/** An axios that fetches, keeps and renews the token. */
function authorized(url, id, secret) {
  const instance = axios.create({ timeout: 5000 });
  const getToken = clientCredentials(axios.create({ timeout: 5000 }), url, id, secret);
  const getMaxAge = ({ expires_in: lifetime }) => lifetime * 1000;
  const kept = tokenProvider.tokenCache(() => getToken(), { getMaxAge });
  const headerFormatter = ({ access_token: token }) => `Bearer ${token}`;
  instance.interceptors.request.use(tokenProvider({ getToken: kept, headerFormatter }));
  return instance;
}
// end

const code = (error) => error.response?.data?.error;

function fetchToken(world, { id, secret }, method, { scope }) {
  const instance = axios.create({ timeout: 5000 });
  return clientCredentials(instance, world.metadata.token_endpoint, id, secret)(scope);
}

function password(world) {
  const { id, secret } = login(world);
  const ask = ownerCredentials(axios.create(), world.metadata.token_endpoint, id, secret);
  return otherGrant(code, () => ask("somebody", "something"));
}

function session(world, { id, secret }) {
  const instance = authorized(world.metadata.token_endpoint, id, secret);
  return async (url) => {
    const answer = await instance.get(url, { validateStatus: () => true });
    return [answer.status, answer.config.headers.Authorization.split(" ")[1]];
  };
}

const NO_PARAMETERS = "it sends no parameters but the scope";

await run("axios-oauth-client", standard({
  fetch: fetchToken,
  code,
  methods: [POST],
  session,
  more: {
    audience: NO_PARAMETERS,
    resource: NO_PARAMETERS,
    "unknown-audience": NO_PARAMETERS,
    "unsupported-grant": password,
  },
}));
