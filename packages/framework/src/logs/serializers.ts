/** Errors and addresses as they stand in a log: nothing that a peer has sent is among it. */
import { formatAddress, type SocketAddress, SocketError } from '@pollux/core'

/** Frames of a stack that are logged. */
const MOST_FRAMES = 20

/** The value of `err` in a line. */
export interface LoggedError {
  type: string
  message: string
  code?: string
  syscall?: string
  stack?: string
}

/**
 * Of Pollux's own errors the message and the code, which say all: where the stack begins is always the event loop. Of others,
 * which are those of handlers, also the stack. Neither causes nor further properties: a parser's error may quote what it
 * was given.
 *
 * @param withText whether the message of an error that is not Pollux's is logged
 */
export function loggedError(error: unknown, withText: boolean): LoggedError {
  if (error instanceof SocketError) {
    const { name, message, code, syscall } = error
    return { type: name, message, code, ...(syscall === undefined ? {} : { syscall }) }
  }
  if (!(error instanceof Error)) {
    return { type: error === null ? 'null' : typeof error, message: withText ? textOf(error) : '' }
  }
  const { name, message, stack = '' } = error
  const { code } = error as { code?: unknown }
  return {
    type: name,
    message: withText ? message : '',
    ...(typeof code === 'string' ? { code } : {}),
    stack: framesOf(stack).join('\n'),
  }
}

/** A stack without its first lines, which repeat the message. */
function framesOf(stack: string): string[] {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.slice(0, MOST_FRAMES).map((line) => line.trim())
}

/** Whatever was thrown: also what can't be made a string. */
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** 'tcp://127.0.0.1:7000'. */
export function loggedAddress(address: SocketAddress | undefined): string | undefined {
  return address === undefined ? undefined : formatAddress(address)
}
