/** Patterns of keys and channels: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before what is to be itself. */

/**
 * Whether a text matches. No pattern makes it slow: only the last `*` is ever tried again, so it takes at most
 * the product of both lengths.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let i = 0
  let star = -1
  let starText = 0
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at++
      starText = i
      continue
    }
    const next = at < pattern.length ? matchOne(pattern, at, text[i]) : -1
    if (next >= 0) {
      at = next
      i++
    } else if (star >= 0) {
      at = star + 1
      i = ++starText
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}

/** Where the pattern goes on behind what matches this character; -1 if it does not. */
function matchOne(pattern: string, at: number, character: string): number {
  switch (pattern[at]) {
    case '?':
      return at + 1
    case '[':
      return matchClass(pattern, at + 1, character)
    case '\\':
      if (at + 1 < pattern.length) at++
  }
  return pattern[at] === character ? at + 1 : -1
}

function matchClass(pattern: string, at: number, character: string): number {
  const negated = pattern[at] === '^'
  if (negated) at++
  let found = false
  for (; at < pattern.length && pattern[at] !== ']'; at++) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      at++
      found ||= pattern[at] === character
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const [low, high] = [pattern[at], pattern[at + 2]].sort()
      found ||= character >= low && character <= high
      at += 2
    } else {
      found ||= pattern[at] === character
    }
  }
  return found === negated ? -1 : Math.min(at + 1, pattern.length)
}
