/**
 * Finds the addon that `npm run build` made and loads it. Nothing is compiled or fetched here: an import
 * that starts a compiler surprises, and package managers block such scripts anyway.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { NativeBinding } from './binding.js'

/** What POLLUX_NATIVE_TARGET may say, and the target of binding.gyp that it stands for. */
const TARGETS: ReadonlyMap<string, string> = new Map([
  ['release', 'pollux_poll'],
  ['testing', 'pollux_poll_testing'],
  ['posix', 'pollux_poll_posix'],
  ['asan', 'pollux_poll_asan'],
])

const DEFAULT_TARGET = 'release'

/**
 * Loads the native binding.
 *
 * The release build is the default; the environment variable POLLUX_NATIVE_TARGET picks one of the builds
 * that the tests use (`testing`, `posix`, `asan`).
 *
 * @throws Error with code `ERR_POLLUX_UNSUPPORTED_PLATFORM` where the system is not POSIX,
 *   `ERR_POLLUX_UNKNOWN_TARGET` for a build that does not exist, `ERR_POLLUX_NOT_BUILT` where it exists but
 *   has not been built, and `ERR_POLLUX_LOAD_FAILED` where this Node.js cannot load what was built.
 */
export function loadBinding(): NativeBinding {
  if (process.platform === 'win32') {
    throw failure(
      'ERR_POLLUX_UNSUPPORTED_PLATFORM',
      'Pollux needs a POSIX system such as Linux or macOS; on Windows it runs inside WSL.',
    )
  }
  const name = process.env.POLLUX_NATIVE_TARGET || DEFAULT_TARGET
  const target = TARGETS.get(name)
  if (target === undefined) {
    const known = [...TARGETS.keys()].join(', ')
    throw failure(
      'ERR_POLLUX_UNKNOWN_TARGET',
      `POLLUX_NATIVE_TARGET is '${name}' but must be one of ${known}.`,
    )
  }
  // The same relative path from src/ and from dist/.
  const file = fileURLToPath(new URL(`../build/Release/${target}.node`, import.meta.url))
  const build = name === DEFAULT_TARGET ? 'npm run build' : 'npm run build -- --all'
  if (!existsSync(file)) {
    throw failure(
      'ERR_POLLUX_NOT_BUILT',
      `The native addon of Pollux has not been built (no ${file}): run "${build}" in the repository.`,
    )
  }
  try {
    return createRequire(import.meta.url)(file) as NativeBinding
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failure(
      'ERR_POLLUX_LOAD_FAILED',
      `The native addon of Pollux could not be loaded (${reason}): run "${build}" in the repository.`,
      cause,
    )
  }
}

function failure(code: string, message: string, cause?: unknown): Error & { code: string } {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(error, { code })
}
