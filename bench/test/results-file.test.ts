// The files of results: what they hold, and that none is lost.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { coarse } from '../generator/dist/charts/coarse.js'
import { readPercentiles } from '../generator/dist/charts/percentiles.js'
import { encodeLatencies } from '../generator/test/support/results.js'
import { BUILD_DIR, ROOT_DIR } from '../src/paths.js'
import { checkSaving, type ResultsFile, saveResults, writeResults } from '../src/results-file.js'
import { comparison } from './support/results-files.js'

const folder = mkdtempSync(join(tmpdir(), 'pollux-results-'))
const path = join(folder, 'results.json')
const FILE = comparison({ rounds: 2 })

beforeEach(() => rmSync(path, { recursive: true, force: true }))
afterAll(() => rmSync(folder, { recursive: true }))

const read = (name = path) => JSON.parse(readFileSync(name, 'utf8')) as ResultsFile

/** Saves as a run would, and says where to. */
function save(file: ResultsFile, json = path) {
  const said: string[] = []
  const isDone = saveResults(file, { json }, (line) => said.push(line))
  return { isDone, said }
}

describe('a file of results', () => {
  it('holds what it was given, a trial in each line', () => {
    expect(save(FILE).isDone).toBe(true)
    expect(read().trials).toHaveLength(FILE.trials.length)
    expect(read().trials[0]?.result).toEqual(FILE.trials[0]?.result)
    expect(readFileSync(path, 'utf8').match(/^ {4}\{"workload"/gm)).toHaveLength(FILE.trials.length)
    expect(readdirSync(folder)).toEqual(['results.json'])
  })

  it('says nothing of where things lie on that machine', () => {
    const error = `${join(ROOT_DIR, 'bench/load/x.mjs')} in ${homedir()} can't connect to ${join(tmpdir(), 'x.sock')} of ${ROOT_DIR}`
    writeResults(path, { ...FILE, trials: [{ ...(FILE.trials[0] as ResultsFile['trials'][0]), error }] })
    expect(read().trials[0]?.error).toBe("bench/load/x.mjs in ~ can't connect to tmp/x.sock of .")
  })

  it('has no more digits than a clock', () => {
    const trial = { ...(FILE.trials[0] as ResultsFile['trials'][0]), value: 261825.32116758014 }
    writeResults(path, { ...FILE, trials: [trial] })
    expect(read().trials[0]?.value).toBe(261825.321)
  })

  it('that was broken off replaces none', () => {
    writeFileSync(path, 'before')
    const { isDone, said } = save({ ...FILE, interrupted: true })
    const elsewhere = join(BUILD_DIR, 'interrupted/results.json')
    expect({ isDone, said }).toEqual({ isDone: false, said: [`wrote ${elsewhere}`] })
    expect(readFileSync(path, 'utf8')).toBe('before')
    expect(read(elsewhere).interrupted).toBe(true)
    rmSync(elsewhere)
  })

  it('goes elsewhere where it cannot be written', () => {
    mkdirSync(path)
    const { isDone, said } = save(FILE)
    const elsewhere = join(tmpdir(), 'pollux-bench-results.json')
    expect(isDone).toBe(false)
    expect(said).toEqual([
      expect.stringMatching(/^FAILED: .*results\.json can't be written: EISDIR/),
      `wrote ${elsewhere}`,
    ])
    expect(read(elsewhere).trials).toHaveLength(FILE.trials.length)
    rmSync(elsewhere)
  })
})

describe('before a run, a place', () => {
  it('that can be written to is left as it is', () => {
    writeFileSync(path, 'before')
    checkSaving('echo', { json: path })
    checkSaving('echo', {})
    expect(readFileSync(path, 'utf8')).toBe('before')
    expect(readdirSync(folder)).toEqual(['results.json'])
  })

  it.each([
    ['is a folder', folder, 'it is a folder'],
    ['is below a file', join(path, 'x.json'), /EEXIST|ENOTDIR/],
    ['has no room', '/proc/x.json', /ENOENT|EACCES|EPERM/],
  ])('that %s is refused', (_, json, why) => {
    writeFileSync(path, 'before')
    expect(() => checkSaving('echo', { json })).toThrow(/the results can't be written to/)
    expect(() => checkSaving('echo', { json })).toThrow(why)
  })
})

describe('a histogram that is kept', () => {
  it('has the same percentiles to 1%', () => {
    const fine = encodeLatencies(Array.from({ length: 5000 }, (_, i) => 10_000 + (i * 7919) ** 1.5)).histogram
    const kept = coarse(fine)
    expect(kept.length).toBeLessThan(fine.length / 2)
    const before = readPercentiles(fine)
    const after = readPercentiles(kept)
    expect(after).toHaveLength(before.length)
    for (const [i, [nines, us]] of before.entries()) {
      expect(after[i]?.[0]).toBe(nines)
      expect(Math.abs((after[i]?.[1] as number) / us - 1)).toBeLessThan(0.01)
    }
  })

  it('may be added to others, of shorter and of longer latencies', () => {
    const [short, long] = [
      [1000, 2000],
      [30_000, 5_000_000_000],
    ].map((ns) => coarse(encodeLatencies(ns).histogram))
    const points = readPercentiles(short as string, long as string)
    expect(points.at(-1)?.[1]).toBeGreaterThan(25)
    expect(readPercentiles(long as string, short as string)).toEqual(points)
  })
})
