import type { Child } from '../../../../packages/native-poll/test/support/child.js'

/** Ends a server that a test has started, and waits until it is gone. */
export async function stop(child: Child): Promise<void> {
  child.process.kill()
  await child.awaitExit()
}
