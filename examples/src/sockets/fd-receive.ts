/** Receives an open file on a Unix socket, and prints what is in it: fd-receive.js --path PATH */
import { readFileSync, rmSync } from 'node:fs'
import { AF_UNIX, CMSG_SPACE, SOCK_STREAM, type Socket, socket } from '@pollux/core'
import { readFlags } from './flags.js'

async function receiveFd(connection: Socket) {
  const { control } = await connection.recvmsg({ buffers: Buffer.alloc(1), controlBytes: CMSG_SPACE(4) })
  for (const message of control) {
    if (message.type === 'SCM_RIGHTS') return message.fds[0]
  }
  throw new Error('no file came')
}

const { path } = readFlags({ path: undefined })
using listener = socket(AF_UNIX, SOCK_STREAM)
listener.bind({ path })
listener.listen(1)
console.log(`listening on ${path}`)
const { socket: client } = await listener.accept()
using connection = client
rmSync(path)
using file = await receiveFd(connection)
process.stdout.write(readFileSync(file.fd))
