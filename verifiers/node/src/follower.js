// Follows the feed: joins the stream, and fetches the snapshot when the stream cannot go on. What
// an event means is decided in `knowledge`.

import { FetchError, whole } from './fetch.js'
import { Step } from './knowledge.js'
import { SseReader, Unreadable } from './sse.js'
import { retry } from './timing.js'

const SNAPSHOT_MOST_BYTES = 128 * 1024 * 1024
// After so many attempts that brought nothing new the snapshot is fetched as well: a proxy may be
// holding the stream back.
const FRUITLESS = 2
// A stream that has lived for so long was a good one.
const STEADY = 1_000
// A whole snapshot is asked for again this often, while an entry is not understood.
const NOT_UNDERSTOOD_AGAIN = 60_000
const PRUNE_EVERY = 300_000

export class Follower {
  #knowledge
  #fetch
  #timing
  #log
  #ended
  #tag
  #snapshotDue = true
  #failures = 0
  #fruitless = 0
  #gapAfter
  #progress = false
  #wholeAt = 0
  #prunedAt = performance.now()
  lastError
  snapshots = 0
  streams = 0
  gaps = 0
  unreadable = 0

  constructor({ knowledge, fetch, timing, log, ended }) {
    this.#knowledge = knowledge
    this.#fetch = fetch
    this.#timing = timing
    this.#log = log
    this.#ended = ended
  }

  /** Until it is told to stop. */
  async run() {
    const knowledge = this.#knowledge
    const isOver = () => this.#ended.aborted
    while (!isOver()) {
      if (knowledge.uri === undefined) {
        await knowledge.changes.until(() => isOver() || knowledge.uri !== undefined, 60_000)
        continue
      }
      await this.#turn(knowledge.uri)
      if (performance.now() - this.#prunedAt > PRUNE_EVERY) {
        knowledge.prune()
        this.#prunedAt = performance.now()
      }
      await knowledge.changes.until(isOver, retry(this.#timing, this.#failures))
    }
  }

  async #turn(uri) {
    this.#progress = false
    let began = Infinity
    let step
    try {
      await this.#snapshot(uri)
      began = performance.now()
      step = await this.#stream(uri)
    } catch (error) {
      // Whatever it is, a reader that has ended would be blind for ever.
      if (error instanceof Unreadable) this.unreadable += 1
      if (error.message !== this.lastError && !this.#ended.aborted) {
        this.#log.warn(`The revocation feed is interrupted: ${error.message}`)
      }
      this.lastError = error.message
    }
    this.#failures = performance.now() - began >= STEADY ? 1 : this.#failures + 1
    this.#fruitless = this.#progress ? 0 : this.#fruitless + 1
    if (step === Step.GAP) {
      this.gaps += 1
      const { applied } = this.#knowledge
      this.#snapshotDue ||= this.#gapAfter === applied || !this.#progress
      this.#gapAfter = applied
    } else if (step === Step.START_OVER) {
      this.#snapshotDue = true
    } else {
      this.#snapshotDue ||= this.#fruitless >= FRUITLESS
    }
  }

  async #snapshot(uri) {
    const knowledge = this.#knowledge
    if (knowledge.applied !== undefined && !this.#snapshotDue) return
    const etag = this.#tag?.seq === knowledge.applied ? this.#tag?.etag : undefined
    const wanted = { accept: 'application/json', etag }
    await this.#fetch.get(uri, this.#timing.request, wanted, async (answer, putOff) => {
      const confirmedS = number(answer.headers.get('hallpass-as-of'))
      if (answer.status === 304 && etag !== undefined && confirmedS !== undefined) {
        this.#progress = knowledge.fresh(confirmedS) || this.#progress
        return
      }
      if (answer.status !== 200) {
        throw new FetchError(`the snapshot: status ${answer.status}`, answer.status)
      }
      putOff(this.#timing.snapshot)
      knowledge.adopt(await whole(answer, SNAPSHOT_MOST_BYTES), confirmedS)
      this.snapshots += 1
      this.#wholeAt = performance.now()
      const tag = answer.headers.get('etag')
      this.#tag = tag === null ? undefined : { etag: tag, seq: knowledge.applied }
    })
    this.#snapshotDue = false
  }

  #stream(uri) {
    const knowledge = this.#knowledge
    knowledge.connected()
    const url = `${uri}/stream?after=${knowledge.applied}`
    const wanted = { accept: 'text/event-stream' }
    return this.#fetch.get(url, this.#timing.request, wanted, async (answer, putOff) => {
      if (answer.status !== 200) {
        throw new FetchError(`the stream: status ${answer.status}`, answer.status)
      }
      const kind = (answer.headers.get('content-type') ?? '').split(';')[0].trim().toLowerCase()
      if (kind !== 'text/event-stream') throw new FetchError('the stream is not text/event-stream')
      this.streams += 1
      const reader = new SseReader()
      putOff(this.#timing.stall)
      for await (const piece of answer.body ?? []) {
        for (const event of reader.push(piece)) {
          const step = knowledge.read(event)
          if (step === Step.GAP || step === Step.START_OVER) return step
          // Only news count: whoever sends but comments may be cut off himself.
          if (step !== Step.NOTHING) putOff(this.#timing.stall)
          if (step === Step.NEWS) {
            this.#progress = true
            this.lastError = undefined
          }
        }
        const isWholeDue = performance.now() - this.#wholeAt >= NOT_UNDERSTOOD_AGAIN
        if (knowledge.notUnderstood > 0 && isWholeDue) return Step.START_OVER
      }
      throw new FetchError('the stream has ended')
    })
  }
}

function number(text) {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
