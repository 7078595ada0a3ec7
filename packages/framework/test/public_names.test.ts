// Who imports a name can look it up: where the editor shows it, and in docs/names.md.
import { readFileSync } from 'node:fs'
import * as framework from '@pollux/framework'
import { expect, it } from 'vitest'
import { publicNames } from './support/public-names.js'

const page = readFileSync(new URL('../../../docs/names.md', import.meta.url), 'utf8')
const listed = [...page.matchAll(/^\| `(\w+)` \| .+ \|$/gm)].map(([, name]) => name)

const names = publicNames(new URL('../package.json', import.meta.url))

it('all names that there are at run time are found', () => {
  const found = names.filter(({ from }) => from === '@pollux/framework').map(({ name }) => name)
  expect(found).toEqual(expect.arrayContaining(Object.keys(framework)))
})

it('every public name has a docstring', () => {
  const bare = names.filter(({ docstring }) => docstring === undefined)
  expect(bare.map(({ from, name }) => `${name} of ${from}`)).toEqual([])
})

it('docs/names.md lists every public name, and nothing else', () => {
  expect(listed.toSorted()).toEqual(names.map(({ name }) => name).toSorted())
})
