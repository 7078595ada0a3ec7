/** Whether whoever spreads the load may send connections here. */
import type { AnyServer } from '../server/server.js'

/** Why not, in a line for each server that is not ready; undefined where all are. */
export function unready(servers: readonly AnyServer[]): string | undefined {
  if (servers.length === 0) return 'there is no server\n'
  const reasons = servers.map(reasonOf).filter((reason) => reason !== undefined)
  return reasons.length === 0 ? undefined : reasons.join('')
}

function reasonOf(server: AnyServer): string | undefined {
  if (!server.isReady) return `${server.name}: not listening, or closing\n`
  const level = server.overloadLevel
  return level === 0 ? undefined : `${server.name}: overloaded, level ${level}\n`
}
