// The programs in docs/sockets run, and print what the pages say.
import { afterEach, describe, expect, it } from 'vitest'
import { programOf } from '../../framework/test/support/readme.js'
import { Child, endChildren } from '../../native-poll/test/support/child.js'
import { pageNames, programsIn, readPage, TABLE } from './support/pages.js'

afterEach(endChildren)

/** The calls of Linux alone are not in the build without them, which runs on Linux too. */
const HAS_LINUX = process.platform === 'linux' && process.env.POLLUX_NATIVE_TARGET !== 'posix'

const pages = pageNames()
  .filter((name) => name !== TABLE)
  .map((name) => ({ name, programs: programsIn(readPage(name)) }))

describe('the pages of socket calls', () => {
  it.each(pages.map(({ name, programs }) => [name, programs.length]))('%s has a program', (_, count) => {
    expect(count).toBeGreaterThan(0)
  })

  for (const { name, programs } of pages) {
    const here = programs.filter(({ ofLinux }) => HAS_LINUX || !ofLinux)
    it.each(here.map(({ code, output }, index) => [index + 1, code, output] as const))(
      `${name} runs its program %i`,
      async (_, code, output) => {
        const child = Child.node([programOf(import.meta.url, code)])
        const exitCode = await child.awaitExit()
        expect(child.errors).toBe('')
        expect(exitCode).toBe(0)
        if (output !== undefined) expect(child.output).toBe(output)
      },
    )
  }
})
