/** Plugins, sorted by hook: an event that no plugin listens to costs one comparison. */
import { checkObject, invalidArgType } from '@pollux/core'
import type { Plugin } from './plugin.js'

type HookName = Exclude<keyof Plugin, 'name'>

/** The plugins that have the hook `Name`, in order; null where none has it. */
type Listeners<Name extends HookName> = readonly (Plugin & Required<Pick<Plugin, Name>>)[] | null

const NAMES: readonly HookName[] = [
  'install',
  'listening',
  'closing',
  'closed',
  'accept',
  'refused',
  'open',
  'received',
  'message',
  'watermark',
  'error',
  'close',
  'acceptPaused',
  'acceptResumed',
  'overload',
]

export class Hooks {
  readonly install: Listeners<'install'>
  readonly listening: Listeners<'listening'>
  readonly closing: Listeners<'closing'>
  readonly closed: Listeners<'closed'>
  readonly accept: Listeners<'accept'>
  readonly refused: Listeners<'refused'>
  readonly open: Listeners<'open'>
  readonly received: Listeners<'received'>
  readonly message: Listeners<'message'>
  readonly watermark: Listeners<'watermark'>
  readonly error: Listeners<'error'>
  readonly close: Listeners<'close'>
  readonly acceptPaused: Listeners<'acceptPaused'>
  readonly acceptResumed: Listeners<'acceptResumed'>
  readonly overload: Listeners<'overload'>
  private readonly plugins: readonly Plugin[]

  /** @throws TypeError that names the plugin and the hook which is no function */
  constructor(plugins: readonly Plugin[]) {
    checkPlugins(plugins)
    this.plugins = plugins
    this.install = having(plugins, 'install')
    this.listening = having(plugins, 'listening')
    this.closing = having(plugins, 'closing')
    this.closed = having(plugins, 'closed')
    this.accept = having(plugins, 'accept')
    this.refused = having(plugins, 'refused')
    this.open = having(plugins, 'open')
    this.received = having(plugins, 'received')
    this.message = having(plugins, 'message')
    this.watermark = having(plugins, 'watermark')
    this.error = having(plugins, 'error')
    this.close = having(plugins, 'close')
    this.acceptPaused = having(plugins, 'acceptPaused')
    this.acceptResumed = having(plugins, 'acceptResumed')
    this.overload = having(plugins, 'overload')
  }

  /** Whether `plugin` lets connections in, and is asked behind the plugin `last`. */
  isAskedBehind(plugin: Plugin, last: Plugin): boolean {
    return plugin.accept !== undefined && this.plugins.indexOf(plugin) > this.plugins.indexOf(last)
  }
}

function having<Name extends HookName>(plugins: readonly Plugin[], name: Name): Listeners<Name> {
  const listeners = plugins.filter((plugin) => plugin[name] !== undefined)
  return listeners.length === 0 ? null : (listeners as (Plugin & Required<Pick<Plugin, Name>>)[])
}

function checkPlugins(plugins: readonly Plugin[]): void {
  if (!Array.isArray(plugins)) throw invalidArgType('plugins', 'an array', plugins)
  for (const plugin of plugins) {
    checkObject(plugin, 'plugins[]')
    if (typeof plugin.name !== 'string') throw invalidArgType('plugins[].name', 'of type string', plugin.name)
    for (const name of NAMES) {
      const hook: unknown = plugin[name]
      if (hook === undefined || typeof hook === 'function') continue
      throw invalidArgType(`${name} of the plugin ${plugin.name}`, 'of type function', hook)
    }
  }
}
