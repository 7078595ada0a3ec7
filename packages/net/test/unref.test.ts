// A socket that does not keep the process alive is closed to the end all the same, as one of Node's is.
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { Child, endChildren } from '../../native-poll/test/support/child.js'

afterEach(endChildren)

const PROGRAM = `
  const net = await import(process.argv[1])
  const server = net.createServer((socket) => socket.resume().on('error', () => {})).listen(0, () => {
    const socket = net.connect(server.address().port, () => {
      server.close().unref()
      socket.unref()
      queueMicrotask(() => socket.destroy(new Error('enough')))
    })
    socket.on('error', (error) => console.log(error.message))
    socket.on('close', () => console.log('close'))
  })`

it.each(['node:net', '@pollux/net'])(
  '%s tells of the close of a socket that is unreferenced',
  async (over) => {
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    const child = Child.run(process.execPath, ['--input-type=module', '-e', PROGRAM, over], { cwd })
    expect([await child.awaitExit(), child.output, child.errors]).toEqual([0, 'enough\nclose\n', ''])
  },
)
