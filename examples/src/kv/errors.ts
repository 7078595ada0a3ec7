/** What clients are told of requests that can't be commands. */
import { ReplyError } from './reply.js'
import type { Request } from './request.js'

/** How much of a client's mistake an error quotes. */
const QUOTED = 128

export function unknownCommand(request: Request): ReplyError {
  let args = ''
  for (let i = 1; i < request.count && args.length < QUOTED; i++) {
    args += `'${quoted(request.text(i), QUOTED - args.length)}' `
  }
  const name = quoted(request.text(0), QUOTED)
  return new ReplyError(`ERR unknown command '${name}', with args beginning with: ${args}`)
}

export function unknownSubcommand(command: string, name: string): ReplyError {
  return new ReplyError(`ERR unknown subcommand '${quoted(name, QUOTED)}'. Try ${command} HELP.`)
}

/** Up to the first byte that ends a string in C, as with Redis. */
function quoted(text: string, most: number): string {
  return text.slice(0, most).split('\0', 1)[0]
}

export function wrongNumber(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`)
}

export function notWhileSubscribed(name: string): ReplyError {
  return new ReplyError(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  )
}
