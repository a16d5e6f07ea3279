// Asks the issuer: `GET`, within bounds of time and size. It follows no redirect, and decides
// nothing about what it has read.

const USER_AGENT = 'hallpass-verifier-node/0.1'

/** Nothing usable came back. `status` is that of the answer, if there was one. */
export class FetchError extends Error {
  constructor(why, status) {
    super(why)
    this.status = status
  }
}

/** The URL, if whoever is on the way cannot put in keys of his own. Throws TypeError. */
export function checked(url, allowPlainHttp) {
  let parts
  try {
    parts = new URL(url)
  } catch {
    throw new TypeError(`${url} is not an absolute http or https URL`)
  }
  if (!['http:', 'https:'].includes(parts.protocol)) {
    throw new TypeError(`${url} is not an absolute http or https URL`)
  }
  if (url.includes('#') || parts.username || parts.password) {
    throw new TypeError(`${url} has a fragment or a login`)
  }
  if (parts.protocol === 'http:' && !allowPlainHttp && !isLoopback(parts.hostname)) {
    throw new TypeError(`${url}: keys are fetched over https, except from this machine itself`)
  }
  return parts
}

function isLoopback(host) {
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost|.*\.localhost)$/.test(host)
}

export class Fetch {
  #fetch
  #ended

  /** `ended` is the signal after which nothing is asked any more. */
  constructor(fetch, ended) {
    this.#fetch = fetch
    this.#ended = ended
  }

  /** Asks, and hands the answer to `take`, with a function that puts off its deadline. */
  async get(url, within, { accept, etag }, take) {
    const controller = new AbortController()
    let timer
    const putOff = (by) => {
      clearTimeout(timer)
      timer = setTimeout(() => controller.abort(new FetchError(`nothing within ${by} ms`)), by)
      timer.unref?.()
    }
    const end = () => controller.abort(new FetchError('the verifier was closed'))
    this.#ended.addEventListener('abort', end)
    putOff(within)
    try {
      if (this.#ended.aborted) end()
      const headers = { accept, 'user-agent': USER_AGENT }
      if (etag !== undefined) headers['if-none-match'] = etag
      const { signal } = controller
      const answer = await this.#fetch(url, { headers, signal, redirect: 'manual', cache: 'no-store' })
      return await take(answer, putOff)
    } catch (error) {
      if (controller.signal.aborted) throw controller.signal.reason
      if (error instanceof TypeError) {
        throw new FetchError(`${error.message}${error.cause ? `: ${error.cause.message}` : ''}`)
      }
      throw error
    } finally {
      clearTimeout(timer)
      this.#ended.removeEventListener('abort', end)
      // Whatever of the body was not read is not wanted.
      controller.abort()
    }
  }

  /** A whole JSON document, and the headers that came with it. */
  document(url, within, atMost) {
    return this.get(url, within, { accept: 'application/json' }, async (answer) => {
      if (answer.status !== 200) throw new FetchError(`status ${answer.status}`, answer.status)
      return { document: await whole(answer, atMost), headers: answer.headers }
    })
  }
}

/** A body of at most so many bytes. */
export async function whole(answer, atMost) {
  const pieces = []
  let length = 0
  for await (const piece of answer.body ?? []) {
    length += piece.length
    if (length > atMost) throw new FetchError(`an answer of more than ${atMost} bytes`)
    pieces.push(piece)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
