// Keeps the issuer's keys fresh: fetched ahead of need, again for an unknown `kid` at a bounded
// rate. An issuer that is away, or publishes nothing usable, never takes away keys that are known.

import { checked, FetchError } from './fetch.js'
import * as keyset from './keyset.js'
import { objectOf } from './strict-json.js'
import { Changes, jittered, retry } from './timing.js'

const METADATA_MOST_BYTES = 256 * 1024
const JWKS_MOST_BYTES = 1024 * 1024
const BUDGET = 3
const DEFAULT_MAX_AGE = 600_000
const REFRESH_FROM = 30_000
const REFRESH_TO = 3_600_000
const RETRY_MOST_WITH_KEYS = 60_000

/** Metadata that are not usable. `absent` if there is nothing of the kind in this place. */
class BadMetadata extends Error {
  constructor(why, absent = false) {
    super(`metadata: ${why}`)
    this.absent = absent
  }
}

export class Keeper {
  #issuer
  #documents
  #allowPlainHttp
  #fetch
  #timing
  #clock
  #log
  #ended
  #onFeed
  #jwksUri
  #published
  #attempts = 0
  #left = BUDGET
  #refilledAt
  #wanted = false
  // Replaced as a whole: keys by `kid`, and a number that changes with them.
  current = { keys: new Map(), epoch: 0 }
  cutOff = false
  lastError
  fetches = 0
  changes = new Changes()

  /** `onFeed` learns where the revocation feed is. */
  constructor({ issuer, allowPlainHttp, fetch, timing, clock, log, ended, onFeed }) {
    this.#documents = documents(checked(issuer, allowPlainHttp))
    this.#issuer = issuer
    this.#allowPlainHttp = allowPlainHttp
    this.#fetch = fetch
    this.#timing = timing
    this.#clock = clock
    this.#log = log
    this.#ended = ended
    this.#onFeed = onFeed
    this.#refilledAt = this.#now()
  }

  #now() {
    return this.#clock.monotonicS() * 1000
  }

  /** Asks for fresh keys on behalf of an unknown `kid`, and waits a moment for them. False if
   * that was done often enough. */
  async refreshed() {
    if (!this.#wanted) {
      const apart = this.#timing.unknownKeyApart
      while (this.#left < BUDGET && this.#now() - this.#refilledAt >= apart) {
        this.#left += 1
        this.#refilledAt += apart
      }
      if (this.#left === BUDGET) this.#refilledAt = this.#now()
      if (this.#left === 0) return false
      this.#left -= 1
      this.#wanted = true
      this.changes.tell()
    }
    const attempt = this.#attempts + 1
    await this.changes.until(() => this.#attempts >= attempt, this.#timing.unknownKeyWait)
    return true
  }

  /** Until it is told to stop. */
  async run() {
    let failures = 0
    let asksMetadata = true
    while (!this.#ended.aborted) {
      let wait
      try {
        const maxAge = await this.#refresh(asksMetadata)
        wait = jittered(Math.min(Math.max(maxAge / 2, REFRESH_FROM), REFRESH_TO))
        failures = 0
        this.lastError = undefined
      } catch (error) {
        // A keeper that has ended would never find another key.
        failures += 1
        if (error.message !== this.lastError && !this.#ended.aborted) {
          this.#log.warn(`Cannot fetch the issuer's keys: ${error.message}`)
        }
        this.lastError = error.message
        wait = retry(this.#timing, failures, this.current.keys.size > 0 ? RETRY_MOST_WITH_KEYS : 0)
      }
      this.#attempts += 1
      this.cutOff = failures > 0
      this.#wanted = false
      this.changes.tell()
      const byKid = await this.changes.until(() => this.#wanted || this.#ended.aborted, wait)
      // An unknown `kid` is for the keys to answer, and for nobody else to be asked.
      asksMetadata = !byKid || failures > 0
    }
  }

  async #refresh(asksMetadata) {
    let trouble
    if (asksMetadata || this.#jwksUri === undefined) {
      try {
        await this.#askMetadata()
      } catch (error) {
        // The keys may still be where they were.
        if (this.#jwksUri === undefined) throw error
        trouble = error
      }
    }
    this.fetches += 1
    const { document, headers } = await this.#fetch.document(
      this.#jwksUri,
      this.#timing.request,
      JWKS_MOST_BYTES,
    )
    const published = new TextDecoder().decode(document)
    if (published !== this.#published) {
      const keys = await keyset.parse(document)
      this.#log.info(`Took over the issuer's keys: ${[...keys.keys()].join(', ')}`)
      this.#published = published
      this.current = { keys, epoch: this.current.epoch + 1 }
    }
    if (trouble) throw trouble
    return maxAge(headers.get('cache-control') ?? '')
  }

  async #askMetadata() {
    const [first, second] = this.#documents
    let metadata
    try {
      metadata = await this.#read(first)
    } catch (error) {
      if (!error.absent) throw error
      metadata = await this.#read(second).catch((other) => {
        throw other.absent ? error : other
      })
    }
    this.#jwksUri = metadata.jwks_uri
    this.#onFeed(metadata.revocation_feed_uri)
  }

  async #read(url) {
    let metadata
    try {
      const { document } = await this.#fetch.document(
        url,
        this.#timing.request,
        METADATA_MOST_BYTES,
      )
      metadata = objectOf(document)
    } catch (error) {
      const isFetch = error instanceof FetchError
      throw new BadMetadata(error.message, isFetch ? error.status < 500 : true)
    }
    // RFC 8414 §3.3: the same to the letter.
    if (metadata.issuer !== this.#issuer) {
      throw new BadMetadata(`they name the issuer ${JSON.stringify(metadata.issuer)?.slice(0, 128)}`)
    }
    const { jwks_uri: keys, revocation_feed_uri: feed } = metadata
    try {
      checked(keys, this.#allowPlainHttp)
      if (feed !== undefined) checked(feed, this.#allowPlainHttp)
    } catch (error) {
      throw new BadMetadata(error.message)
    }
    // The stream is found by appending to it.
    if (feed?.includes('?')) throw new BadMetadata('revocation_feed_uri has a query')
    return metadata
  }
}

function documents(issuer) {
  if (issuer.search || issuer.href.endsWith('?')) throw new TypeError(`${issuer} has a query`)
  const path = issuer.pathname.replace(/\/+$/, '')
  // RFC 8414 §3.1 puts the well-known part before the path; OpenID Connect Discovery §4 appends
  // it, and many issuers have only that.
  return [
    `${issuer.origin}/.well-known/oauth-authorization-server${path}`,
    `${issuer.origin}${path}/.well-known/openid-configuration`,
  ]
}

function maxAge(cacheControl) {
  for (const directive of cacheControl.split(',')) {
    const found = /^max-age="?(\d{1,12})"?$/i.exec(directive.trim())
    if (found) return Number(found[1]) * 1000
  }
  return DEFAULT_MAX_AGE
}
