// docs/from-c-to-typescript.md shows the programs as they are. After a change: npx vitest run -u examples/test/from_c.test.ts
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PAGE = `${ROOT}docs/from-c-to-typescript.md`
/** A link to a program, and the block after it. */
const SHOWN = /^(\[`(examples\/[^`]+)`\]\(\.\.\/\2\)\n\n```(?:c|ts)\n).*?^```$/gms

/** What every program here needs and no reader does: not shown. */
const HELPERS = ['examples/src/sockets/flags.ts']

const page = readFileSync(PAGE, 'utf8')

describe('the page of C and TypeScript', () => {
  it('shows each program as its file has it', async () => {
    const fresh = page.replace(SHOWN, (_, head, file) => `${head}${readFileSync(ROOT + file, 'utf8')}\`\`\``)
    await expect(fresh).toMatchFileSnapshot(PAGE)
  })

  it('shows every program, once', () => {
    const shown = [...page.matchAll(SHOWN)].map(([, , file]) => file)
    const files = ['examples/c', 'examples/src/sockets'].flatMap((folder) =>
      readdirSync(ROOT + folder).map((name) => `${folder}/${name}`),
    )
    expect(shown.sort()).toEqual(files.filter((file) => !HELPERS.includes(file)).sort())
  })
})
