// jose: the JWT library under most of JavaScript's OAuth.

import { run } from "./peer.mjs";
import { verifying } from "./verifying.mjs";
// example
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

async function verified(token, keys, issuer, audience, algorithms) {
  const { payload } = await jwtVerify(token, keys, { // keys = createRemoteJWKSet(jwksUri)
    issuer,
    audience,
    algorithms,
    typ: "at+jwt",
    requiredClaims: ["sub", "iat", "exp", "jti", "client_id"],
  });
  return payload;
}
// end

const keys = new Map();

function keysOf(uri) {
  if (!keys.has(uri)) keys.set(uri, createRemoteJWKSet(new URL(uri)));
  return keys.get(uri);
}

const verify = (world, token, audience, algorithm) =>
  verified(token, keysOf(world.metadata.jwks_uri), world.issuer, audience, [algorithm]);

await run("jose", verifying(verify, (error) => error instanceof errors.JOSEError));
