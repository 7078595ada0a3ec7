// Servers that are not ours: found, started on a port and in a folder of their own, and ended.
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { Child } from '../../../../native-poll/test/support/child.js'
import { needs } from '../../../../native-poll/test/support/needs.js'

/** Who runs the servers where this process is root, as which most of them refuse to run: nobody, of no group. */
const ORDINARY_USER = 65534

/** How many ports are tried: between our finding a free one and the server's taking it, somebody else may. */
const MAX_ATTEMPTS = 3

/** Where the program is, also if that is where Debian puts those that no user calls. */
export function locate(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...postgresFolders()]
  return folders.map((folder) => join(folder, program)).find(isExecutable)
}

/** Of each version that is installed. */
function postgresFolders(): string[] {
  const root = '/usr/lib/postgresql'
  try {
    return readdirSync(root).map((version) => join(root, version, 'bin'))
  } catch {
    return []
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Tests that need a program: where it is missing they are skipped, but in CI nothing may be missing. */
export function describeWith(program: string, what: string, body: () => void): void {
  const isThere = locate(program) !== undefined
  if (!isThere && process.env.CI) {
    it(`${what}: ${program} is installed`, () => {
      throw new Error(`${program} is missing, which .ci/run should have installed`)
    })
    return
  }
  describe(what, needs(isThere, program), () => {
    afterAll(endServers)
    body()
  })
}

/** A folder for what a server reads and writes, and for nobody else. */
export class ServerFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'pollux-'))

  constructor() {
    folders.add(this)
    this.own(this.path)
  }

  /** The path of a file in it, which need not be there. */
  at(name: string): string {
    return join(this.path, name)
  }

  /** A file that the server's user alone can read. */
  write(name: string, content: string | Buffer): string {
    const path = this.at(name)
    writeFileSync(path, content, { mode: 0o600 })
    this.own(path)
    return path
  }

  /** Gives a file in it to the server's user. */
  own(path: string): void {
    const user = serverUser()
    if (user !== undefined) chownSync(path, user, user)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

interface Launch {
  program: string
  /** For two free ports: most servers want one of their own for TLS. */
  args(port: number, tlsPort: number): string[]
  /** What it prints as soon as it takes connections. */
  ready: RegExp
  /** What ends it at once and leaves nothing behind. */
  signal?: NodeJS.Signals
}

interface Server {
  child: Child
  signal: NodeJS.Signals
}

const running = new Set<Server>()
const folders = new Set<ServerFolder>()

/** Starts a server, which ends with the tests that need it. @throws what it printed, if it does not start */
export async function launch({ program, args, ready, signal = 'SIGKILL' }: Launch) {
  for (let attempt = 1; ; attempt++) {
    const [port, tlsPort] = [await freePort(), await freePort()]
    const child = runProgram(program, args(port, tlsPort))
    const server = { child, signal }
    running.add(server)
    try {
      await child.awaitOutput(ready)
      return { port, tlsPort }
    } catch (error) {
      const endedByItself = child.process.exitCode !== null
      await end(server)
      if (!endedByItself || attempt === MAX_ATTEMPTS)
        throw new Error(`${program}: ${child.output}`, { cause: error })
    }
  }
}

/** Runs a program to its end. @throws what it printed, if it fails */
export async function runToEnd(program: string, args: string[], input = ''): Promise<void> {
  const child = runProgram(program, args)
  child.process.stdin?.end(input)
  const code = await child.awaitExit()
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${child.output}`)
}

/** What it prints, wherever to, is its output. */
function runProgram(program: string, args: string[]): Child {
  const path = locate(program) ?? program
  return Child.run('/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', path, ...args], { uid: serverUser() })
}

/** Ends what was started, and removes its folders. */
export async function endServers(): Promise<void> {
  for (const server of running) await end(server)
  for (const folder of folders) folder.remove()
}

async function end(server: Server): Promise<void> {
  server.child.process.kill(server.signal)
  await server.child.awaitExit()
  running.delete(server)
}

function serverUser(): number | undefined {
  return process.getuid?.() === 0 ? ORDINARY_USER : undefined
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
