/** Splits a command line into words as redis-cli does: 'a b' and "a\tb" are one each. */
import { UsageError } from '../usage-error.js'

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\u0007' }

/** @throws UsageError that says what is wrong with the line */
export function commandWords(line: string): string[] {
  const words: string[] = []
  let at = 0
  while (at < line.length) {
    const first = line[at] as string
    if (/\s/.test(first)) {
      at++
      continue
    }
    const [word, end] = first === '"' || first === "'" ? quoted(line, at) : bare(line, at)
    words.push(word)
    at = end
  }
  if (words.length === 0) throw new UsageError('the command is empty; give one such as --command "PING"')
  return words
}

function bare(line: string, from: number): [word: string, end: number] {
  const word = /^\S+/.exec(line.slice(from))?.[0] as string
  return [word, from + word.length]
}

function quoted(line: string, from: number): [word: string, end: number] {
  const quote = line[from]
  let word = ''
  let at = from + 1
  for (; at < line.length && line[at] !== quote; at++) {
    const escaped = line[at] === '\\' ? line[at + 1] : undefined
    if (escaped === undefined || (quote === "'" && escaped !== "'")) {
      word += line[at]
    } else {
      word += quote === "'" ? escaped : (ESCAPES[escaped] ?? escaped)
      at++
    }
  }
  if (at >= line.length) throw new UsageError(`the command ${line} has a ${quote} without an end`)
  if (at + 1 < line.length && !/\s/.test(line[at + 1] as string)) {
    throw new UsageError(`the command ${line} has no space after a closing ${quote}`)
  }
  return [word, at + 1]
}
