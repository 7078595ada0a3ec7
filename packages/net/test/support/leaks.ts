import { EventLoop } from '@pollux/core'
import { beforeAll } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'

/** Each test of this file must close what it opened. The event loop of the process is nobody's to close. */
export function leaveNothingBehind(): void {
  beforeAll(() => void EventLoop.default())
  checkFds()
}
