// Serves the handler of `examples/fetch.js` by Node's own server.

import { createServer } from 'node:http'

import api from '../examples/fetch.js'

const server = createServer(async (incoming, response) => {
  const headers = new Headers()
  for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at], incoming.rawHeaders[at + 1])
  }
  const { method, url } = incoming
  const answer = await api.fetch(new Request(`http://localhost${url}`, { method, headers }))
  response.writeHead(answer.status, [...answer.headers])
  response.end(await answer.text())
})

server.listen(Number(process.env.PORT), '127.0.0.1')
