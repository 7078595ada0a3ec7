// The README's examples do what it says.
import { afterEach, describe, expect, it } from 'vitest'
import { codeBlocks, programOf } from '../../framework/test/support/readme.js'
import { Child, endChildren } from '../../native-poll/test/support/child.js'

afterEach(endChildren)

describe('the README', () => {
  it('begins with a message from one socket to another', async () => {
    const blocks = codeBlocks(import.meta.url)
    expect(blocks.length).toBe(1)
    const child = Child.node([programOf(import.meta.url, blocks[0])])
    expect(await child.awaitExit(), child.errors).toBe(0)
    expect(child.output).toBe('hello\n')
  })
})
