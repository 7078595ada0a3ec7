// A redis-server to compare with, and commands as bytes.

import type { NetConnectOpts } from 'node:net'
import { join } from 'node:path'
import { Child } from '../../../packages/native-poll/test/support/child.js'
import { Peer } from '../../../packages/native-poll/test/support/peer.js'

/** Starts Redis on a Unix socket in a folder, with nothing kept on disk. */
export async function startRedis(folder: string): Promise<{ child: Child; path: string }> {
  const path = join(folder, 'redis.sock')
  const nothingKept = ['--save', '', '--appendonly', 'no', '--dir', folder]
  const child = Child.run('redis-server', ['--port', '0', '--unixsocket', path, ...nothingKept])
  await child.awaitOutput(/ready to accept connections/i)
  return { child, path }
}

/** One character (latin1) for each byte. */
export function commandBytes(args: readonly string[]): string {
  return `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`
}

const MARKER = '<-- the reply to one command ends here -->'

/** Sends all commands in one go; the bytes of each one's reply. */
export async function replies(
  to: NetConnectOpts,
  commands: readonly (readonly string[])[],
): Promise<string[]> {
  const peer = await Peer.connect(to)
  const echo = commandBytes(['ECHO', MARKER])
  void peer.send(Buffer.from(commands.map((args) => commandBytes(args) + echo).join(''), 'latin1'))
  await peer.send(commandBytes(['QUIT']))
  await peer.awaitEnd()
  const parts = peer.bytes.toString('latin1').split(`$${MARKER.length}\r\n${MARKER}\r\n`)
  const quit = parts.pop()
  if (quit !== '+OK\r\n') throw new Error(`not all commands were answered: ${JSON.stringify(quit)}`)
  return parts
}
