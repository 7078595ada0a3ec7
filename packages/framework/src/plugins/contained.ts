/** What nothing depends on may fail without keeping others from hearing. */
import { raiseUncaught } from '@pollux/core'

/** Calls a hook or a handler; what it throws is an uncaughtException. */
export function contained(call: () => void): void {
  try {
    call()
  } catch (error) {
    raiseUncaught(error)
  }
}
