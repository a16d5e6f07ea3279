// Checks access tokens in front of an API (RFC 9068, RFC 6750), and hears within a second when one
// has died. A request costs no network call.

export { expressGuard, fastifyGuard, fastifyRefuse, fetchGuard, refuse } from './src/frameworks.js'
export { Rejection } from './src/rejection.js'
export { Caller, Verifier } from './src/verifier.js'
