// The vectors of the revocation feed, and the table of its reader.

import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'

import { BadSnapshot, choice, Knowledge, Step } from '../src/knowledge.js'
import { Dead, handle, NotUnderstood } from '../src/revocation.js'
import { SseReader, Unreadable } from '../src/sse.js'
import { manualClock, SILENT } from './manual-clock.js'
import { read } from './vectors.js'

const FEED = read('feed.json')
const FAR = 2 ** 40
const bytes = (text) => new TextEncoder().encode(text)

test('handles', () => {
  for (const one of FEED.handles) assert.equal(handle(one.of), one.handle)
})

test('every verdict after every step', () => {
  let dead = new Dead()
  let checks = 0
  for (const step of FEED.steps) {
    if (step.replace) dead = new Dead()
    for (const entry of step.replace?.entries ?? []) dead.apply(entry)
    if (step.apply) dead.apply(step.apply)
    for (const { token, now, verdict } of step.checks) {
      const got = dead.verdict({ kid: token.kid, claims: token }, now) ?? null
      assert.equal(got, verdict, step.say)
      checks += 1
    }
  }
  assert.ok(checks > 20)
})

test('what is not understood is never half applied', () => {
  for (const { entry } of FEED.not_understood) {
    const dead = new Dead()
    assert.throws(() => dead.apply(entry), NotUnderstood, JSON.stringify(entry))
    assert.equal(dead.size, 0)
  }
})

test('the stream is read in pieces of any size', () => {
  const text = bytes(FEED.stream.text)
  const expected = FEED.stream.events.map(({ event, seq, entry, ...others }) => [
    event,
    seq,
    entry ?? others,
  ])
  for (let size = 1; size <= text.length; size += size < 40 ? 1 : 97) {
    const reader = new SseReader()
    const got = []
    for (let at = 0; at < text.length; at += size) {
      got.push(...reader.push(text.subarray(at, at + size)))
    }
    assert.deepEqual(got.map(({ name, seq, members }) => [name, seq, members]), expected)
  }
})

test('what cannot be read ends the stream', () => {
  for (const text of [
    'event: heartbeat\ndata: {\n\n',
    'event: reset\ndata: {}\n\n',
    'event: reset\ndata: {"seq":1,"seq":1}\n\n',
    'event: heartbeat\ndata: {"seq":1}\n\n',
    `data: ${'x'.repeat(300_000)}`,
  ]) {
    assert.throws(() => [...new SseReader().push(bytes(text))], Unreadable)
  }
})

describe('the table of docs/feed.md', () => {
  let clock
  let known
  const adopt = (seq, as_of, entries = [], confirmed = undefined) =>
    known.adopt(bytes(JSON.stringify({ seq, as_of, entries })), confirmed)
  const beat = (seq, as_of) => known.read({ name: 'heartbeat', seq, members: { as_of } })
  const death = (seq, entry = { k: 'x', until: FAR }) =>
    known.read({ name: 'revocation', seq, members: entry })

  beforeEach(() => {
    clock = manualClock(1_000_000)
    known = new Knowledge(choice({ maxStalenessS: 10 }), clock, SILENT)
    known.offered('https://i.example/revocations')
    adopt(5, 1_000_000)
    known.connected()
  })

  test('events move it as the table says', () => {
    assert.equal(death(5), Step.NOTHING)
    assert.equal(death(7), Step.GAP)
    assert.equal(death(6), Step.NEWS)
    assert.equal(death(6), Step.NOTHING)
    assert.deepEqual([known.applied, known.size], [6, 1])
    assert.equal(beat(8, 1_000_002), Step.NOTHING, 'the first may be forgiven')
    assert.equal(beat(8, 1_000_003), Step.GAP)
    assert.equal(beat(6, 1_000_003), Step.NEWS)
    assert.equal(beat(6, 1_000_003), Step.NOTHING)
    assert.equal(beat(4, 1_000_009), Step.START_OVER)
    assert.equal(known.asOfS, 1_000_003)
    assert.equal(known.read({ name: 'reset', seq: 6, members: {} }), Step.START_OVER)
  })

  test('blind from the fifth second, stale after the chosen one', () => {
    for (const [passedS, blind, stale] of [
      [4, false, false],
      [1, true, false],
      [5, true, false],
      [1, true, true],
    ]) {
      clock.advance(passedS)
      assert.deepEqual([known.blind, known.stale], [blind, stale])
    }
    beat(5, 1_000_011)
    assert.deepEqual([known.blind, known.stale], [false, false])
  })

  test('neither clock alone is believed', () => {
    clock.jump(-1_000)
    clock.advance(11)
    assert.ok(known.stale, 'the wall clock was set back')
    beat(5, 999_011)
    assert.ok(known.stale, 'an earlier as_of is no news')
    clock.jump(1_000)
    beat(5, 1_000_011)
    assert.ok(!known.blind)
    clock.jump(20)
    assert.ok(known.stale, 'the wall clock was set forward')
  })

  test('the future buys no freshness', () => {
    assert.equal(beat(5, 1_000_301), Step.ALIVE)
    assert.equal(known.asOfS, 1_000_000)
    assert.equal(beat(5, 1_000_300), Step.NEWS)
  })

  test('what is not understood is stepped over, and blinds', () => {
    assert.equal(death(6, { new: 'kind', until: 1 }), Step.NEWS)
    assert.equal(beat(6, 1_000_001), Step.ALIVE)
    assert.deepEqual([known.applied, known.blind], [6, true])
    adopt(6, 1_000_001, [{ new: 'kind', until: 1 }, { k: 'y', until: FAR }])
    assert.ok(known.blind)
    assert.equal(known.size, 1, 'the others are taken over')
    adopt(6, 1_000_001)
    assert.ok(!known.blind)
  })

  test('a node that is behind is not believed, but a restored one is', () => {
    clock.advance(10)
    for (const asOf of [1_000_005, 1_000_010, 1_000_400]) {
      assert.throws(() => adopt(4, asOf), BadSnapshot)
    }
    adopt(4, 1_000_011)
    assert.equal(known.applied, 4)
  })

  test('the header counts more than an old body', () => {
    adopt(5, 999_000, [], 1_000_003)
    assert.equal(known.asOfS, 1_000_003)
  })
})
