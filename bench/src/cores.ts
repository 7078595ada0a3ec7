import { readFileSync } from 'node:fs'

export interface Cores {
  server: number
  load: number
}

/**
 * One core for the server and one for the load generator, out of those that this process may use. Two threads of
 * one physical core would slow each other down, so a core that is no sibling of the server's is preferred.
 */
export function chooseCores(allowed = allowedCores()): Cores {
  const server = allowed[0] ?? 0
  const siblings = siblingsOf(server)
  const load = allowed.find((core) => !siblings.includes(core)) ?? allowed.find((core) => core !== server)
  if (load === undefined) {
    throw new Error('the benchmark needs two cores: one for the server and one for the load generator')
  }
  return { server, load }
}

/** The cores that this process may use. */
export function allowedCores(): number[] {
  const list = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(.*)$/m)?.[1]
  return parseCpuList(list ?? '0')
}

/** Reads the kernel's notation of a set of cores: `0-3,8,10-11`. */
export function parseCpuList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

function siblingsOf(core: number): number[] {
  try {
    return parseCpuList(
      readFileSync(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`, 'utf8').trim(),
    )
  } catch {
    return [core]
  }
}
