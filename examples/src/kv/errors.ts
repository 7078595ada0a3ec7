/** What clients are told of requests that can't be commands. */
import { ReplyError } from './reply.js'
import type { Request } from './request.js'

/** How much of a client's mistake an error quotes. */
const QUOTED = 128

export function unknownCommand(request: Request): ReplyError {
  let args = ''
  for (let i = 1; i < request.count && args.length < QUOTED; i++) {
    args += `'${request.text(i).slice(0, QUOTED - args.length)}' `
  }
  const name = request.text(0).slice(0, QUOTED)
  return new ReplyError(`ERR unknown command '${name}', with args beginning with: ${args}`)
}

export function unknownSubcommand(command: string, name: string): ReplyError {
  return new ReplyError(`ERR unknown subcommand '${name.slice(0, QUOTED)}'. Try ${command} HELP.`)
}

export function wrongNumber(name: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${name}' command`)
}

export function notWhileSubscribed(name: string): ReplyError {
  return new ReplyError(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  )
}
