// jsonwebtoken with jwks-rsa: what most of Express's users have.

import { run } from "./peer.mjs";
import { verifying } from "./verifying.mjs";
// example
import jwt from "jsonwebtoken";
import jwksClient from "jwks-rsa";

async function verified(token, keys, issuer, audience, algorithms) {
  const { header } = jwt.decode(token, { complete: true });
  const key = await keys.getSigningKey(header.kid); // keys = jwksClient({ jwksUri })
  if (header.typ !== "at+jwt") throw new jwt.JsonWebTokenError("it is no access token");
  return jwt.verify(token, key.getPublicKey(), { issuer, audience, algorithms });
}
// end

let keys;

function verify(world, token, audience, algorithm) {
  keys ??= jwksClient({ jwksUri: world.metadata.jwks_uri, timeout: 5000 });
  return verified(token, keys, world.issuer, audience, [algorithm]);
}

const isRefusal = (error) =>
  error instanceof jwt.JsonWebTokenError || error instanceof jwksClient.SigningKeyNotFoundError;

await run("jsonwebtoken", verifying(verify, isRefusal, { algorithms: ["ES256", "RS256"] }));
