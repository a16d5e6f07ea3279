// An API on Express that only good tokens reach.
import express from 'express'
import { expressGuard, Verifier } from 'hallpass-verifier'

const verifier = new Verifier({ issuer: process.env.ISSUER, audience: 'https://api.example.com' })
const app = express()

app.get('/v1/books', expressGuard(verifier, 'books:read'), (request, response) => {
  response.type('text').send(`books of ${request.caller.organization}\n`)
})

app.listen(process.env.PORT, '127.0.0.1')
