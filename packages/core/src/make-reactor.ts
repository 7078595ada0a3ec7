/** The addon's half of a loop, or why there is none. */
import type { NativeReactor, ReactorOptions } from '@pollux/native-poll'
import { native } from './native.js'
import { systemError } from './system-error.js'

/** @throws SocketError when the kernel has no descriptor or thread left for the reactor */
export function makeReactor(options: ReactorOptions, dispatch: (count: number) => void): NativeReactor {
  try {
    return new native.Reactor(options, dispatch)
  } catch (error) {
    const errno = (error as { errno?: unknown }).errno
    throw typeof errno === 'number' ? systemError(errno, options.backend) : error
  }
}
