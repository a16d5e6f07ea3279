// Reads the access token out of an `Authorization` header (RFC 6750 §2.1), and out of nothing
// else (RFC 9700 §4.3.2).

import { Rejection } from './rejection.js'

const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/

/** The token of the only such header. Throws Rejection. */
export function parse(authorization) {
  if (authorization === undefined || authorization === null) throw new Rejection('no_token')
  const [, scheme, rest] = /^([^ ]*)(.*)$/s.exec(authorization)
  if (!scheme) throw new Rejection('invalid_request', 'the Authorization header names no scheme')
  if (scheme.toLowerCase() !== 'bearer') throw new Rejection('other_scheme')
  const token = rest.replace(/^ +/, '')
  if (!B64TOKEN.test(token)) {
    throw new Rejection('invalid_request', 'no b64token follows the scheme Bearer')
  }
  return token
}

/** The only one of these values: each of two readers could believe another one. */
export function only(values) {
  if (values && values.length > 1) {
    throw new Rejection('invalid_request', 'several Authorization headers')
  }
  return values?.[0]
}
