// Reads the feed's stream (Server-Sent Events, WHATWG HTML §9.2) as it arrives, in pieces of any
// size and within bounds.

import { isWhole, objectOf } from './strict-json.js'

const LONGEST_EVENT = 256 * 1024
const NAMES = ['revocation', 'heartbeat', 'reset']

/** The stream cannot be believed any further. */
export class Unreadable extends Error {}

export class SseReader {
  // A byte order mark at the beginning is taken away, as the standard says.
  #utf8 = new TextDecoder('utf-8', { fatal: true })
  #line = ''
  #name = ''
  #data = []
  #length = 0
  #afterCr = false

  #decoded(bytes) {
    try {
      return this.#utf8.decode(bytes, { stream: true })
    } catch {
      throw new Unreadable('the stream is not UTF-8')
    }
  }

  /** The events that end in these bytes. Throws Unreadable. */
  *push(bytes) {
    let text = this.#decoded(bytes)
    if (text === '') return
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1)
    this.#afterCr = text.endsWith('\r')
    const lines = text.split(/\r\n|\r|\n/)
    const rest = lines.pop()
    for (const part of lines) {
      this.#keep(part)
      const line = this.#line
      this.#line = ''
      if (line !== '') this.#field(line)
      else yield* this.#end()
    }
    this.#keep(rest)
  }

  #keep(part) {
    this.#line += part
    if (this.#length + this.#line.length > LONGEST_EVENT) {
      throw new Unreadable('an event is longer than 256 KiB')
    }
  }

  #field(line) {
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#name = value
    if (field === 'data') {
      this.#data.push(value)
      this.#length += value.length
    }
  }

  *#end() {
    const [name, data] = [this.#name, this.#data]
    this.#name = ''
    this.#data = []
    this.#length = 0
    if (data.length === 0 || !NAMES.includes(name)) return
    let members
    try {
      members = objectOf(data.join('\n'))
    } catch (error) {
      throw new Unreadable(`malformed event: ${error.message}`)
    }
    const { seq, ...others } = members
    if (!isWhole(seq) || (name === 'heartbeat' && !isWhole(others.as_of))) {
      throw new Unreadable('seq or as_of is not a whole number')
    }
    yield { name, seq, members: others }
  }
}
