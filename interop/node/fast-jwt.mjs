// fast-jwt with get-jwks: Fastify's.

import { run } from "./peer.mjs";
import { verifying } from "./verifying.mjs";
// example
import { createVerifier, TokenError } from "fast-jwt";
import buildGetJwks from "get-jwks";

const getJwks = buildGetJwks({ timeout: 5000 });

async function verified(token, domain, allowedIss, allowedAud, algorithms) {
  const key = ({ header: { kid, alg } }) =>
    getJwks.getPublicKey({ kid, alg, domain }); // domain: the issuer
  const checkTyp = "at+jwt";
  return createVerifier({ key, algorithms, allowedIss, allowedAud, checkTyp, cache: false })(token);
}
// end

const verify = (world, token, audience, algorithm) =>
  verified(token, world.issuer, world.issuer, audience, [algorithm]);

await run("fast-jwt", verifying(verify, (error) => error instanceof TokenError,
  { algorithms: ["ES256", "RS256"] }));
