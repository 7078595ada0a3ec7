// Whatever is wrong with an argument is said by a TypeError, a RangeError or a SocketError that names it.
import { ErrorCode, EventLoop, SocketError, WOULD_BLOCK } from '@pollux/core'
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkFds } from '../../../native-poll/test/support/leaks.js'
import { patiently } from '../../../native-poll/test/support/patience.js'
import { seeds } from '../../../native-poll/test/support/random.js'
import type { Stage } from '../support/call_arguments.js'
import { CALLS, type Call, stage } from '../support/public_calls.js'
import { made, Trap } from '../support/wrong_values.js'

// The loop of this thread is there for good.
beforeAll(() => {
  EventLoop.default()
})
checkFds()

const RUNS = 60
const SEED = seeds(1)[0]

let on: ReturnType<typeof stage>
beforeEach(() => {
  on = stage()
})
afterEach(() => on.close())

/** What the engine says when nobody has looked at a value: no answer for a user. */
const ENGINES_WORDS =
  /^(Cannot |Invalid |Spread |Found non-callable|undefined |.* is not (a function|iterable|defined|a constructor)|.* called on |Class constructor)/

describe.each(CALLS.map((call) => ({ call, name: call.name })))('$name', ({ call }) => {
  it.each(call.args.map((argument, at) => ({ at, named: argument.name })))(
    `refuses what is wrong in argument $at ($named, POLLUX_SEED=${SEED})`,
    async ({ at }) => {
      await fc.assert(
        fc.asyncProperty(call.args[at].wrong, async (wrong) => {
          const args = call.args.map((argument) => argument.right(on))
          args[at] = made(wrong)
          expectComplaint(await outcome(call, args), call.args[at].name)
        }),
        { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 5000 },
      )
    },
  )

  if (!call.ofSocket) return
  it('says that a socket is closed', async () => {
    const args = call.args.map((argument) => argument.right(on))
    on.close()
    const { error } = await outcome(call, args)
    expect(error).toBeInstanceOf(SocketError)
    expect(error).toMatchObject({ code: ErrorCode.CLOSED })
  })
})

/** A revoked proxy throws this itself. */
const REVOKED = /^Cannot perform '.*' on a proxy that has been revoked$/

interface Outcome {
  error?: unknown
  result?: unknown
}

/** What comes of a call; never nothing. */
async function outcome(call: Call, args: unknown[], at: Stage = on): Promise<Outcome> {
  try {
    const result = await patiently(Promise.resolve(call.run(at, args)), `${call.name} to be settled`)
    return { result }
  } catch (error) {
    return { error }
  }
}

function expectComplaint({ error, result }: Outcome, name: RegExp) {
  if (error === undefined) {
    throw new Error(`it went well: ${result === WOULD_BLOCK ? 'would block' : fc.stringify(result)}`)
  }
  // Thrown by the value itself, when it was read.
  if (error instanceof Trap || (error instanceof TypeError && REVOKED.test(error.message))) return
  if (!(error instanceof TypeError || error instanceof RangeError || error instanceof SocketError))
    throw error
  expect(error.message).not.toMatch(ENGINES_WORDS)
  expect(error.message).toMatch(name)
}
