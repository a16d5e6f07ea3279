// The reader against an issuer that misbehaves, over real connections.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import { exportJWK, generateKeyPair, SignJWT } from 'jose'

import { Verifier } from '../index.js'
import { handle } from '../src/revocation.js'
import { SILENT } from './manual-clock.js'
import { beat, death, event, now, UnrulyIssuer } from './unruly-issuer.js'

const AUDIENCE = 'https://api.example/books'
const METADATA = '/.well-known/oauth-authorization-server'
const FAR = 2 ** 40
const QUICK = {
  request: 2_000,
  snapshot: 2_000,
  stall: 300,
  retryFirst: 10,
  retryMost: 50,
  unknownKeyWait: 2_000,
}

let issuer
let verifier
let key

async function newKey(kid) {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return [privateKey, { ...(await exportJWK(publicKey)), kid }]
}

beforeEach(async () => {
  const [privateKey, jwk] = await newKey('one')
  key = privateKey
  issuer = await new UnrulyIssuer({ keys: [jwk] }).listen()
})

afterEach(async () => {
  await verifier?.close()
  verifier = undefined
  await issuer.close()
})

function start(options = {}) {
  verifier = new Verifier({
    issuer: issuer.url, audience: AUDIENCE, timing: QUICK, log: SILENT, ...options,
  })
  return verifier
}

function token({ kid = 'one', signer = key, ...claims } = {}) {
  const good = {
    iss: issuer.url, aud: AUDIENCE, sub: 'reports', client_id: 'reports', jti: 't1',
    scope: 'books:read', iat: now(), exp: now() + 600, gen: 1,
  }
  const header = { alg: 'ES256', typ: 'at+jwt', kid }
  return new SignJWT({ ...good, ...claims }).setProtectedHeader(header).sign(signer)
}

async function verdict(of, ...scopes) {
  try {
    await verifier.check(`Bearer ${of ?? (await token())}`, ...scopes)
    return 'ok'
  } catch (error) {
    return error.reason ?? error.stack
  }
}

/** Waits for an entry of the feed, and for the keys, which come by a way of their own. */
async function applied(seq) {
  assert.ok(await verifier.applied(seq, 10_000), JSON.stringify(verifier.status()))
  assert.ok(await verifier.ready(5_000), JSON.stringify(verifier.status()))
}

async function until(expected) {
  const limit = Date.now() + 5_000
  let got
  while ((got = await verdict()) !== expected) {
    assert.ok(Date.now() < limit, `still ${got}: ${JSON.stringify(verifier.status())}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const dead = (seq) => death(seq, { h: handle('reports'), until: FAR })

test('a death in the stream is heard on the next use', async () => {
  issuer.streams.push([beat(1), dead(2), beat(2)])
  start()
  await applied(2)
  assert.equal(await verdict(), 'revoked')
})

test('the cache keeps claims and never the verdict', async () => {
  start()
  assert.ok(await verifier.ready(5_000))
  const hot = await token()
  assert.equal(await verdict(hot), 'ok')
  assert.equal(verifier.status().cached_tokens, 1)
  assert.equal(await verdict(hot, 'books:write'), 'insufficient_scope')
  issuer.snapshot = { seq: 2, as_of: now(), entries: [{ t: handle('t1'), until: FAR }] }
  await until('revoked')
  assert.equal(await verdict(hot), 'revoked')
})

test('broken streams are joined again where they were left', async () => {
  issuer.streams.push(
    ['event: revocation\ndata: {"h":"trunc\n\n'],
    ['event: revocation\ndata: {"seq":2', null],
    [`data: ${'x'.repeat(300_000)}`],
    [beat(1), null],
    [beat(1), event('heartbeat', { seq: 1, as_of: 'soon' })],
    [dead(2), beat(2)],
  )
  start()
  await applied(2)
  assert.equal(await verdict(), 'revoked')
  assert.ok(issuer.count('/revocations/stream?after=1') >= 6)
})

test('numbers that come twice or out of order', async () => {
  // Under old numbers the dead come back to life: that must count for nothing.
  issuer.streams.push([
    beat(1), death(2, { t: handle('t0'), until: FAR }), dead(3),
    death(3, { h: handle('reports'), until: 1 }), death(2, { h: handle('reports'), until: 1 }),
    beat(3),
  ])
  start()
  await applied(3)
  assert.equal(await verdict(), 'revoked')
  assert.equal(verifier.status().feed.entries, 2)
})

test('a gap is filled by joining again, or by the snapshot', async () => {
  issuer.streams.push([beat(1), dead(4)], [beat(1), dead(4)])
  start()
  assert.ok(await issuer.untilAsked('/revocations/stream?after=1', 2))
  issuer.snapshot = { seq: 4, as_of: now(), entries: [{ h: handle('reports'), until: FAR }] }
  await applied(4)
  assert.equal(await verdict(), 'revoked')
  assert.ok(verifier.status().feed.gaps >= 1)
})

test('reset fetches the snapshot', async () => {
  issuer.streams.push([beat(1), event('reset', { seq: 9 })])
  start()
  assert.ok(await issuer.untilAsked('/revocations', 2))
})

test('endless streams without news are left', async () => {
  issuer.streams.push(
    [beat(1), { drip: ': still here\n\n' }],
    [beat(1), { drip: beat(1, 1_000_000_000) }],
    [beat(1), { drip: 'x' }],
  )
  start()
  assert.ok(await issuer.untilAsked('/revocations/stream?after=1', 4))
})

test('an answer that never ends is left', async () => {
  issuer.lies['/revocations'] = [200, { 'content-length': '100' }, '{']
  start({ timing: { ...QUICK, request: 300, snapshot: 300 } })
  assert.ok(await issuer.untilAsked('/revocations', 3))
  assert.equal(await verdict(), 'unavailable')
})

test('snapshots that are none are not taken over', async () => {
  start()
  assert.ok(await verifier.ready(5_000))
  const good = issuer.snapshot
  for (const wrong of ['<html>', '{"seq":7', '{"seq":7,"as_of":1}', '['.repeat(100_000)]) {
    issuer.snapshot = wrong
    const before = issuer.count('/revocations')
    issuer.streams.push([null], [null])
    assert.ok(await issuer.untilAsked('/revocations', before + 2), wrong.slice(0, 20))
    assert.equal(await verdict(), 'ok')
    issuer.snapshot = good
  }
})

test('a new key is fetched once for all', async () => {
  start()
  assert.ok(await verifier.ready(5_000))
  const [signer, jwk] = await newKey('two')
  issuer.jwks = JSON.stringify({ keys: [...JSON.parse(issuer.jwks).keys, jwk] })
  const before = verifier.status().key_fetches
  const fresh = await token({ kid: 'two', signer })
  const all = await Promise.all(Array.from({ length: 20 }, () => verdict(fresh)))
  assert.deepEqual(new Set(all), new Set(['ok']))
  assert.equal(verifier.status().key_fetches, before + 1)
  for (let number = 0; number < 20; number += 1) {
    assert.equal(await verdict(await token({ kid: `k${number}`, signer })), 'unknown_key')
  }
  assert.ok(verifier.status().key_fetches <= before + 4)
})

test('metadata that name another issuer are never believed', async () => {
  const told = { issuer: 'https://evil.example', jwks_uri: `${issuer.url}/jwks` }
  issuer.lies[METADATA] = [200, {}, JSON.stringify(told)]
  start()
  assert.ok(await issuer.untilAsked(METADATA, 3))
  assert.equal(await verdict(), 'unavailable')
  assert.equal(issuer.count('/jwks'), 0)
  delete issuer.lies[METADATA]
  await until('ok')
})

test('redirects are not followed', async () => {
  issuer.lies[METADATA] = [302, { location: `${issuer.url}/elsewhere` }, '']
  start()
  assert.ok(await issuer.untilAsked(METADATA, 2))
  assert.equal(issuer.count('/elsewhere'), 0)
})

test('without a feed tokens live, unless one is required', async () => {
  const told = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }
  issuer.lies[METADATA] = [200, {}, JSON.stringify(told)]
  start()
  await until('ok')
  await verifier.close()
  start({ revocations: 'required' })
  await until('unavailable')
})

test('only https is asked, but on this machine', () => {
  for (const wrong of [
    'http://issuer.example', 'ftp://issuer.example', 'https://u@i.example',
    'https://i.example/?a', 'https://i.example/#a', 'issuer',
  ]) {
    assert.throws(() => start({ issuer: wrong }), TypeError, wrong)
  }
  for (const wrong of [{ maxStalenessS: 4 }, { whenStale: 'open' }, { revocations: 'on' }]) {
    assert.throws(() => start(wrong), TypeError)
  }
})

test('broken tokens are refused also without keys', async () => {
  issuer.lies['/jwks'] = [503, {}, '']
  start()
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  assert.equal(await verdict(`${none}.e30.AA`), 'wrong_algorithm')
  assert.equal(await verdict('abc'), 'malformed')
  assert.equal(await verdict(), 'unavailable')
})
