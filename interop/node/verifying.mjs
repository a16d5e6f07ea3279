// The cases of libraries that verify tokens. It must never decide whether a token is good.

import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

import { expect, expectEqual, login, notSupported, plainToken } from "./peer.mjs";

const ALGORITHMS = ["ES256", "RS256", "EdDSA"];

// How often a verifier asks for a token during the rotation: all of them are the load.
const EVERY_MS = 200;
const ROTATED_WITHIN_MS = 120_000;
// Verified after the new keys sign.
const AFTERWARDS = 5;

/**
 * The table for a library. `verify(world, token, audience, algorithm)` gives the claims;
 * `isRefusal` knows its errors; `ignoresTyp` is why it does not look at the type.
 */
export function verifying(verify, isRefusal, { algorithms = ALGORITHMS, ignoresTyp } = {}) {
  const signed = (algorithm) => async (world) => {
    if (!algorithms.includes(algorithm)) notSupported(`it does not know ${algorithm}`)();
    const { audience } = world.apis.find((api) => api.algorithm === algorithm);
    const token = await plainToken(world, audience);
    const { typ, alg } = header(token);
    const claims = await verify(world, token, audience, algorithm);
    expectEqual("typ", typ, "at+jwt");
    expectEqual("alg", alg, algorithm);
    expectEqual("iss", claims.iss, world.issuer);
  };
  const expectRefusal = async (world, token, audience) => {
    try {
      await verify(world, token, audience, "ES256");
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return;
    }
    throw new Error("the token was taken for good");
  };
  const refused = (change, audienceOf) => async (world) => {
    const token = change(await plainToken(world, world.api.audience));
    await expectRefusal(world, token, audienceOf(world));
  };
  const expired = async (world) => {
    const { audience } = world.short_api;
    // That it is a good one but for its age, a fresh one shows.
    await verify(world, await plainToken(world, audience), audience, "ES256");
    await expectRefusal(world, world.expired_token, audience);
  };
  const wrongType = async (world) => {
    const { audience } = world.legacy_api;
    await expectRefusal(world, await plainToken(world, audience), audience);
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
    expired,
    "wrong-type": ignoresTyp ? notSupported(ignoresTyp) : wrongType,
    rotation: (world) => rotation(world, verify, algorithms),
  };
}

/** Verifies while the keys change, from before the first new one to after the last old one. */
async function rotation(world, verify, algorithms) {
  const apis = world.apis.filter(({ algorithm }) => algorithms.includes(algorithm));
  const look = () => Promise.all(apis.map(async ({ audience, algorithm }) => {
    const token = await plainToken(world, audience);
    await verify(world, token, audience, algorithm);
    return token;
  }));
  const first = await look();
  writeFileSync(world.ready_file, "");
  const since = performance.now();
  while (!existsSync(world.rotated_file)) {
    expect(performance.now() - since < ROTATED_WITHIN_MS, "the keys were not rotated in time");
    await look();
    await pause(EVERY_MS);
  }
  let last;
  for (let round = 0; round < AFTERWARDS; round += 1) last = await look();
  for (const [at, { audience, algorithm }] of apis.entries()) {
    const kids = [first[at], last[at]].map((token) => header(token).kid);
    expect(kids[0] !== kids[1], `the key of ${algorithm} is still the same`);
    await verify(world, first[at], audience, algorithm);
  }
}

/** A token's header, unverified. */
export function header(token) {
  return JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
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
  const [head, payload, signature] = token.split(".");
  const at = Math.floor(signature.length / 2);
  const other = signature[at] === "A" ? "B" : "A";
  return `${head}.${payload}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`;
}

/** The token with a kid that no key has. */
function withOtherKid(token) {
  const [, ...rest] = token.split(".");
  const fields = { ...header(token), kid: "unheard-of" };
  return [Buffer.from(JSON.stringify(fields)).toString("base64url"), ...rest].join(".");
}
