/**
 * A protocol of one's own for `pollux-bench --script`: lines that come back, such as examples/dist/lines-echo.js sends.
 *
 *     pollux-bench tcp 127.0.0.1:7000 --script bench/generator/examples/lines.mjs
 *
 * A script is a module whose default export begins a conversation for each connection.
 */

/** What it speaks over: 'tcp', 'unix' or 'udp'. Without this line it may be any of them. */
export const protocol = 'tcp'

/**
 * @param {number} connection its number, from 0
 * @param {(failure?: string) => void} replied to be called for each reply that is complete; with a word, it counts as an
 *   error of that kind
 */
export default (connection, replied) => {
  let asked = 0
  let answered = 0
  let partial = ''

  return {
    /** Writes the next request. It may be asked for up to `--depth` before the first is answered. */
    request(out) {
      const line = `connection ${connection} line ${asked++}\n`
      out.text(line)
      return line.length
    },

    /** Some bytes that came, wherever the network has cut them. What this throws is reported as a wrong answer. */
    receive(bytes) {
      const lines = (partial + bytes.toString('latin1')).split('\n')
      partial = lines.pop()
      for (const line of lines) {
        if (line !== `connection ${connection} line ${answered}`)
          throw new Error(`${line} is not line ${answered}`)
        answered++
        replied()
      }
    },
  }
}
