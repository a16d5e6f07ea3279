/** What can be chosen about a verifier: docs/reference/verifiers.md. */
export interface Options {
  issuer: string
  audience: string | readonly string[]
  maxStalenessS?: number
  whenStale?: 'fail_closed' | 'fail_open'
  revocations?: 'if_offered' | 'required' | 'off'
  leewayS?: number
  algorithms?: readonly Algorithm[]
  acceptJwtType?: boolean
  realm?: string
  cacheAtMost?: number
  allowPlainHttp?: boolean
  /** Asks the issuer in place of the global `fetch`, for private CAs and proxies. */
  fetch?: typeof globalThis.fetch
  log?: Log
  timing?: Partial<Timing>
  clock?: Clock
}

export type Algorithm = 'ES256' | 'RS256' | 'EdDSA'

/** `console` is one. Unless set, warnings and errors go there. */
export interface Log {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** Limits of patience with the issuer, in milliseconds. */
export interface Timing {
  request: number
  snapshot: number
  stall: number
  retryFirst: number
  retryMost: number
  unknownKeyWait: number
  unknownKeyApart: number
}

/** Tells the time on two scales; for tests. */
export interface Clock {
  unixS(): number
  monotonicS(): number
}

/** The claims of a verified token (RFC 9068 §2.2). */
export interface Claims {
  iss: string
  aud: string | string[]
  sub: string
  client_id: string
  jti: string
  iat: number
  exp: number
  nbf?: number
  scope?: string
  gen?: number
  org?: string
  [name: string]: unknown
}

/** Who called. */
export class Caller {
  readonly claims: Claims
  readonly clientId: string
  readonly organization: string | undefined
  /** The `jti`, fit for logs. */
  readonly tokenId: string
  readonly scopes: string[]
  hasScope(scope: string): boolean
  /** Itself, if it has all of these scopes. Throws Rejection. */
  require(...scopes: string[]): this
}

/** Why a request is refused: its message is for the log, the rest for the caller. */
export class Rejection extends Error {
  constructor(reason: string, detail?: string)
  readonly reason: string
  readonly status: 400 | 401 | 403 | 503
  readonly error: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | undefined
  readonly description: string
  readonly challenge: string
  readonly headers: Record<string, string>
  readonly body: string
  toResponse(): Response
}

export interface Status {
  ready: boolean
  issuer: string
  keys: string[]
  key_fetches: number
  last_key_error: string | null
  feed: {
    offered: boolean | null
    seq: number | null
    as_of_s: number | null
    staleness_s: number | null
    blind: boolean
    stale: boolean
    entries: number
    not_understood: number
    snapshots: number
    streams: number
    gaps: number
    unreadable: number
  }
  last_feed_error: string | null
  accepted: number
  refused: Record<string, number>
  cached_tokens: number
}

/** Checks access tokens in front of an API. Make one when the program starts. */
export class Verifier {
  /** Throws TypeError for what would be no protection; an issuer that is away is no error. */
  constructor(options: Options)
  readonly realm: string
  /** Rejects with a Rejection. */
  check(authorization: string | null | undefined, ...scopes: string[]): Promise<Caller>
  /** As `check`, with all values of the header: two are refused. */
  checkAll(values: readonly string[] | undefined, ...scopes: string[]): Promise<Caller>
  /** Whether tokens can be verified within so many milliseconds. */
  ready(within: number): Promise<boolean>
  /** Whether this entry of the feed is applied within so many milliseconds. */
  applied(seq: number, within: number): Promise<boolean>
  status(): Status
  close(): Promise<void>
}

interface Incoming {
  headers: { authorization?: string }
  headersDistinct?: { authorization?: string[] }
  caller?: Caller
}
interface Outgoing {
  statusCode: number
  headersSent: boolean
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}
interface Reply {
  code(status: number): { headers(values: Record<string, string>): { send(body: string): unknown } }
}

/** A middleware for Express; the handler finds the caller at `request.caller`. */
export function expressGuard(
  verifier: Verifier,
  ...scopes: string[]
): (request: any, response: any, next: (error?: unknown) => void) => void

/** An error middleware for Express: answers a Rejection that `caller.require` threw. */
export function refuse(
  error: unknown,
  request: Incoming,
  response: Outgoing,
  next: (error?: unknown) => void,
): unknown

/** A hook for Fastify's `onRequest`; the handler finds the caller at `request.caller`. */
export function fastifyGuard(
  verifier: Verifier,
  ...scopes: string[]
): (request: any, reply: any) => Promise<unknown>

/** For Fastify's `setErrorHandler`: answers a Rejection that `caller.require` threw. */
export function fastifyRefuse(error: unknown, request: unknown, reply: Reply): unknown

/** Wraps a handler that takes a `Request`: it gets the caller as its second argument. */
export function fetchGuard<Rest extends unknown[]>(
  verifier: Verifier,
  handler: (request: Request, caller: Caller, ...rest: Rest) => Response | Promise<Response>,
  ...scopes: string[]
): (request: Request, ...rest: Rest) => Promise<Response>

declare global {
  namespace Express {
    interface Request {
      caller?: Caller
    }
  }
}
