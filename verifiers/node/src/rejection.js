// Why a request is refused (RFC 6750 §3.1), and how that looks over HTTP. The message of a
// rejection is for the log; what the caller is told never repeats anything that the caller sent.

// What `Retry-After` says while the trouble is ours, in seconds.
const RETRY_AFTER_S = 5

export const DESCRIPTIONS = {
  no_token: 'Send an access token: Authorization: Bearer',
  other_scheme:
    'Send an access token with the scheme Bearer; the token endpoint gives one for client id and secret',
  invalid_request: 'The Authorization header is malformed',
  malformed: 'The access token is malformed',
  wrong_type: 'This is not an access token',
  wrong_algorithm: 'The signing algorithm is not accepted',
  unknown_key: 'The signing key is unknown',
  bad_signature: 'The signature is wrong',
  bad_claim: 'A claim is missing or has the wrong type',
  wrong_issuer: 'The access token is from another issuer',
  wrong_audience: 'The access token is for another API',
  expired: 'The access token has expired',
  not_yet_valid:
    'The access token is not valid yet; do the clocks of its issuer and of this API agree?',
  bound: 'The access token is bound to a key and is no Bearer token',
  revoked: 'The access token has been revoked',
  insufficient_scope: 'The access token lacks a required scope',
  unavailable: 'Access tokens cannot be verified right now',
}
const STATUS = { unavailable: 503, invalid_request: 400, insufficient_scope: 403 }

/** A refusal. `reason` is a short stable word, the same in all languages. */
export class Rejection extends Error {
  // What the API says about itself, and what it asks for: never what the caller sent.
  realm = ''
  scope = ''

  /** `detail` is for the log, where its control characters must not forge lines. */
  constructor(reason, detail = '') {
    super(detail ? `${reason}: ${JSON.stringify(detail.slice(0, 400))}` : reason)
    this.name = 'Rejection'
    this.reason = reason
  }

  /** Itself, as the refusal of an API that asks for these scopes. */
  at(realm, scopes) {
    this.realm = realm
    this.scope ||= scopes.join(' ')
    return this
  }

  get status() {
    return STATUS[this.reason] ?? 401
  }

  /** The error code. None when no token came (RFC 6750 §3), or when the trouble is ours. */
  get error() {
    if (['no_token', 'other_scheme', 'unavailable'].includes(this.reason)) return undefined
    return this.reason in STATUS ? this.reason : 'invalid_token'
  }

  get description() {
    return DESCRIPTIONS[this.reason]
  }

  /** The value of `WWW-Authenticate`. Characters that do not fit are left out. */
  get challenge() {
    const params = [['realm', this.realm]]
    if (this.error) params.push(['error', this.error], ['error_description', this.description])
    if (this.scope) params.push(['scope', this.scope])
    const fitting = (value) => value.replace(/[^ !#-[\]-~]/g, '')
    return `Bearer ${params.map(([name, value]) => `${name}="${fitting(value)}"`).join(', ')}`
  }

  get headers() {
    const told =
      this.status === 503
        ? { 'Retry-After': String(RETRY_AFTER_S) }
        : { 'WWW-Authenticate': this.challenge }
    return { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...told }
  }

  /** JSON, and never empty: popular clients fail on an empty one. */
  get body() {
    const ours = this.status === 503 ? 'temporarily_unavailable' : 'missing_token'
    return JSON.stringify({ error: this.error ?? ours, error_description: this.description })
  }

  /** The whole answer, where answers are of the kind of `fetch`. */
  toResponse() {
    return new Response(this.body, { status: this.status, headers: this.headers })
  }
}
