// `--against`: another revision, checked out and built once.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeRevision, prepareAgainst } from '../src/revision.js'

const folder = mkdtempSync(join(tmpdir(), 'pollux-revision-test-'))
const repository = join(folder, 'repository')
const directory = join(folder, 'revisions')
let first = ''

function git(...args: string[]): string {
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost']
  return execFileSync('git', [...who, '-C', repository, ...args], { encoding: 'utf8' }).trim()
}

beforeAll(() => {
  execFileSync('git', ['init', '--quiet', repository])
  for (const version of ['1', '2']) {
    writeFileSync(join(repository, 'package.json'), `{ "version": "${version}" }\n`)
    git('add', '.')
    git('commit', '--quiet', '-m', version)
    if (version === '1') first = git('rev-parse', 'HEAD')
  }
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('a revision', () => {
  it('is checked out and built, and the next time only found', () => {
    const built: string[] = []
    const build = (where: string) => {
      built.push(readFileSync(join(where, 'package.json'), 'utf8'))
    }
    const once = prepareAgainst('HEAD~1', { repository, directory, build })
    expect(once).toEqual({ directory: join(directory, first.slice(0, 12)), revision: first.slice(0, 12) })
    expect(prepareAgainst(first, { repository, directory, build })).toEqual(once)
    expect(built).toEqual(['{ "version": "1" }\n'])
  })

  it('that does not build is said to, with what the build said, and built again the next time', () => {
    const options = { repository, directory }
    const fail = () => {
      throw new Error('no compiler')
    }
    expect(() => prepareAgainst('HEAD', { ...options, build: fail })).toThrow(
      /--against HEAD: .* can't be built: no compiler/,
    )
    let built = 0
    prepareAgainst('HEAD', {
      ...options,
      build: () => {
        built++
      },
    })
    expect(built).toBe(1)
  })

  it('that nobody knows, or that looks like a flag, is refused', () => {
    for (const what of ['v99', '--all', 'HEAD:package.json']) {
      expect(() => prepareAgainst(what, { repository, directory })).toThrow(
        `--against ${what}: neither a directory nor a revision`,
      )
    }
  })
})

describe('a directory', () => {
  it('is taken as it is, and said to be dirty where files were changed', () => {
    const head = git('rev-parse', '--short=12', 'HEAD')
    expect(prepareAgainst(repository)).toEqual({ directory: repository, revision: head })
    writeFileSync(join(repository, 'new.ts'), '')
    expect(prepareAgainst(repository).revision).toBe(`${head} (dirty)`)
    rmSync(join(repository, 'new.ts'))
  })

  it('that is no checkout is refused', () => {
    expect(() => prepareAgainst(tmpdir())).toThrow('that is no checkout of Pollux')
  })

  it('without git is called by its name', () => {
    expect(existsSync(join(folder, '.git'))).toBe(false)
    expect(describeRevision(folder)).toBe(folder)
  })
})
