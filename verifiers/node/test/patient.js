// A guarded API whose patience is told from outside, and that says how its verifier is doing.

import express from 'express'
import { expressGuard, refuse, Verifier } from 'hallpass-verifier'

const { ISSUER, PORT, MAX_STALENESS_S = '3600', WHEN_STALE = 'fail_closed' } = process.env
const verifier = new Verifier({
  issuer: ISSUER,
  audience: 'https://api.example.com',
  maxStalenessS: Number(MAX_STALENESS_S),
  whenStale: WHEN_STALE,
})
const app = express()

app.get('/status', (_, response) => response.json(verifier.status()))
app.get('/v1/books', expressGuard(verifier), (request, response) => {
  const { organization } = request.caller.require('books:read')
  response.type('text').send(`books of ${organization}\n`)
})
app.use(refuse)

app.listen(PORT, '127.0.0.1')
