/**
 * Finds the addon that `npm run build` or `install.mjs` made and loads it. Nothing is compiled or fetched here: an import
 * that starts a compiler surprises.
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
  const advice = adviceFor(file, name === DEFAULT_TARGET)
  if (!existsSync(file)) {
    throw failure(
      'ERR_POLLUX_NOT_BUILT',
      `The native addon of Pollux has not been built (no ${file}): ${advice}.`,
    )
  }
  try {
    return createRequire(import.meta.url)(file) as NativeBinding
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ERR_DLOPEN_DISABLED') {
      const text =
        'Pollux is a native addon, and this process may load none: start Node.js with --allow-addons, or without --no-addons.'
      throw failure('ERR_POLLUX_LOAD_FAILED', text, cause)
    }
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw failure(
      'ERR_POLLUX_LOAD_FAILED',
      `The native addon of Pollux could not be loaded (${reason}): ${advice}.`,
      cause,
    )
  }
}

/** What builds it. An installed package was to build it itself, and most package managers don't let it until they are told to. */
function adviceFor(file: string, isDefault: boolean): string {
  if (!/[\\/]node_modules[\\/]/.test(file)) {
    return `run "npm run build${isDefault ? '' : ' -- --all'}" in the repository`
  }
  return 'let its install script run: "npm rebuild @pollux/native-poll --foreground-scripts", or "pnpm approve-builds" and "pnpm rebuild @pollux/native-poll"'
}

function failure(code: string, message: string, cause?: unknown): Error & { code: string } {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(error, { code })
}
