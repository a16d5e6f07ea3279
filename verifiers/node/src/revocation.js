// What is known to be dead, and the entries that say so (docs/feed.md). No clock and no network
// here.

import { createHash } from 'node:crypto'

import { decode } from './keyset.js'
import { isWhole } from './strict-json.js'

const KINDS = ['h', 't', 'k', 'o']

/** What stands for an identifier in the feed. */
export function handle(identifier) {
  return createHash('sha256').update(identifier, 'utf8').digest().subarray(0, 16).toString('base64url')
}

/** An entry of which this version cannot say what it kills. It is never applied in part. */
export class NotUnderstood extends Error {}

function identity(entry) {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) {
    throw new NotUnderstood('not an object')
  }
  const has = (name) => Object.hasOwn(entry, name)
  const kinds = KINDS.filter(has)
  if (kinds.length !== 1) throw new NotUnderstood('of an unknown kind, or of more than one')
  const [kind] = kinds
  if ((has('gens') && kind !== 'h') || (has('before') && kind !== 'o')) {
    throw new NotUnderstood('a limit beside another subject')
  }
  const name = entry[kind]
  if (typeof name !== 'string' || (kind !== 'k' && !isHandle(name))) {
    throw new NotUnderstood('a handle is none')
  }
  const isSmall = (number) => isWhole(number, 2 ** 32 - 1)
  if (has('gens') && !(Array.isArray(entry.gens) && entry.gens.every(isSmall))) {
    throw new NotUnderstood('gens is not an array of small integers')
  }
  if (!has('until') || !isWhole(entry.until) || (has('before') && !isWhole(entry.before))) {
    throw new NotUnderstood('a time is missing, or not a whole number of seconds')
  }
  return `${kind}:${name}`
}

function isHandle(text) {
  try {
    return decode(text).length === 16
  } catch {
    return false
  }
}

/** The live entries by identity. */
export class Dead {
  #entries = new Map()

  get size() {
    return this.#entries.size
  }

  /** Takes over one entry; a later one of the same identity replaces the earlier one, even where
   * it kills less. Throws NotUnderstood. */
  apply(entry) {
    const { gens, before, until } = entry ?? {}
    this.#entries.set(identity(entry), { gens, before, until })
  }

  /** Forgets what kills nothing any more. */
  prune(nowS) {
    for (const [key, { until }] of this.#entries) if (nowS >= until) this.#entries.delete(key)
  }

  /** What killed the token, if it is dead. */
  verdict({ kid, claims }, nowS) {
    const live = (kind, name) => {
      const entry = this.#entries.get(`${kind}:${name}`)
      return entry && nowS < entry.until ? entry : undefined
    }
    const credential = live('h', handle(claims.client_id))
    if (credential) {
      const { gens } = credential
      if (!gens) return 'credential'
      if (claims.gen === undefined ? gens.length > 0 : gens.includes(claims.gen)) return 'generation'
    }
    if (live('t', handle(claims.jti))) return 'token'
    const organization = claims.org !== undefined && live('o', handle(claims.org))
    if (organization && Math.floor(claims.iat) < (organization.before ?? Infinity)) {
      return 'organization'
    }
    return live('k', kid) ? 'key' : undefined
  }
}
