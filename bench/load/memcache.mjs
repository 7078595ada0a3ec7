// What the scripts for memcached's protocol share: keys by chance, requests as text, replies of a fixed length.

/** As `pollux-bench resp … --keys 100000` takes them. */
const KEYS = 100_000
const VALUE = 'x'.repeat(64)

/** A small generator of random numbers (mulberry32), so that every run asks for the same keys. */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

function keyName(number) {
  return `key:${String(number).padStart(12, '0')}`
}

/**
 * A conversation.
 *
 * @param command the request for a key
 * @param reply what must come back for it
 */
export function converse(command, reply) {
  return (connection, replied) => {
    const next = random(connection + 1)
    const expected = []
    let rest = ''
    return {
      request(out) {
        const key = keyName(Math.floor(next() * KEYS))
        const text = command(key, VALUE)
        expected.push(reply(key, VALUE))
        out.text(text)
        return text.length
      },
      receive(bytes) {
        let text = rest + bytes.toString('latin1')
        while (expected.length > 0 && text.length >= expected[0].length) {
          const wanted = expected.shift()
          if (!text.startsWith(wanted)) {
            throw new Error(
              `answered ${JSON.stringify(text.slice(0, 80))} in place of ${JSON.stringify(wanted)}`,
            )
          }
          text = text.slice(wanted.length)
          replied()
        }
        rest = text
        if (expected.length === 0 && rest.length > 0)
          throw new Error(`more than was asked for: ${JSON.stringify(rest)}`)
      },
    }
  }
}
