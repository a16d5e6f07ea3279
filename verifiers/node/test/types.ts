// What a user of the types writes: compiled, never run.

import { type Caller, fetchGuard, Rejection, Verifier } from 'hallpass-verifier'

const verifier = new Verifier({
  issuer: 'https://auth.example.com',
  audience: ['https://api.example.com'],
  whenStale: 'fail_open',
})

export const handler: (request: Request) => Promise<Response> = fetchGuard(
  verifier,
  (_, caller: Caller) => new Response(`books of ${caller.require('books:read').organization}`),
)

export async function reason(authorization: string): Promise<string> {
  try {
    const caller = await verifier.check(authorization, 'books:read')
    return caller.claims.jti
  } catch (error) {
    return error instanceof Rejection ? error.reason : 'other'
  }
}

// @ts-expect-error: there is no such policy.
new Verifier({ issuer: 'https://auth.example.com', audience: 'a', whenStale: 'open' })
