// JSON without second readings: an object that names a member twice is refused, at every level
// (RFC 7515 §4, RFC 7519 §4), since two readers could each believe a different one.

// A byte order mark stays, so that it is refused.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The members of an object, from bytes or text. Throws SyntaxError or TypeError. */
export function objectOf(source) {
  const text = typeof source === 'string' ? source : UTF8.decode(source)
  const value = JSON.parse(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new SyntaxError('not an object')
  }
  refuseTwins(text)
  return value
}

/** Walks through text that is known to be JSON, so that only the names need to be looked at. */
function refuseTwins(text) {
  const open = []
  let expectsName = false
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at]
    if (c === '"') {
      const start = at
      do at += text[at] === '\\' ? 2 : 1
      while (text[at] !== '"')
      if (expectsName) {
        const name = JSON.parse(text.slice(start, at + 1))
        if (open.at(-1).has(name)) throw new SyntaxError('a member appears twice')
        open.at(-1).add(name)
        expectsName = false
      }
    } else if (c === '{' || c === '[') {
      open.push(c === '{' ? new Set() : null)
      expectsName = c === '{'
    } else if (c === '}' || c === ']') {
      open.pop()
      expectsName = false
    } else if (c === ',') {
      expectsName = open.at(-1) !== null
    }
  }
}

/** Whether it is a whole number that is not negative. */
export function isWhole(value, atMost = Number.MAX_SAFE_INTEGER) {
  return Number.isSafeInteger(value) && value >= 0 && value <= atMost
}
