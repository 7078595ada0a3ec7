// A program that asks for `net`, started with the hook and without it, on each version of Node.js.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { NODES } from '../support/nodes.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/program.mjs', import.meta.url))
const HOOK = ['--import', '@pollux/net/register']

afterEach(endChildren)

async function whoGetsOurs(node: string, flags: string[], env: NodeJS.ProcessEnv = {}) {
  // From here the package is found by its own name.
  const cwd = fileURLToPath(new URL('.', import.meta.url))
  const child = Child.run(node, [...flags, PROGRAM], { cwd, env })
  expect([await child.awaitExit(), child.errors]).toEqual([0, ''])
  return child.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

const everybody = {
  import: true,
  named: true,
  namespace: true,
  dynamic: true,
  require: true,
  requirePrefixed: true,
  createRequire: true,
  builtin: true,
  internals: true,
  text: 'hello',
}

describe.each(NODES)('on $name', ({ path }) => {
  it('every way to ask for net gives ours, in workers too, and the modules of Node keep their own', async () => {
    expect(await whoGetsOurs(path, HOOK)).toEqual([
      { isMainThread: true, ...everybody },
      { isMainThread: false, ...everybody },
    ])
  })

  it('NODE_OPTIONS will do', async () => {
    const [main] = await whoGetsOurs(path, [], { NODE_OPTIONS: HOOK.join(' ') })
    expect(main).toEqual({ isMainThread: true, ...everybody })
  })

  it('without the hook nobody gets ours', async () => {
    const [main] = await whoGetsOurs(path, [])
    expect(main).toMatchObject({ import: false, named: false, require: false, builtin: false, text: 'hello' })
  })
})
