// The vectors that bind the verifiers of all languages.

import { readFileSync } from 'node:fs'

const FOLDER = new URL('../../../crates/token/vectors/', import.meta.url)

export function read(name) {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'))
}
