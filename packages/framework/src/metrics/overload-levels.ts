/** How overloaded servers are, as the hook `overload` said last. */
import type { OverloadLevel } from '../plugins/plugin.js'
import type { AnyServer } from '../server/server.js'

const levels = new WeakMap<AnyServer, OverloadLevel>()

/** The hook. */
export function noteOverload(server: AnyServer, level: OverloadLevel): void {
  levels.set(server, level)
}

/** 0 for a server of which nothing was heard. */
export function overloadLevelOf(server: AnyServer): OverloadLevel {
  return levels.get(server) ?? 0
}
