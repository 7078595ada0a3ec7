// What it takes to load an addon with AddressSanitizer into a node that was built without.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { CACHE } from './paths.mjs'

const REPORTS = join(CACHE, 'sanitizer')

/** @returns {{ env: NodeJS.ProcessEnv } | { missing: string }} */
export function sanitizer() {
  if (process.platform !== 'linux') return { missing: 'the sanitizer run needs LD_PRELOAD, so Linux' }
  // The second, so that AddressSanitizer finds the C++ exceptions that it wraps.
  const libraries = ['libasan.so', 'libstdc++.so']
  const paths = libraries.map(compilerLibrary)
  const absent = libraries.filter((_, index) => paths[index] === undefined)
  if (absent.length > 0) return { missing: `g++ has no ${absent.join(' and no ')} here` }
  return {
    env: {
      LD_PRELOAD: paths.join(':'),
      // Node itself leaks by design at exit. Reports go to files: a test's process may have no terminal.
      ASAN_OPTIONS: `detect_leaks=0:detect_stack_use_after_return=1:log_path=${join(REPORTS, 'report')}`,
      UBSAN_OPTIONS: `print_stacktrace=1:halt_on_error=1:log_path=${join(REPORTS, 'report')}`,
    },
  }
}

export function clearReports() {
  rmSync(REPORTS, { recursive: true, force: true })
  mkdirSync(REPORTS, { recursive: true })
}

/** @returns {string[]} what the sanitizers wrote since the last clearing */
export function readReports() {
  return readdirSync(REPORTS).map((name) => readFileSync(join(REPORTS, name), 'utf8'))
}

/** @param {string} name */
function compilerLibrary(name) {
  try {
    const compiler = process.env.CXX || 'g++'
    const path = execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim()
    // Where the compiler has no such file it gives the bare name back.
    return isAbsolute(path) ? path : undefined
  } catch {
    return undefined
  }
}
