/**
 * A datagram server that numbers lines: each datagram is one, and so is each answer.
 *
 *     node examples/dist/datagram-lines.js [--host H] [--port P] [--unix PATH]
 */
import { parseArgs } from 'node:util'
import { createDatagramServer, type DatagramCodec } from '@pollux/framework'

const { values: flags } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '7000' },
    unix: { type: 'string' },
  },
})

/** A line, with or without its end; a datagram of another kind is ignored. */
const line: DatagramCodec<string> = {
  decode(data) {
    const text = data.toString().replace(/\r?\n$/, '')
    return text === '' || text.includes('\n') ? undefined : text
  },
  encode: (text, output) => output.text(`${text}\n`),
}

const server = createDatagramServer({
  codec: line,
  state: () => ({ count: 0 }),
  message(socket, text) {
    socket.state.count++
    socket.reply(`${socket.state.count} ${text.toUpperCase()}`)
  },
})

const target =
  flags.unix === undefined ? { host: flags.host, port: Number(flags.port) } : { path: flags.unix }
const address = await server.listen(target)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close({ deadlineMs: 500 }))
console.log('path' in address ? `listening on ${address.path}` : `listening on port ${address.port}`)
