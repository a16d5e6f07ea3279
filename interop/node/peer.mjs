// What every peer written in JavaScript has: its world, its verdicts, and the Books API as a
// plain caller sees it. It must never use the library under test.

import { execFile } from "node:child_process";
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual, promisify } from "node:util";

// Node 18 has it, but not as a global.
globalThis.crypto ??= webcrypto;

const TIMEOUT_MS = 5000;

class NotSupported extends Error {}

/** A case that this library cannot answer. */
export function notSupported(why) {
  return () => {
    throw new NotSupported(why);
  };
}

/** Fails the case unless `holds`. */
export function expect(holds, otherwise) {
  if (!holds) throw new Error(otherwise);
}

/** Fails the case unless both are equal. */
export function expectEqual(what, got, wanted) {
  expect(
    isDeepStrictEqual(got, wanted),
    `${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`,
  );
}

/** Checks a token answer: RFC 6749 §5.1, and 24 hours. */
export function expectToken(world, token, scope) {
  expectEqual("token_type", token.token_type.toLowerCase(), "bearer");
  expectEqual("expires_in", token.expires_in, 86400);
  expectEqual("scope", token.scope, scope ?? world.api.scopes.join(" "));
  expectEqual("aud", claims(token.access_token).aud, world.api.audience);
}

/** Checks for whom a token is. */
export function expectAudience(token, audience) {
  expectEqual("aud", claims(token).aud, audience);
}

/** Checks that `act` fails with the library's own error; `codeOf` finds the code in it. */
export async function expectError(kind, codeOf, code, act) {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    expectEqual("error", codeOf(error), code);
    return;
  }
  throw new Error(`no ${kind.name}, although ${code} is due`);
}

/** A token's payload, unverified. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
}

/** The client id and the secret of one of the credentials. */
export function login(world, name = "plain") {
  const { client_id: id, client_secret: secret } = world.credentials[name];
  return { id, secret };
}

/** A secret of the right form that is not the credential's. */
export function wrongLogin(world) {
  return { id: login(world).id, secret: login(world, "several").secret };
}

/** A `fetch` that gives up. */
export function boundedFetch(url, options) {
  return fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
}

/** How the Books API answers a call with this token. */
export async function apiStatus(world, token) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await boundedFetch(world.api_url, { headers });
  await answer.arrayBuffer();
  return answer.status;
}

/** Checks that a call is answered with the token, and refused without. */
export async function expectCall(world, status) {
  expectEqual("status", status, 200);
  expectEqual("status without token", await apiStatus(world), 401);
}

/** Ends the credential `doomed`, and returns once that is acknowledged. */
export async function revokeCredential(world) {
  const [program, ...args] = world.revoke_command;
  await promisify(execFile)(program, args, { timeout: TIMEOUT_MS });
}

/** Waits until the API refuses the token, and fails if that takes too long. */
export async function refusedInTime(world, token) {
  const since = performance.now();
  let status;
  while ((status = await apiStatus(world, token)) !== 401) {
    const tookS = (performance.now() - since) / 1000;
    expect(tookS < world.revoked_within_s, `the API still answers ${status} after ${tookS} s`);
  }
}

/** Ends a token early, behind the library's back (RFC 7009). */
export async function kill(world, token, { id, secret }) {
  const form = { token, client_id: id, client_secret: secret };
  const body = new URLSearchParams(form);
  await boundedFetch(world.metadata.revocation_endpoint, { method: "POST", body });
  await refusedInTime(world, token);
}

/** A token without any library, for those that only verify. */
export async function plainToken(world, audience) {
  const { id, secret } = login(world, "several");
  const form = { grant_type: "client_credentials", client_id: id, client_secret: secret, audience };
  const answer = await boundedFetch(world.metadata.token_endpoint, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  return (await answer.json()).access_token;
}

/** Answers every case that the world asks for, one JSON line each. */
export async function run(library, cases) {
  const world = JSON.parse(await readFile(process.argv[2], "utf8"));
  const manifest = new URL(`node_modules/${library}/package.json`, import.meta.url);
  print({ version: JSON.parse(await readFile(manifest, "utf8")).version });
  for (const name of world.cases) {
    if (name in cases) print({ case: name, ...(await verdict(world, cases[name])) });
  }
  // Some libraries keep a timer for as long as a token lives.
  process.exit();
}

async function verdict(world, act) {
  try {
    await act(world);
    return { verdict: "ok" };
  } catch (error) {
    const known = error instanceof NotSupported;
    const detail = known ? error.message : `${error?.name}: ${error?.message}`;
    return { verdict: known ? "not-supported" : "failed", detail };
  }
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
