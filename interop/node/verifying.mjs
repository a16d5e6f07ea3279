// The cases of libraries that verify tokens. It must never decide whether a token is good.

import { expect, expectEqual, login, plainToken } from "./peer.mjs";

/**
 * The table for a library. `verify(world, token, audience, algorithm)` gives the claims;
 * `isRefusal` knows its errors.
 */
export function verifying(verify, isRefusal) {
  const signed = (algorithm) => async (world) => {
    const { audience } = world.apis.find((api) => api.algorithm === algorithm);
    const token = await plainToken(world, audience);
    const header = JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
    const claims = await verify(world, token, audience, algorithm);
    expectEqual("typ", header.typ, "at+jwt");
    expectEqual("alg", header.alg, algorithm);
    expectEqual("iss", claims.iss, world.issuer);
  };
  const refused = (change, audienceOf) => async (world) => {
    const token = change(await plainToken(world, world.api.audience));
    try {
      await verify(world, token, audienceOf(world), "ES256");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return;
    }
    throw new Error("the token was taken for good");
  };
  const own = (world) => world.api.audience;
  return {
    "verify-es256": signed("ES256"),
    "verify-rs256": signed("RS256"),
    "verify-eddsa": signed("EdDSA"),
    claims: async (world) => allClaims(world, verify),
    "other-audience": refused((token) => token, (world) => world.other_api.audience),
    "changed-token": refused(withChangedSignature, own),
    "other-key": refused(withOtherKid, own),
  };
}

async function allClaims(world, verify) {
  const token = await plainToken(world, world.api.audience);
  const claims = await verify(world, token, world.api.audience, "ES256");
  const { id } = login(world, "several");
  expectEqual("sub", claims.sub, id);
  expectEqual("client_id", claims.client_id, id);
  expectEqual("scope", claims.scope, world.api.scopes.join(" "));
  const kinds = { iat: "number", exp: "number", jti: "string", aud: "string", iss: "string" };
  for (const [name, kind] of Object.entries(kinds)) {
    expect(typeof claims[name] === kind, `${name} is ${claims[name]}`);
  }
  expectEqual("exp - iat", claims.exp - claims.iat, 86400);
}

/** One character changed in the middle of the signature: the last one may hold unused bits. */
function withChangedSignature(token) {
  const [header, payload, signature] = token.split(".");
  const at = Math.floor(signature.length / 2);
  const other = signature[at] === "A" ? "B" : "A";
  return `${header}.${payload}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`;
}

/** The token with a kid that no key has. */
function withOtherKid(token) {
  const [header, ...rest] = token.split(".");
  const fields = { ...JSON.parse(Buffer.from(header, "base64url")), kid: "unheard-of" };
  return [Buffer.from(JSON.stringify(fields)).toString("base64url"), ...rest].join(".");
}
