// How long the verifier waits for what, and what time it is. How long a token or the feed is
// believed is never decided here.

/** The clock of the machine; a test brings another. */
export const systemClock = {
  /** Seconds since 1970. May jump. */
  unixS: () => Date.now() / 1000,
  /** Seconds since an arbitrary start. Never jumps. */
  monotonicS: () => performance.now() / 1000,
}

/** Limits of patience with the issuer, in milliseconds. */
export const TIMING = {
  request: 10_000,
  snapshot: 60_000,
  // A stream that brings nothing new for this long is given up.
  stall: 5_000,
  retryFirst: 100,
  retryMost: 5_000,
  unknownKeyWait: 2_000,
  // Between two fetches that unknown keys cause, once three have been used up.
  unknownKeyApart: 10_000,
}

/** How long to wait after so many failures in a row. */
export function retry(timing, failures, most = 0) {
  const step = timing.retryFirst * 2 ** Math.min(Math.max(failures - 1, 0), 30)
  return jittered(Math.min(step, Math.max(most, timing.retryMost)))
}

/** Between half of it and the whole, so that a thousand verifiers never ask in step. */
export function jittered(whole) {
  return whole * (0.5 + Math.random() / 2)
}

/** Somebody waits for something that somebody else brings about. */
export class Changes {
  #waiting = new Set()

  /** Tells those who wait. */
  tell() {
    for (const wake of [...this.#waiting]) wake()
  }

  /** Whether it holds within so many milliseconds. */
  async until(holds, within) {
    if (holds()) return true
    return new Promise((resolve) => {
      const end = (held) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(held)
      }
      const look = () => holds() && end(true)
      const timer = setTimeout(() => end(holds()), within)
      this.#waiting.add(look)
    })
  }
}
