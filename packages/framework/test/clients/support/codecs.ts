// Small codecs of the tests' own: those of the framework are not the ones that are tested here.
import { type Codec, malformedFrame } from '@pollux/framework'

const LF = 0x0a

/** Lines of text. */
export const textLines: Codec<string> = {
  maxFrameBytes: 1024 * 1024,
  decode(input) {
    const at = input.bytes.indexOf(LF, input.start)
    if (at < 0 || at >= input.end) return undefined
    const line = input.text(input.start, at)
    input.start = at + 1
    return line
  },
  encode(line, output) {
    if (typeof line !== 'string') throw new TypeError('a line must be a string')
    output.text(`${line}\n`)
  },
}

/** What Redis answers. */
export type Reply = string | number | null | Error | Reply[]

/** RESP2, the client's side: commands out, replies in. */
export const resp: Codec<Reply, readonly string[]> = {
  maxFrameBytes: 1024 * 1024,
  decode(input) {
    const [reply, end] = parse(input.bytes, input.start, input.end)
    if (end < 0) return undefined
    input.start = end
    return reply
  },
  encode(command, output) {
    output.text(`*${command.length}\r\n`)
    for (const word of command) output.text(`$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  },
}

const INCOMPLETE: [Reply, number] = [null, -1]

/** The reply at `from`, and where it ends; -1 while it is incomplete. */
function parse(bytes: Buffer, from: number, to: number): [Reply, number] {
  const lineEnd = bytes.indexOf('\r\n', from)
  if (lineEnd < 0 || lineEnd + 2 > to) return INCOMPLETE
  const line = bytes.toString('latin1', from + 1, lineEnd)
  const next = lineEnd + 2
  switch (String.fromCharCode(bytes[from])) {
    case '+':
      return [line, next]
    case '-':
      return [new Error(line), next]
    case ':':
      return [Number(line), next]
    case '$': {
      const length = Number(line)
      if (length < 0) return [null, next]
      return next + length + 2 > to
        ? INCOMPLETE
        : [bytes.toString('utf8', next, next + length), next + length + 2]
    }
    case '*': {
      const items: Reply[] = []
      let at = next
      for (let i = 0; i < Number(line); i++) {
        const [item, end] = parse(bytes, at, to)
        if (end < 0) return INCOMPLETE
        items.push(item)
        at = end
      }
      return [items, at]
    }
    default:
      throw malformedFrame('no RESP2')
  }
}
