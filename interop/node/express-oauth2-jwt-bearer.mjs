// express-oauth2-jwt-bearer: Auth0's middleware, which knows RFC 9068 by its strict mode.

import { run } from "./peer.mjs";
import { verifying } from "./verifying.mjs";
// example
import { auth, UnauthorizedError } from "express-oauth2-jwt-bearer";

/** Finds the keys by the issuer's metadata: app.use(protect(issuer, audience, "ES256")). */
function protect(issuer, audience, tokenSigningAlg) {
  const rules = { audience, tokenSigningAlg, strict: true, clockTolerance: 0 };
  return auth({ issuerBaseURL: issuer, ...rules });
}
// end

const handlers = new Map();

function verify(world, token, audience, algorithm) {
  const name = `${audience} ${algorithm}`;
  if (!handlers.has(name)) handlers.set(name, protect(world.issuer, audience, algorithm));
  const headers = { authorization: `Bearer ${token}`, host: "api.example.com" };
  // What it reads of Express's requests.
  const get = (name) => headers[name.toLowerCase()];
  const request = { headers, get, query: {}, is: () => false, method: "GET", protocol: "http" };
  return new Promise((resolve, reject) => {
    handlers.get(name)(request, {}, (error) =>
      (error ? reject(error) : resolve(request.auth.payload)));
  });
}

await run("express-oauth2-jwt-bearer",
  verifying(verify, (error) => error instanceof UnauthorizedError));
