// An API on Fastify that only good tokens reach.
import Fastify from 'fastify'
import { fastifyGuard, Verifier } from 'hallpass-verifier'

const verifier = new Verifier({ issuer: process.env.ISSUER, audience: 'https://api.example.com' })
const app = Fastify()

app.get('/v1/books', { onRequest: fastifyGuard(verifier, 'books:read') }, async (request) => {
  return `books of ${request.caller.organization}\n`
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
