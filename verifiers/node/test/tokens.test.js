// The table of tokens.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as bearer from '../src/bearer.js'
import * as keyset from '../src/keyset.js'
import { DESCRIPTIONS, Rejection } from '../src/rejection.js'
import { objectOf } from '../src/strict-json.js'
import { policy, verify } from '../src/token.js'
import { read } from './vectors.js'

const TABLE = read('tokens.json')
const bytes = (text) => new TextEncoder().encode(text)

async function verdict(of) {
  try {
    return ['ok', await of()]
  } catch (error) {
    if (!(error instanceof Rejection)) throw error
    return [error.reason, null]
  }
}

test('every token of the table gets its verdict', async () => {
  const keys = await keyset.parse(bytes(JSON.stringify(TABLE.jwks)))
  assert.equal(keys.size, 3)
  const demands = policy(TABLE)
  for (const { say, token, now, verdict: expected } of TABLE.tokens) {
    const [got] = await verdict(() => verify(token, keys, demands, now))
    assert.equal(got, expected, say)
  }
})

test('every header of the table is read so', async () => {
  for (const { value, verdict: expected, token } of TABLE.headers) {
    assert.deepEqual(await verdict(() => bearer.parse(value)), [expected, token], value)
  }
  assert.equal((await verdict(() => bearer.only(['Bearer a', 'Bearer b'])))[0], 'invalid_request')
})

test('callers are told what the table says', () => {
  assert.deepEqual(new Set(TABLE.rejections.map((one) => one.reason)), new Set(Object.keys(DESCRIPTIONS)))
  for (const { reason, error, description } of TABLE.rejections) {
    const rejection = new Rejection(reason).at('bo"oks\r\n', ['a'])
    assert.deepEqual([rejection.error ?? null, rejection.description], [error, description])
    const expected = { invalid_request: 400, insufficient_scope: 403 }[error]
    if (rejection.status === 503) {
      assert.equal(rejection.headers['Retry-After'], '5')
      continue
    }
    assert.equal(rejection.status, expected ?? 401)
    const code = error ? `error="${error}", error_description="${description}", ` : ''
    assert.equal(rejection.headers['WWW-Authenticate'], `Bearer realm="books", ${code}scope="a"`)
  }
})

test('policies that are no protection are refused', () => {
  for (const wrong of [
    { issuer: '' },
    { audience: [] },
    { audience: undefined },
    { audience: ['/'] },
    { algorithms: [] },
    { algorithms: ['HS256'] },
    { leewayS: 301 },
  ]) {
    assert.throws(() => policy({ issuer: 'https://i.example', audience: 'a', ...wrong }), TypeError)
  }
})

test('JSON is read strictly', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"b":[{"a":1,"a":2}]}',
    '{"a":{},"b":[{"c":[1,{"x":"\\"","x":2}]}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":NaN}',
    '{"a":1}x',
    '\ufeff{}',
    '[]',
    'null',
    '',
  ]) {
    assert.throws(() => objectOf(bytes(text)), text)
  }
  assert.throws(() => objectOf(new Uint8Array([0x22, 0xff, 0x22])))
  const good = '{"a":"a","b":{"a":["a","a",{"a":"\\\\"}]},"c":","}'
  assert.deepEqual(objectOf(bytes(good)), JSON.parse(good))
})

test('only usable key sets are taken over', async () => {
  for (const text of [
    '<html>',
    '{}',
    '{"keys":[]}',
    '{"keys":{}}',
    '{"keys":[{"kty":"oct","kid":"x","k":"AA"}]}',
    '{"keys":[{"kty":["EC"],"crv":{}},null,1]}',
  ]) {
    await assert.rejects(keyset.parse(bytes(text)), text)
  }
})
