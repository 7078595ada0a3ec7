/** Inline commands: words between spaces, and quoted ones with escapes, as redis-cli users know them. */

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' }

const SPACES = new Set([' ', '\n', '\r', '\t', '\v', '\f'])

/**
 * The words of a line; undefined when a quote is not closed, or something follows it that is no space.
 *
 * @param line one character (latin1) for each byte
 */
export function splitArguments(line: string): string[] | undefined {
  const words: string[] = []
  let at = 0
  for (;;) {
    while (at < line.length && SPACES.has(line[at])) at++
    if (at === line.length) return words
    let word = ''
    let plainFrom = at
    for (; at < line.length && !SPACES.has(line[at]); at++) {
      const quote = line[at]
      if (quote !== '"' && quote !== "'") continue
      word += line.slice(plainFrom, at)
      const end = endOfQuoted(line, at + 1, quote)
      if (end < 0 || (end + 1 < line.length && !SPACES.has(line[end + 1]))) return undefined
      word += unescaped(line.slice(at + 1, end), quote)
      at = end
      plainFrom = end + 1
    }
    words.push(word + line.slice(plainFrom, at))
  }
}

function endOfQuoted(line: string, from: number, quote: string): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === quote) return at
    if (line[at] === '\\' && (quote === '"' || line[at + 1] === "'")) at++
  }
  return -1
}

function unescaped(text: string, quote: string): string {
  if (quote === "'") return text.replaceAll("\\'", "'")
  return text.replace(/\\(?:x([\da-fA-F]{2})|([\s\S]))/g, (_, hex, character) =>
    hex === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
