// aws-jwt-verify: no dependencies, and not for Amazon's tokens only.

import { run } from "./peer.mjs";
import { header, verifying } from "./verifying.mjs";
// example
import { JwtVerifier } from "aws-jwt-verify";
import { JwtBaseError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";

// By itself it fetches keys by https alone, and here everything is on loopback.
const fetcher = { fetch: async (uri) => (await fetch(uri)).arrayBuffer() };

const verifier = (issuer, jwksUri, audience) =>
  JwtVerifier.create({ issuer, jwksUri, audience }, { jwksCache: new SimpleJwksCache({ fetcher }) });

const verified = (verifier, token) => verifier.verify(token);
// end

const verifiers = new Map();

function verify(world, token, audience, algorithm) {
  if (!verifiers.has(audience)) {
    verifiers.set(audience, verifier(world.issuer, world.metadata.jwks_uri, audience));
  }
  if (header(token).alg !== algorithm) throw new JwtBaseError("another algorithm is due");
  return verified(verifiers.get(audience), token);
}

await run("aws-jwt-verify", verifying(verify, (error) => error instanceof JwtBaseError,
  { ignoresTyp: "it does not look at typ" }));
