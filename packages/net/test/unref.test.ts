// A socket that does not keep the process alive is closed to the end all the same, as one of Node's is.
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { Child, endChildren } from '../../native-poll/test/support/child.js'
import { listeningPeer } from '../../native-poll/test/support/peer.js'
import { leaveNothingBehind } from './support/leaks.js'

leaveNothingBehind()
afterEach(endChildren)

const PROGRAM = `
  const [over, port] = process.argv.slice(1)
  const net = await import(over)
  const socket = net.connect(Number(port), '127.0.0.1', () => {
    socket.unref()
    setImmediate(() => socket.destroy(new Error('enough')))
  })
  socket.on('error', (error) => console.log(error.message))
  socket.on('close', () => console.log('close'))`

it.each(['node:net', '@pollux/net'])(
  '%s tells of the close of a socket that is unreferenced',
  async (over) => {
    const { port } = await listeningPeer({ host: '127.0.0.1', port: 0 })
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const args = ['--input-type=module', '-e', PROGRAM, over, String(port)]
    const child = Child.run(process.execPath, args, { cwd })
    expect([await child.awaitExit(), child.output, child.errors]).toEqual([0, 'enough\nclose\n', ''])
  },
)
