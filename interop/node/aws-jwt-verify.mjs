// aws-jwt-verify: no dependencies, and not for Amazon's tokens only.

import { boundedFetch, run } from "./peer.mjs";
import { header, verifying } from "./verifying.mjs";
// example
import { JwtVerifier } from "aws-jwt-verify";
import { JwtBaseError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

/** Its own fetcher speaks https only; one of one's own is for this machine. */
function verifier(issuer, jwksUri, audience, fetcher) {
  const jwksCache = new SimpleJwksCache({ fetcher });
  return JwtVerifier.create({ issuer, jwksUri, audience }, { jwksCache });
}

const verified = (verifier, token) => verifier.verify(token);
// end

const verifiers = new Map();
const fetcher = { fetch: async (uri) => (await boundedFetch(uri)).arrayBuffer() };

function verify(world, token, audience, algorithm) {
  if (!verifiers.has(audience)) {
    const { jwks_uri: uri } = world.metadata;
    verifiers.set(audience, verifier(world.issuer, uri, audience, fetcher));
  }
  if (header(token).alg !== algorithm) throw new JwtBaseError("another algorithm is due");
  return verified(verifiers.get(audience), token);
}

await run("aws-jwt-verify", verifying(verify, (error) => error instanceof JwtBaseError,
  { ignoresTyp: "it does not look at typ" }));
