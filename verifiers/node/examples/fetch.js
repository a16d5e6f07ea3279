// An API as a handler of the kind of `fetch` (Hono, Deno, Bun, Next.js) that only good tokens reach.
import { fetchGuard, Verifier } from 'hallpass-verifier'

const verifier = new Verifier({ issuer: process.env.ISSUER, audience: 'https://api.example.com' })

async function books(request, caller) {
  return new Response(`books of ${caller.require('books:read').organization}\n`)
}

export default { fetch: fetchGuard(verifier, books) }
