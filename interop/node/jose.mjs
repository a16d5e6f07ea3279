// jose: the JWT library under most of JavaScript's OAuth.

import { run } from "./peer.mjs";
import { verifying } from "./verifying.mjs";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const keys = new Map();

function keysOf(uri) {
  if (!keys.has(uri)) keys.set(uri, createRemoteJWKSet(new URL(uri)));
  return keys.get(uri);
}

async function verify(world, token, audience, algorithm) {
  const { payload } = await jwtVerify(token, keysOf(world.metadata.jwks_uri), {
    issuer: world.issuer,
    audience,
    algorithms: [algorithm],
    typ: "at+jwt",
    requiredClaims: ["sub", "iat", "exp", "jti", "client_id"],
  });
  return payload;
}

await run("jose", verifying(verify, (error) => error instanceof errors.JOSEError));
