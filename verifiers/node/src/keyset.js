// The issuer's public keys (RFC 7517), each for the one algorithm that its kind allows. The
// cryptography is jose's.

import { calculateJwkThumbprint, importJWK } from 'jose'

import { objectOf } from './strict-json.js'

export const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MATERIAL = { ES256: ['crv', 'kty', 'x', 'y'], RS256: ['e', 'kty', 'n'], EdDSA: ['crv', 'kty', 'x'] }
const MOST_KEYS = 100

/** Canonical base64url (RFC 7515 §2): each value has one spelling. Throws SyntaxError. */
export function decode(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new SyntaxError('not base64url')
  }
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0))
  if (encode(bytes) !== text) throw new SyntaxError('base64url with stray bits')
  return bytes
}

/** Base64url without padding. */
export function encode(bytes) {
  const coded = btoa(String.fromCharCode(...bytes))
  return coded.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The usable keys of a JWK Set by `kid`; those that are not for us are stepped over, and of two
 * with the same `kid` the first counts. */
export async function parse(document) {
  const { keys } = objectOf(document)
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) {
    throw new Error('not a JWK Set of at most 100 keys')
  }
  const found = new Map()
  for (const members of keys) {
    const key = await usable(members)
    if (key && !found.has(key.kid)) found.set(key.kid, key)
  }
  if (found.size === 0) throw new Error('a JWK Set without a single usable key')
  return found
}

/** Undefined for a key that is not for us, or whose secret is out. */
async function usable(members) {
  const has = (name) => Object.hasOwn(members, name)
  if (members === null || typeof members !== 'object' || PRIVATE.some(has)) return undefined
  const algorithm = algorithmOf(members)
  if (!algorithm || (has('alg') && members.alg !== algorithm)) return undefined
  if (has('use') && members.use !== 'sig') return undefined
  if (has('key_ops') && !(Array.isArray(members.key_ops) && members.key_ops.includes('verify'))) {
    return undefined
  }
  const material = Object.fromEntries(MATERIAL[algorithm].map((name) => [name, members[name]]))
  try {
    for (const name of ['x', 'y', 'n', 'e']) if (name in material) decode(material[name])
    const key = await importJWK(material, algorithm)
    const kid = has('kid') ? members.kid : await calculateJwkThumbprint(material)
    const bits = key.algorithm.modulusLength
    if (typeof kid !== 'string' || bits < 2048 || bits > 8192) return undefined
    return { kid, algorithm, key }
  } catch {
    return undefined
  }
}

function algorithmOf({ kty, crv }) {
  if (kty === 'RSA') return 'RS256'
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  return kty === 'OKP' && crv === 'Ed25519' ? 'EdDSA' : undefined
}
