// What the reader of the feed knows, and how fresh that is (docs/feed.md, "The reader" and
// "Freshness"). It does no I/O: events and snapshots come in, verdicts go out.

import { Rejection } from './rejection.js'
import { Dead, NotUnderstood } from './revocation.js'
import { isWhole, objectOf } from './strict-json.js'
import { Changes } from './timing.js'

const BLIND_S = 5
const AHEAD_MOST_S = 300
const SET_BACK_AFTER_S = 10
const REVOCATIONS = ['if_offered', 'required', 'off']
const WHEN_STALE = ['fail_closed', 'fail_open']

/** Not a snapshot, or one that must not be taken over. */
export class BadSnapshot extends Error {}

/** What the reader does next. */
export const Step = {
  NOTHING: 'go on: the event brought nothing new',
  ALIVE: 'go on: the node is alive, but nothing became known',
  NEWS: 'go on: something became known',
  GAP: 'join the stream again',
  START_OVER: 'fetch the snapshot',
}

/** What the operator has chosen. Throws where that cannot work. */
export function choice({
  revocations = 'if_offered',
  whenStale = 'fail_closed',
  maxStalenessS = 3600,
}) {
  if (!REVOCATIONS.includes(revocations)) {
    throw new TypeError(`revocations: expected one of ${REVOCATIONS.join(', ')}`)
  }
  if (!WHEN_STALE.includes(whenStale)) {
    throw new TypeError(`whenStale: expected one of ${WHEN_STALE.join(', ')}`)
  }
  if (!(maxStalenessS >= BLIND_S)) {
    throw new TypeError('maxStalenessS: at least 5, since heartbeats come every 2 s')
  }
  return { revocations, whenStale, maxStalenessS }
}

export class Knowledge {
  #choice
  #clock
  #log
  #dead = new Dead()
  #movedAtS = 0
  #appliedAtS = 0
  #greeted = false
  // The latest `as_of` of this connection, whether it was believed or not.
  #newestS = 0
  uri
  asked = false
  applied
  asOfS = 0
  notUnderstood = 0
  changes = new Changes()

  constructor(chosen, clock, log) {
    this.#choice = chosen
    this.#clock = clock
    this.#log = log
  }

  get size() {
    return this.#dead.size
  }

  get isOff() {
    return this.#choice.revocations === 'off'
  }

  /** What the metadata say. A feed that was known is not given up. */
  offered(uri) {
    if (uri === undefined && this.uri !== undefined) {
      this.#log.warn("The issuer's metadata no longer name its revocation feed: kept")
      return
    }
    if (uri === undefined && !this.asked && !this.isOff) {
      this.#log.warn('The issuer offers no revocation feed: tokens live until they expire')
    }
    this.uri = uri
    this.asked = true
    this.changes.tell()
  }

  /** Throws Rejection if the token is dead, or if that is not known freshly enough. */
  judge(verified, nowS) {
    if (this.isOff) return
    if (this.uri === undefined) {
      if (this.#choice.revocations === 'if_offered') return
      throw new Rejection('unavailable', 'the issuer offers no revocation feed')
    }
    const death = this.#dead.verdict(verified, nowS)
    if (death) throw new Rejection('revoked', death)
    if (this.#choice.whenStale === 'fail_closed' && this.stale) {
      throw new Rejection('unavailable', 'revocations are not known freshly enough')
    }
  }

  /** The larger of two ages, since clocks may be wrong. Infinite before the first snapshot. */
  get stalenessS() {
    if (!this.asOfS) return Infinity
    const unmovedS = this.#clock.monotonicS() - this.#movedAtS
    return Math.max(this.#clock.unixS() - this.asOfS, unmovedS)
  }

  /** Whether a death could have been missed. */
  get blind() {
    return this.stalenessS >= BLIND_S || this.notUnderstood > 0
  }

  /** Whether that has lasted for longer than was chosen. */
  get stale() {
    return this.stalenessS > this.#choice.maxStalenessS
  }

  /** Whether tokens can be judged. */
  get ready() {
    if (this.isOff) return true
    if (this.uri === undefined) return this.asked && this.#choice.revocations === 'if_offered'
    return this.#choice.whenStale === 'fail_open' || !this.stale
  }

  prune() {
    this.#dead.prune(this.#clock.unixS())
  }

  /** A stream begins; its first heartbeat may be ahead of what was missed. */
  connected() {
    this.#greeted = false
    this.#newestS = 0
  }

  /** Takes over an event of the stream. */
  read({ name, seq, members }) {
    const applied = this.applied ?? -1
    if (name === 'reset') return Step.START_OVER
    if (name === 'revocation') {
      if (seq <= applied) return Step.NOTHING
      if (seq > applied + 1) return Step.GAP
      this.#apply(seq, members)
      return Step.NEWS
    }
    const greeted = this.#greeted
    this.#greeted = true
    if (seq < applied) return Step.START_OVER
    if (seq > applied) return greeted ? Step.GAP : Step.NOTHING
    const isLater = members.as_of > this.#newestS
    this.#newestS = Math.max(members.as_of, this.#newestS)
    if (this.fresh(members.as_of)) return Step.NEWS
    return isLater ? Step.ALIVE : Step.NOTHING
  }

  #apply(seq, entry) {
    try {
      this.#dead.apply(entry)
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error
      this.#log.error(`Entry ${seq} of the feed cannot be read by this version: ${error.message}`)
      this.notUnderstood += 1
    }
    this.#appliedAtS = this.#clock.unixS()
    this.applied = seq
    this.changes.tell()
  }

  /** Nothing is missing up to this time. Whether that is news. */
  fresh(asOfS) {
    return this.notUnderstood === 0 && this.#move(asOfS)
  }

  /** Takes over a snapshot; `confirmedS` is its `hallpass-as-of`. Throws BadSnapshot. */
  adopt(document, confirmedS) {
    const { seq, as_of: told, entries } = snapshot(document)
    const asOfS = confirmedS ?? told
    if (this.applied !== undefined && seq < this.applied) {
      const knownUntilS = Math.max(this.#appliedAtS, this.asOfS)
      if (asOfS <= knownUntilS + SET_BACK_AFTER_S || this.#isAhead(asOfS)) {
        throw new BadSnapshot(`of ${seq}, older than the ${this.applied} that is applied`)
      }
      this.#log.warn(`The issuer's feed was set back from ${this.applied} to ${seq}`)
    }
    const dead = new Dead()
    let bad = 0
    for (const entry of entries) {
      try {
        dead.apply(entry)
      } catch (error) {
        if (!(error instanceof NotUnderstood)) throw error
        bad += 1
        this.#log.error(`The feed has an entry that this version cannot read: ${error.message}`)
      }
    }
    this.#dead = dead
    this.notUnderstood = bad
    this.#appliedAtS = this.#clock.unixS()
    if (bad === 0 || !this.asOfS) this.#move(asOfS)
    this.applied = seq
    this.changes.tell()
  }

  #move(asOfS) {
    if (this.#isAhead(asOfS)) {
      this.#log.warn(`The feed is from the future, as of ${asOfS}: not believed`)
      return false
    }
    if (asOfS <= this.asOfS) return false
    this.#movedAtS = this.#clock.monotonicS()
    this.asOfS = asOfS
    this.changes.tell()
    return true
  }

  #isAhead(asOfS) {
    return asOfS > this.#clock.unixS() + AHEAD_MOST_S
  }
}

function snapshot(document) {
  let read
  try {
    read = objectOf(document)
  } catch (error) {
    throw new BadSnapshot(`not a revocation snapshot: ${error.message}`)
  }
  if (!isWhole(read.seq) || !isWhole(read.as_of) || !Array.isArray(read.entries)) {
    throw new BadSnapshot('not a revocation snapshot')
  }
  return read
}
