// Whether a token is good by its signature and claims alone (RFC 9068 §4): shape, header,
// signature, then issuer, audience and dates. Revocation and scope come after it.

import { compactVerify } from 'jose'

import { ALGORITHMS, decode } from './keyset.js'
import { Rejection } from './rejection.js'
import { isWhole, objectOf } from './strict-json.js'

const LEEWAY_MAX_S = 300
const LONGEST = 8 * 1024
const LONGEST_KID = 256
// The end of the year 9999: a later date is milliseconds taken for seconds.
const LATEST_S = 253_402_300_799
const AT_JWT = ['at+jwt', 'application/at+jwt']
const JWT = ['jwt', 'application/jwt']

/** What an API demands of a token. Throws where that would be no protection. */
export function policy({
  issuer,
  audience,
  algorithms = ALGORITHMS,
  acceptJwtType = false,
  leewayS = 30,
}) {
  const audiences = Array.isArray(audience) ? [...audience] : [audience]
  const isText = (one) => typeof one === 'string' && withoutSlash(one) !== ''
  if (!isText(issuer)) throw new TypeError('issuer: the policy names no issuer')
  if (audiences.length === 0 || !audiences.every(isText)) {
    throw new TypeError('audience: the policy names no audience, or an empty one')
  }
  if (algorithms.length === 0 || !algorithms.every((one) => ALGORITHMS.includes(one))) {
    throw new TypeError(`algorithms: expected some of ${ALGORITHMS.join(', ')}`)
  }
  if (!(leewayS >= 0 && leewayS <= LEEWAY_MAX_S)) {
    throw new TypeError(`leewayS: ${leewayS} is not between 0 and ${LEEWAY_MAX_S}`)
  }
  return { issuer, audiences, algorithms, acceptJwtType, leewayS }
}

/** The claims of a good token, and the `kid` of the key that vouched for them. Rejects with the
 * first Rejection that applies. */
export async function verify(token, keys, demands, nowS) {
  const header = readHeader(token)
  if (!demands.algorithms.includes(header.alg)) {
    throw new Rejection('wrong_algorithm', `got ${header.alg}`)
  }
  const types = demands.acceptJwtType ? [...AT_JWT, ...JWT] : AT_JWT
  if (!types.includes((header.typ ?? '').toLowerCase())) {
    throw new Rejection('wrong_type', `expected at+jwt, got ${header.typ}`)
  }
  if (header.kid === undefined) throw new Rejection('malformed', 'the header has no kid')
  const key = keys.get(header.kid)
  if (!key) throw new Rejection('unknown_key', `no key has the kid ${header.kid}`)
  if (header.alg !== key.algorithm) {
    throw new Rejection('wrong_algorithm', `the key is for ${key.algorithm}`)
  }
  let payload
  try {
    ;({ payload } = await compactVerify(token, key.key, { algorithms: [key.algorithm] }))
  } catch (error) {
    throw new Rejection('bad_signature', error.message)
  }
  const claims = readClaims(payload)
  checkClaims(claims, demands, nowS)
  return { kid: header.kid, claims }
}

/** Issuer, audience and dates, on every use of the token. Throws Rejection. */
export function checkClaims(claims, { issuer, audiences, leewayS }, nowS) {
  if (claims.iss !== issuer) {
    throw new Rejection('wrong_issuer', `expected ${issuer}, got ${claims.iss}`)
  }
  const ours = audiences.map(withoutSlash)
  const theirs = [claims.aud].flat()
  if (!theirs.some((one) => ours.includes(withoutSlash(one)))) {
    throw new Rejection('wrong_audience', `expected ${audiences.join(' ')}, got ${theirs.join(' ')}`)
  }
  if (nowS >= Math.floor(claims.exp) + leewayS) {
    throw new Rejection('expired', `exp is ${claims.exp}, now is ${nowS}`)
  }
  const begins = Math.max(Math.ceil(claims.nbf ?? 0), Math.floor(claims.iat))
  if (begins > nowS + leewayS) {
    throw new Rejection('not_yet_valid', `it begins at ${begins}, now is ${nowS}`)
  }
}

function readHeader(token) {
  // Before anything else, so that no input makes us work more than this.
  if (token.length > LONGEST) throw new Rejection('malformed', 'longer than 8 KiB')
  const parts = token.split('.')
  if (parts.length !== 3 || !parts[2]) {
    throw new Rejection('malformed', 'not three parts with two dots, or not signed')
  }
  let header
  try {
    const [bytes] = parts.map(decode)
    header = objectOf(bytes)
  } catch (error) {
    throw new Rejection('malformed', error.message)
  }
  const has = (name) => Object.hasOwn(header, name)
  // No extension is understood, so any `crit` names one that is not (RFC 7515 §4.1.11).
  if (['crit', 'b64', 'zip'].some(has) || !has('alg')) {
    throw new Rejection('malformed', 'the header has crit, b64 or zip, or no alg')
  }
  if (['alg', 'typ', 'kid'].some((name) => has(name) && typeof header[name] !== 'string')) {
    throw new Rejection('malformed', 'a member of the header is not a string')
  }
  if (has('kid') && new TextEncoder().encode(header.kid).length > LONGEST_KID) {
    throw new Rejection('malformed', 'kid is longer than 256 bytes')
  }
  if (!ALGORITHMS.includes(header.alg)) throw new Rejection('wrong_algorithm', `got ${header.alg}`)
  const one = (name) => (has(name) ? header[name] : undefined)
  return { alg: header.alg, typ: one('typ'), kid: one('kid') }
}

function readClaims(payload) {
  let claims
  try {
    claims = objectOf(payload)
  } catch (error) {
    throw new Rejection('bad_claim', `payload: ${error.message}`)
  }
  const has = (name) => Object.hasOwn(claims, name)
  const demand = (good, name) => {
    if (!good) throw new Rejection('bad_claim', `${name} is missing or of the wrong type`)
  }
  const isText = (value) => typeof value === 'string' && value !== ''
  const isDate = (value) => typeof value === 'number' && value >= 0 && value <= LATEST_S
  for (const name of ['iss', 'sub', 'client_id', 'jti']) demand(has(name) && isText(claims[name]), name)
  for (const name of ['iat', 'exp']) demand(has(name) && isDate(claims[name]), name)
  const audiences = has('aud') ? [claims.aud].flat() : []
  demand(audiences.length > 0 && audiences.every((one) => typeof one === 'string'), 'aud')
  demand(!has('nbf') || isDate(claims.nbf), 'nbf')
  demand(!has('org') || isText(claims.org), 'org')
  demand(!has('scope') || typeof claims.scope === 'string', 'scope')
  demand(!has('gen') || isWhole(claims.gen, 2 ** 32 - 1), 'gen')
  if (has('cnf')) {
    throw new Rejection('bound', 'bound to a key by cnf, but came as a plain Bearer token')
  }
  return claims
}

/** Half of the world writes one slash at the end, half does not. */
function withoutSlash(audience) {
  return audience.endsWith('/') ? audience.slice(0, -1) : audience
}
