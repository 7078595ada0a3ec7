// Runs commands. Set-up steps throw `CommandFailed`, which every script turns into an exit code at one place.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { ROOT } from './paths.mjs'

export class CommandFailed extends Error {
  /**
   * @param {string} what
   * @param {number} exitCode
   */
  constructor(what, exitCode) {
    super(`${what} failed (exit code ${exitCode})`)
    this.exitCode = exitCode
  }
}

/**
 * Runs a command to its end with our standard streams.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onOutput?: (text: string) => void, outlives?: boolean }} [options]
 *   `env` is added to ours; `onOutput` sees standard output as well as the terminal; `outlives`: a command that ends by
 *   itself when it is interrupted gets the signals that we get, and is waited for
 * @returns {Promise<number>} the exit code, 128 + n after signal n
 */
export function run(command, args, { cwd = ROOT, env = {}, onOutput, outlives } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['inherit', onOutput ? 'pipe' : 'inherit', 'inherit'],
    })
    for (const signal of outlives ? /** @type {const} */ (['SIGINT', 'SIGTERM']) : []) {
      process.on(signal, () => {
        // A terminal sends Ctrl-C to the command as well.
        if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
      })
    }
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      process.stdout.write(text)
      onOutput?.(text)
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']))
  })
}

/**
 * Runs a command that must succeed.
 *
 * @param {string} what for the error message
 * @param {string} command
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export async function mustRun(what, command, args, options) {
  const exitCode = await run(command, args, options)
  if (exitCode !== 0) throw new CommandFailed(what, exitCode)
}

/**
 * The frame of every script: its exit code, and one line instead of a stack where a command has already
 * said what is wrong.
 *
 * @param {() => Promise<number | void>} main
 */
export async function script(main) {
  try {
    process.exitCode = (await main()) ?? 0
  } catch (error) {
    const known = error instanceof CommandFailed
    console.error(known ? `\npollux: ${error.message}` : error)
    process.exitCode = known ? error.exitCode : 1
  }
}
