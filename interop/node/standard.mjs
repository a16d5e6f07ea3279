// The cases of a client library, made of what the library does: how it fetches a token, what its
// errors are, and, if it keeps tokens, its session. It must never fetch a token by itself where
// the library is to be tested.

import {
  apiStatus, claims, expect, expectAudience, expectEqual, expectToken, kill, login, notSupported,
  refusedInTime, revokeCredential, wrongLogin,
} from "./peer.mjs";

export const BASIC = "client_secret_basic";
export const POST = "client_secret_post";
const IN_WORDS = { [BASIC]: "by Basic", [POST]: "in the body" };

/** Why most libraries have no such case. */
const REASONS = {
  "discover-oauth": "it reads no metadata",
  "discover-openid": "it reads no metadata",
  "token-auto": "one says which way",
  "token-json": "it only sends forms",
  "token-empty-body": "it always sends grant_type",
  "token-http2": "its HTTP client speaks HTTP/1.1 only",
  reuse: "it keeps no token",
  renew: "it keeps no token",
  "unsupported-grant": "it names no grant but its own",
  introspect: "it has no helper for introspection",
  "revoke-token": "it has no helper for revocation",
};

/**
 * All cases of a library:
 * - `fetch(world, login, method, asked)` gives what the library tells of the answer, at least
 *   `access_token`; `asked` has `scope` and whatever else is sent;
 * - `code(error)` finds the error code in its own error, and nothing in others;
 * - `session(world, login)`, if it keeps tokens, gives a function that calls a URL, and tells the
 *   status and the token that was sent;
 * - `more` has cases beyond these, or instead of them; a text is why there is none.
 */
export function standard({ fetch, code, methods = [BASIC, POST], session, more = {} }) {
  const library = { fetch, code, methods, session };
  const cases = {
    ...Object.fromEntries(Object.entries(REASONS).map(([name, why]) => [name, notSupported(why)])),
    "token-basic": token(library, BASIC),
    "token-post": token(library, POST),
    "scope-given": token(library, methods[0], "books:read"),
    "scope-omitted": token(library, methods[0]),
    audience: otherApi(library, "audience"),
    resource: otherApi(library, "resource"),
    "imported-secret": imported(library),
    "wrong-secret-basic": refused(library, "invalid_client", wrongLogin, {}, BASIC),
    "wrong-secret-post": refused(library, "invalid_client", wrongLogin, {}, POST),
    "unknown-scope": refused(library, "invalid_scope", login, { scope: "books:burn" }),
    "unknown-audience": refused(
      library, "invalid_target", login, { audience: "https://no.example.com" }),
    paused: refused(library, "invalid_client", (world) => login(world, "paused")),
    call: call(library),
    "early-death": earlyDeath(library),
    "revoke-credential": revokeAll(library),
    ...(session ? { reuse: reuse(library), renew: renew(library) } : {}),
  };
  for (const [name, given] of Object.entries(more)) {
    cases[name] = typeof given === "string" ? notSupported(given) : given;
  }
  return cases;
}

/** Runs `act` with a clock on which this process's tokens have expired. */
export async function later(act, hours = 25) {
  const Now = globalThis.Date;
  const ahead = hours * 3_600_000;
  const monotonic = performance.now;
  globalThis.Date = class extends Now {
    constructor(...args) {
      super(...(args.length ? args : [Now.now() + ahead]));
    }

    static now() {
      return Now.now() + ahead;
    }
  };
  performance.now = () => monotonic.call(performance) + ahead;
  try {
    return await act();
  } finally {
    globalThis.Date = Now;
    performance.now = monotonic;
  }
}

function unless(library, method, act) {
  if (library.methods.includes(method)) return act;
  return notSupported(`it sends the secret ${IN_WORDS[library.methods[0]]} only`);
}

function token(library, method, scope) {
  return unless(library, method, async (world) => {
    const asked = scope ? { scope } : {};
    const answer = await library.fetch(world, login(world), method, asked);
    const { exp, iat, scope: granted } = claims(answer.access_token);
    // What a library does not tell, the token does.
    const told = { token_type: "Bearer", expires_in: exp - iat, scope: granted };
    expectToken(world, { ...told, ...answer }, scope);
  });
}

function otherApi(library, parameter) {
  return async (world) => {
    const { audience } = world.other_api;
    const who = login(world, "several");
    const answer = await library.fetch(world, who, library.methods[0], { [parameter]: audience });
    expectAudience(answer.access_token, audience);
  };
}

/** A refusal, by the library's own error. */
export function refused(library, code, who, asked = {}, method = library.methods[0]) {
  return unless(library, method, async (world) => {
    try {
      await library.fetch(world, who(world), method, asked);
    } catch (error) {
      const found = library.code(error);
      if (found === undefined) throw error;
      expectEqual("error", found, code);
      return;
    }
    throw new Error(`no error, although ${code} is due`);
  });
}

/** Checks that another grant, which `act` asks for, is refused by the library's own error. */
export async function otherGrant(code, act) {
  try {
    await act();
  } catch (error) {
    if (code(error) === undefined) throw error;
    expectEqual("error", code(error), "unsupported_grant_type");
    return;
  }
  throw new Error("no error, although unsupported_grant_type is due");
}

function imported(library) {
  return async (world) => {
    const who = login(world, "imported");
    for (const method of library.methods) {
      const answer = await library.fetch(world, who, method, {});
      expectEqual(`sub (${method})`, claims(answer.access_token).sub, who.id);
    }
  };
}

/** How the library calls the API, and the token that it then sends. */
async function calling(library, world, name) {
  if (!library.session) {
    const answer = await library.fetch(world, login(world, name), library.methods[0], {});
    const text = answer.access_token;
    return [() => apiStatus(world, text), text];
  }
  const get = await library.session(world, login(world, name));
  const [status, text] = await get(world.api_url);
  expectEqual("status", status, 200);
  return [async () => (await get(world.api_url))[0], text];
}

function call(library) {
  return async (world) => {
    const [get] = await calling(library, world, "plain");
    expectEqual("status", await get(), 200);
    expectEqual("status without token", await apiStatus(world), 401);
  };
}

function earlyDeath(library) {
  return async (world) => {
    const [get, text] = await calling(library, world, "plain");
    expectEqual("status", await get(), 200);
    await kill(world, text, login(world));
    // Some fetch another at once and try again, most leave that to their user.
    expect([200, 401].includes(await get()), "the API answers neither 200 nor 401");
    const next = await library.fetch(world, login(world), library.methods[0], {});
    expect(next.access_token !== text, "the library gave the dead token again");
    expectEqual("status of the next token", await apiStatus(world, next.access_token), 200);
  };
}

function revokeAll(library) {
  return async (world) => {
    const [get, text] = await calling(library, world, "doomed");
    expectEqual("status", await get(), 200);
    await revokeCredential(world);
    await refusedInTime(world, text);
    await refused(library, "invalid_client", () => login(world, "doomed"))(world);
  };
}

function reuse(library) {
  return async (world) => {
    const get = await library.session(world, login(world));
    const first = await get(world.api_url);
    expectEqual("the second call's status and token", await get(world.api_url), first);
  };
}

function renew(library) {
  return async (world) => {
    const get = await library.session(world, login(world));
    const [, first] = await get(world.api_url);
    const [status, second] = await later(() => get(world.api_url));
    expectEqual("status", status, 200);
    expect(second !== first, "an expired token was sent");
  };
}
