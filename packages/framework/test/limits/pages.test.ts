// docs/limits.md and docs/life-cycle.md: their programs run, and they name what there is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CloseReason, ErrorCode, limits, overload } from '@pollux/framework'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { RefuseReason } from '../../src/limits/admission.js'
import { Child, endChildren } from '../support/raw.js'

afterEach(endChildren)

const pageOf = (name: string) => readFileSync(new URL(`../../../../docs/${name}.md`, import.meta.url), 'utf8')
const programsOf = (page: string) => [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code)

const LIMITS = pageOf('limits')
const LIFE_CYCLE = pageOf('life-cycle')

/** Runs it where it finds what it imports. */
function run(code: string): Child {
  const folder = mkdtempSync(fileURLToPath(new URL('../../dist/page-', import.meta.url)))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'example.mjs')
  writeFileSync(file, code)
  return Child.node([file])
}

describe('the pages on limits and the life of a service', () => {
  const programs = [...programsOf(LIMITS), ...programsOf(LIFE_CYCLE)]

  it('have programs', () => {
    expect(programs.length).toBe(4)
  })

  it.each(programs.map((code, index) => [index, code]))('program %i runs, and ends', async (_index, code) => {
    const child = run(code as string)
    await child.awaitOutput(/^tcp:\/\/127\.0\.0\.1:\d+$/m)
    const onSignal = (code as string).includes('closeOnSignals')
    if (onSignal) child.process.kill('SIGTERM')
    expect(await child.awaitExit()).toBe(0)
    expect(child.errors).toBe('')
    if (onSignal) expect(child.output).toContain('SIGTERM: closing')
  })

  it('name every reason and error that limits have', () => {
    const reasons = [
      CloseReason.IDLE_TIMEOUT,
      CloseReason.HANDSHAKE_TIMEOUT,
      CloseReason.FIRST_MESSAGE_TIMEOUT,
      CloseReason.MESSAGE_TIMEOUT,
      CloseReason.WRITE_TIMEOUT,
      CloseReason.RATE_LIMITED,
      CloseReason.OVERLOAD,
      CloseReason.SHUTDOWN,
      CloseReason.QUEUE_FULL,
      CloseReason.CODEC_ERROR,
      ...Object.values(RefuseReason),
    ]
    expect(reasons.filter((reason) => !LIMITS.includes(`\`${reason}\``))).toEqual([])
    const codes = [
      ErrorCode.IDLE_TIMEOUT,
      ErrorCode.HANDSHAKE_TIMEOUT,
      ErrorCode.FIRST_MESSAGE_TIMEOUT,
      ErrorCode.MESSAGE_TIMEOUT,
      ErrorCode.WRITE_TIMEOUT,
      ErrorCode.RATE_LIMITED,
      ErrorCode.OVERLOAD,
    ]
    expect(codes.filter((code) => !LIMITS.includes(`\`${code}\``))).toEqual([])
    expect([limits({}).name, overload({ maxQueuedBytes: 1 }).name]).toEqual(['limits', 'overload'])
  })
})
