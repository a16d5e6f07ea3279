// The verifier: what it is made of, and the order in which it checks. A check costs no network
// call; whatever fetches runs beside it.

import * as bearer from './bearer.js'
import { Fetch } from './fetch.js'
import { Follower } from './follower.js'
import { Keeper } from './keeper.js'
import { choice, Knowledge } from './knowledge.js'
import { Rejection } from './rejection.js'
import { systemClock, TIMING } from './timing.js'
import { checkClaims, policy, verify } from './token.js'

const SILENT = ['no_token', 'other_scheme']
const LOG = { info() {}, warn: console.warn, error: console.error }

/** Who called: the verified claims of the token. */
export class Caller {
  #realm

  constructor(claims, realm) {
    this.claims = claims
    this.#realm = realm
  }

  get clientId() {
    return this.claims.client_id
  }

  get organization() {
    return this.claims.org
  }

  get tokenId() {
    return this.claims.jti
  }

  get scopes() {
    return (this.claims.scope ?? '').split(' ').filter(Boolean)
  }

  hasScope(scope) {
    return this.scopes.includes(scope)
  }

  /** Itself, if it has all of these scopes. Throws Rejection. */
  require(...scopes) {
    if (scopes.every((scope) => this.hasScope(scope))) return this
    const detail = `${scopes.join(' ')} is required`
    throw new Rejection('insufficient_scope', detail).at(this.#realm, scopes)
  }
}

export class Verifier {
  #policy
  #knowledge
  #keeper
  #follower
  #clock
  #log
  #cacheAtMost
  #cache = new Map()
  #ended = new AbortController()
  #accepted = 0
  #refused = {}
  #runs

  /** Starts to fetch keys and to follow the feed. An issuer that is away is no error: then the
   * answer is 503 until it is back. Throws TypeError for what would be no protection. */
  constructor(options) {
    const { realm, cacheAtMost = 10_000, allowPlainHttp = false } = options
    const clock = (this.#clock = options.clock ?? systemClock)
    const log = (this.#log = options.log ?? LOG)
    const timing = { ...TIMING, ...options.timing }
    this.#policy = policy(options)
    this.realm = realm ?? this.#policy.audiences[0]
    this.#cacheAtMost = cacheAtMost
    const ended = this.#ended.signal
    const fetch = new Fetch(options.fetch ?? globalThis.fetch, ended)
    const knowledge = (this.#knowledge = new Knowledge(choice(options), clock, log))
    const { issuer } = this.#policy
    const onFeed = (uri) => knowledge.offered(uri)
    this.#keeper = new Keeper({ issuer, allowPlainHttp, fetch, timing, clock, log, ended, onFeed })
    this.#follower = new Follower({ knowledge, fetch, timing, log, ended })
    this.#runs = [this.#keeper.run(), ...(knowledge.isOff ? [] : [this.#follower.run()])]
  }

  /** Ends what runs beside. What is known goes on serving, and grows stale. */
  async close() {
    this.#ended.abort()
    this.#keeper.changes.tell()
    this.#knowledge.changes.tell()
    await Promise.all(this.#runs)
  }

  /** Checks the value of the only `Authorization` header, and that the token has these scopes.
   * For an unknown `kid` it waits a moment for fresh keys. Rejects with a Rejection. */
  async check(authorization, ...scopes) {
    try {
      return await this.#checked(authorization, scopes)
    } catch (error) {
      const isUnknown = error instanceof Rejection && error.reason === 'unknown_key'
      if (!isUnknown || !(await this.#keeper.refreshed())) throw this.#noted(error, scopes)
    }
    try {
      return await this.#checked(authorization, scopes)
    } catch (error) {
      throw this.#noted(error, scopes)
    }
  }

  /** As `check`, with all values of the header: two are refused. */
  async checkAll(values, ...scopes) {
    let value
    try {
      value = bearer.only(values)
    } catch (error) {
      throw this.#noted(error, scopes)
    }
    return this.check(value, ...scopes)
  }

  /** Whether tokens can be verified within so many milliseconds. */
  async ready(within) {
    const until = performance.now() + within
    const { changes } = this.#keeper
    const known = await changes.until(() => this.#keeper.current.keys.size > 0, within)
    const left = Math.max(0, until - performance.now())
    return known && this.#knowledge.changes.until(() => this.#knowledge.ready, left)
  }

  /** Whether this entry of the feed is applied within so many milliseconds. */
  applied(seq, within) {
    return this.#knowledge.changes.until(() => (this.#knowledge.applied ?? -1) >= seq, within)
  }

  /** How it is doing, for a health page or for metrics. */
  status() {
    const [knowledge, follower, keeper] = [this.#knowledge, this.#follower, this.#keeper]
    const followed = knowledge.uri !== undefined && !knowledge.isOff
    const staleness = knowledge.stalenessS
    return {
      ready: keeper.current.keys.size > 0 && knowledge.ready,
      issuer: this.#policy.issuer,
      keys: [...keeper.current.keys.keys()],
      key_fetches: keeper.fetches,
      last_key_error: keeper.lastError ?? null,
      feed: {
        offered: knowledge.asked ? knowledge.uri !== undefined : null,
        seq: knowledge.applied ?? null,
        as_of_s: knowledge.asOfS || null,
        staleness_s: followed && Number.isFinite(staleness) ? staleness : null,
        blind: followed && knowledge.blind,
        stale: followed && knowledge.stale,
        entries: knowledge.size,
        not_understood: knowledge.notUnderstood,
        snapshots: follower.snapshots,
        streams: follower.streams,
        gaps: follower.gaps,
        unreadable: follower.unreadable,
      },
      last_feed_error: follower.lastError ?? null,
      accepted: this.#accepted,
      refused: { ...this.#refused },
      cached_tokens: this.#cache.size,
    }
  }

  async #checked(authorization, scopes) {
    const verified = await this.#alive(bearer.parse(authorization))
    const caller = new Caller(verified.claims, this.realm).require(...scopes)
    this.#accepted += 1
    return caller
  }

  async #alive(token) {
    const { keys, epoch } = this.#keeper.current
    let entry = this.#cache.get(token)
    if (entry?.epoch === epoch) {
      checkClaims(entry.verified.claims, this.#policy, this.#clock.unixS())
    } else {
      entry = { epoch, verified: await this.#verified(token, keys) }
      this.#keep(token, entry)
    }
    // Never cached: this is asked on every use.
    this.#knowledge.judge(entry.verified, this.#clock.unixS())
    return entry.verified
  }

  async #verified(token, keys) {
    try {
      return await verify(token, keys, this.#policy, this.#clock.unixS())
    } catch (error) {
      if (keys.size > 0 || error.reason !== 'unknown_key') throw error
      throw new Rejection('unavailable', "the issuer's keys are not known yet")
    }
  }

  #keep(token, entry) {
    this.#cache.set(token, entry)
    if (this.#cache.size > this.#cacheAtMost) this.#cache.delete(this.#cache.keys().next().value)
  }

  #noted(error, scopes) {
    if (!(error instanceof Rejection)) return error
    let rejection = error
    if (rejection.reason === 'unknown_key' && this.#keeper.cutOff) {
      // The key may be a new one, and it is our trouble that we cannot ask.
      rejection = new Rejection('unavailable', 'the kid is unknown, and the issuer cannot be asked')
    }
    const { reason } = rejection
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1
    if (!SILENT.includes(reason)) this.#log.info(`Refused a token: ${rejection.message}`)
    return rejection.at(this.realm, scopes)
  }
}
