/**
 * Opens a file, and passes the open file to the process that listens on a Unix socket:
 * fd-send.js --path PATH --file FILE
 */
import { closeSync, openSync } from 'node:fs'
import { AF_UNIX, SOCK_STREAM, socket } from '@pollux/core'
import { readFlags } from './flags.js'

const { path, file } = readFlags({ path: undefined, file: undefined })
const fd = openSync(file, 'r')
using connection = socket(AF_UNIX, SOCK_STREAM)
await connection.connect({ path })
// On a stream, control data travels with at least one byte of data.
await connection.sendmsg({ data: Buffer.alloc(1), control: [{ type: 'SCM_RIGHTS', fds: [fd] }] })
closeSync(fd) // the receiver has a descriptor of its own for the same open file
