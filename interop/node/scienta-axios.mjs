// @scienta/axios-oauth2: an interceptor that keeps the token, whoever asks at once.

import { login, run } from "./peer.mjs";
import { POST, otherGrant, standard } from "./standard.mjs";
// example
import axiosOAuth2 from "@scienta/axios-oauth2";
import axios from "axios";

const { clientFactory, interceptorFactory, LockingTokenCache } = axiosOAuth2;

const client = (url, client_id, client_secret, more) => clientFactory(axios.create(), {
  url, grant_type: "client_credentials", client_id, client_secret, ...more,
});

/** An axios that fetches, keeps and renews the token. */
function authorized(getToken) {
  const instance = axios.create({ timeout: 5000 });
  instance.interceptors.request.use(interceptorFactory(getToken, new LockingTokenCache()));
  return instance;
}
// end

const code = (error) => (error.response ?? error.authResponse)?.data?.error;

const fetchToken = (world, { id, secret }, method, asked) =>
  client(world.metadata.token_endpoint, id, secret, asked)();

function session(world, { id, secret }) {
  const instance = authorized(client(world.metadata.token_endpoint, id, secret));
  return async (url) => {
    const answer = await instance.get(url, { validateStatus: () => true });
    return [answer.status, answer.config.headers.Authorization.split(" ")[1]];
  };
}

await run("@scienta/axios-oauth2", standard({
  fetch: fetchToken,
  code,
  methods: [POST],
  session,
  more: {
    renew: "it forgets by a timer as long as the token lives, which a moved clock does not move",
    "unsupported-grant": (world) => otherGrant(code, () =>
      fetchToken(world, login(world), POST, { grant_type: "password" })),
  },
}));
