/** The system calls of the server's process, as strace(1) counts them. */
import { spawn } from 'node:child_process'
import { UsageError } from './usage-error.js'

/**
 * Counts the calls of all threads of a process until `stop` is called.
 *
 * @throws UsageError where strace is not there, or may not watch that process
 */
export async function countSyscalls(pid: number): Promise<{ stop(): Promise<Record<string, number>> }> {
  const strace = spawn('strace', ['-c', '-f', '-p', String(pid)], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  const ended = new Promise<void>((resolve) => strace.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    strace.once('error', () => reject(new UsageError('--syscalls needs strace: apt-get install strace')))
    strace.once('close', () =>
      reject(new UsageError(`--syscalls: strace cannot watch ${pid}: ${said.trim()}`)),
    )
    strace.stderr.on('data', (data) => {
      said += data
      if (said.includes('attached')) resolve()
    })
  })
  return {
    async stop() {
      strace.kill('SIGINT')
      await ended
      return parseSummary(said)
    },
  }
}

/**
 * ```
 *   % time     seconds  usecs/call     calls    errors syscall
 *    51.23    0.012345           1     12345        12 recvfrom
 * ```
 */
export function parseSummary(text: string): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const line of text.split('\n')) {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z_]\w*)$/.exec(line)
    if (match?.[2] !== undefined && match[2] !== 'total') calls[match[2]] = Number(match[1])
  }
  return calls
}
