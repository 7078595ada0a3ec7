import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from './compile.js'
import type { Peer } from './peers/peer.js'

const START_TIMEOUT_MS = 10_000
const STOP_TIMEOUT_MS = 3_000
const CLOSE_TIMEOUT_MS = 2_000

/** A running server of a peer, in a process of its own on one core. */
export class Server {
  readonly peer: Peer
  readonly pid: number
  /** `HOST:PORT`, or a path. */
  readonly target: string
  readonly #process: ChildProcess
  readonly #fdsAtStart: number

  private constructor(peer: Peer, child: ChildProcess, target: string) {
    this.peer = peer
    this.#process = child
    this.pid = child.pid as number
    this.target = target
    this.#fdsAtStart = this.openFds()
  }

  /**
   * Starts the peer's server, on a free port unless told otherwise. Rejects with what it printed when it does not say
   * that it listens.
   *
   * @param where where it shall listen: a Unix socket, as in `['--unix', path]`
   */
  static async start(
    peer: Peer,
    core: number,
    more: string[] = [],
    before: string[] = [],
    where: string[] = ['--host', '127.0.0.1', '--port', '0'],
  ): Promise<Server> {
    const command = [...before, ...peer.command, ...more, ...where]
    const child = spawn(program('pin'), [String(core), ...command], { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    child.stderr?.on('data', (data) => {
      errors = (errors + data).slice(-2000)
    })
    const target = await new Promise<string>((resolve, reject) => {
      const refuse = (why: string) => {
        child.kill('SIGKILL')
        reject(new Error(`${peer.name} can't start: ${why}${errors === '' ? '' : `\n${errors}`}`))
      }
      const timer = setTimeout(() => refuse('it did not listen within 10 s'), START_TIMEOUT_MS)
      child.once('error', (error) => refuse(error.message))
      child.once('close', (code, signal) => refuse(`it ended with ${signal ?? `status ${code}`}`))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = line.match(/^listening on (?:(?:tcp|udp):\/\/(?=\S+:\d+$)|unix:\/\/)(\S+)$/)
        if (!found?.[1]) return
        clearTimeout(timer)
        child.removeAllListeners('close')
        resolve(found[1])
      })
    })
    return new Server(peer, child, target)
  }

  openFds(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length
  }

  /** Throws unless the server has closed every connection that its peers have closed. */
  async expectConnectionsClosed(): Promise<void> {
    const deadline = Date.now() + CLOSE_TIMEOUT_MS
    // A few more than at the start is no leak: a runtime opens some of its own when it first needs them.
    const few = 8
    while (this.openFds() > this.#fdsAtStart + few) {
      if (Date.now() > deadline) {
        throw new Error(
          `${this.peer.name} still has ${this.openFds() - this.#fdsAtStart} more fds than at its start`,
        )
      }
      await sleep(5)
    }
  }

  /** @returns false where it did not end by itself when it was asked to */
  async stop(): Promise<boolean> {
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return true
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await ended
    clearTimeout(timer)
    // Its type is of the moment before it ended.
    return (child.signalCode as string | null) !== 'SIGKILL'
  }
}
