/**
 * A look-up as a promise: abortable, with a time limit, and settled exactly once.
 *
 * ```
 *             ┌─ done ──────▶ resolved, or rejected by the name service
 *   pending ──┼─ abort ─────▶ rejected with the signal's reason ┐ the addon forgets it: queued, it never runs;
 *             └─ time's up ─▶ rejected, ERR_POLLUX_TIMEOUT      ┘ begun, its result is freed when it comes
 * ```
 */
import type { LookupDone } from '@pollux/native-poll'
import { onAbort } from '../abort.js'
import { invalidArgType, invalidArgValue } from '../errors.js'
import { native } from '../native.js'
import { systemError } from '../system-error.js'
import { checkInteger } from '../validate.js'
import { checkWaitOptions, type WaitOptions } from '../wait-options.js'
import { type LookupSubject, lookupError, lookupTimeout } from './lookup-error.js'

/**
 * Runs one look-up off the event loop.
 *
 * @param start begins it and gives its ticket, or `-errno`
 */
export function lookUp<T>(
  subject: LookupSubject,
  options: WaitOptions,
  start: (done: LookupDone<T>) => number,
): Promise<T> {
  const { signal, timeoutMs } = checkWaitOptions(options)
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let timer: NodeJS.Timeout | undefined
    let forgetSignal: (() => void) | undefined
    const tidy = () => {
      clearTimeout(timer)
      forgetSignal?.()
    }
    const ticket = start((failure, result) => {
      tidy()
      if (failure === null) resolve(result)
      else reject(lookupError(failure, subject))
    })
    const giveUp = (reason: unknown) => {
      native.cancelLookup(ticket)
      tidy()
      reject(reason)
    }
    if (ticket < 0) return reject(systemError(ticket, subject.syscall))
    if (timeoutMs !== undefined)
      timer = setTimeout(() => giveUp(lookupTimeout(timeoutMs, subject)), timeoutMs)
    if (signal) forgetSignal = onAbort(signal, () => giveUp(signal.reason))
  })
}

/** `value` if it can be part of a question to a name service: no NUL, and fewer than `maxBytes` bytes of UTF-8. */
export function checkName(value: unknown, name: string, maxBytes: number): string {
  if (typeof value !== 'string') throw invalidArgType(name, 'of type string', value)
  if (value.includes('\0')) throw invalidArgValue(name, 'must not contain NUL bytes', value)
  if (Buffer.byteLength(value) >= maxBytes) {
    throw invalidArgValue(name, `must be shorter than ${maxBytes} bytes`, value)
  }
  return value
}

/** `value` if it is an int of C, for flags and families; else throws ERR_INVALID_ARG_TYPE or ERR_OUT_OF_RANGE. */
export function checkInt(value: unknown, name: string): number {
  return checkInteger(value, name, -(2 ** 31), 2 ** 31 - 1)
}
