// One set-up at a time: two in one folder would write the same files.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CACHE } from './paths.mjs'

const LOCK = join(CACHE, 'set-up.lock')
const RETRY_MS = 100
/** A holder that has died may leave its number to another process; past this age nobody is believed. */
const STALE_MS = 15 * 60_000

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(work) {
  mkdirSync(CACHE, { recursive: true })
  for (let told = false; !take(); ) {
    if (!told) console.log('pollux: waiting for another set-up in this folder …')
    told = true
    await sleep(RETRY_MS)
  }
  const release = () => rmSync(LOCK, { force: true })
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

function take() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  if (!isHeld()) rmSync(LOCK, { force: true })
  return false
}

function isHeld() {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs > STALE_MS) return false
    const holder = Number(readFileSync(LOCK, 'utf8'))
    // Still empty: the other one is between creating and writing it.
    return holder === 0 || process.kill(holder, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code
}
