// An issuer on this machine whose feed says what a test wants it to say, to the byte.

import { createServer } from 'node:http'

export const now = () => Math.floor(Date.now() / 1000)

/** Metadata, keys, a snapshot, and one script per connection of the stream. */
export class UnrulyIssuer {
  asked = []
  lies = {}
  // Each a list of pieces to send, or one piece to send for ever as `{ drip }`; then the
  // connection is held, or ended by null.
  streams = []
  snapshot = { seq: 1, as_of: now(), entries: [] }
  #waiting = new Set()
  #drips = new Set()
  #server = createServer((request, response) => this.#answer(request, response))

  constructor(jwks) {
    this.jwks = JSON.stringify(jwks)
  }

  async listen() {
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${this.#server.address().port}`
    return this
  }

  async close() {
    for (const drip of this.#drips) clearInterval(drip)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** How often it was asked for this. */
  count(path) {
    return this.asked.filter((one) => one === path).length
  }

  /** Whether it was asked for this so often within ten seconds. */
  untilAsked(path, times = 1) {
    return new Promise((resolve) => {
      const look = () => {
        if (this.count(path) < times) return
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(true)
      }
      const timer = setTimeout(() => resolve(false), 10_000)
      this.#waiting.add(look)
      look()
    })
  }

  #answer({ url }, response) {
    this.asked.push(url)
    for (const look of [...this.#waiting]) look()
    if (this.lies[url]) {
      const [status, headers, body] = this.lies[url]
      response.writeHead(status, headers)
      if (headers['content-length']) response.write(body)
      else response.end(body)
    } else if (url === '/.well-known/oauth-authorization-server') {
      const feed = `${this.url}/revocations`
      response.end(JSON.stringify({
        issuer: this.url,
        jwks_uri: `${this.url}/jwks`,
        revocation_feed_uri: feed,
      }))
    } else if (url === '/jwks') {
      response.end(this.jwks)
    } else if (url === '/revocations') {
      const { snapshot } = this
      response.end(typeof snapshot === 'string' ? snapshot : JSON.stringify(snapshot))
    } else if (url.startsWith('/revocations/stream')) {
      this.#stream(response)
    } else {
      response.writeHead(404).end()
    }
  }

  #stream(response) {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    for (const piece of this.streams.shift() ?? [beat(this.snapshot.seq)]) {
      if (piece === null) {
        response.end()
      } else if (piece.drip) {
        const drip = setInterval(() => response.write(piece.drip), 20)
        this.#drips.add(drip)
      } else {
        response.write(piece)
      }
    }
  }
}

export function event(name, members) {
  return `event: ${name}\ndata: ${JSON.stringify(members)}\n\n`
}

export const beat = (seq, as_of = now()) => event('heartbeat', { seq, as_of })
export const death = (seq, entry) => event('revocation', { ...entry, seq })
