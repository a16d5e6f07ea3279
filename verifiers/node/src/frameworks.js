// Guards for Express, Fastify, and handlers of the kind of `fetch` (Hono, Deno, Bun, workers).

import { Rejection } from './rejection.js'

/** All values of the header: Node's `headers` shows only the first of two. */
function authorizations(incoming) {
  const { authorization } = incoming.headers
  return incoming.headersDistinct?.authorization ?? (authorization ? [authorization] : undefined)
}

/** A middleware for Express that lets only requests with a good token through; the handler finds
 * the caller at `request.caller`. */
export function expressGuard(verifier, ...scopes) {
  return (request, response, next) => {
    verifier.checkAll(authorizations(request), ...scopes).then(
      (caller) => {
        request.caller = caller
        next()
      },
      (error) => refuse(error, request, response, next),
    )
  }
}

/** Answers a Rejection that `caller.require` threw in a handler: an error middleware for Express. */
export function refuse(error, request, response, next) {
  if (!(error instanceof Rejection) || response.headersSent) return next(error)
  response.statusCode = error.status
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value)
  return response.end(error.body)
}

/** A hook for Fastify's `onRequest`; the handler finds the caller at `request.caller`. */
export function fastifyGuard(verifier, ...scopes) {
  return async (request, reply) => {
    try {
      request.caller = await verifier.checkAll(authorizations(request.raw), ...scopes)
    } catch (error) {
      return fastifyRefuse(error, request, reply)
    }
  }
}

/** Answers a Rejection that `caller.require` threw in a handler: for Fastify's `setErrorHandler`. */
export function fastifyRefuse(error, request, reply) {
  if (!(error instanceof Rejection)) throw error
  return reply.code(error.status).headers(error.headers).send(error.body)
}

/** Wraps a handler that takes a `Request`: it gets the caller as its second argument. */
export function fetchGuard(verifier, handler, ...scopes) {
  return async (request, ...rest) => {
    try {
      // Two headers come joined by a comma, which is in no token.
      const value = request.headers.get('authorization') ?? undefined
      const caller = await verifier.check(value, ...scopes)
      return await handler(request, caller, ...rest)
    } catch (error) {
      if (error instanceof Rejection) return error.toResponse()
      throw error
    }
  }
}
