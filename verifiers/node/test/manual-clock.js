/** A clock that stands still until it is told to move. */
export function manualClock(unixS) {
  let passedS = 0
  return {
    unixS: () => unixS,
    monotonicS: () => passedS,
    /** Time passes. */
    advance(byS) {
      unixS += byS
      passedS += byS
    },
    /** Somebody sets the clock on the wall. */
    jump(byS) {
      unixS += byS
    },
  }
}

export const SILENT = { info() {}, warn() {}, error() {} }
