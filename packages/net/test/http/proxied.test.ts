// Agents that were told of a proxy (`proxyEnv`, since Node 24): Node alone knows for which hosts, so it makes the connections.
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from '../../../native-poll/test/support/child.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { NODES } from '../support/nodes.js'

const PROGRAM = fileURLToPath(new URL('./fixtures/proxied.mjs', import.meta.url))
const WITH_PROXIES = NODES.filter(({ name }) => Number(name.slice('Node '.length)) >= 24)

afterEach(endChildren)

describe('an agent with a proxy', needs(WITH_PROXIES.length > 0, 'a Node 24 or later'), () => {
  it.each(WITH_PROXIES)('asks that one, on $name', async ({ path }) => {
    const child = Child.run(path, [PROGRAM])
    expect([await child.awaitExit(), child.errors]).toEqual([0, ''])
    expect(child.output.trim().split('\n')).toEqual([
      'proxy target',
      'from the proxy',
      'tunnel target',
      'ERR_PROXY_TUNNEL',
    ])
  })
})
