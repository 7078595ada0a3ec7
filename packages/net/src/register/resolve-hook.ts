/** Runs in the thread that Node has for such hooks (`module.register`), which knows nothing but what it is told. */
import type { InitializeHook, ResolveHook } from 'node:module'
import { isNet, isOwn } from './names.js'

/** What the thread is told. */
export interface Data {
  /** Whose modules get Node's own. */
  folders: string[]
  /** What the others get. */
  url: string
}

let told: Data

export const initialize: InitializeHook<Data> = (data) => {
  told = data
}

export const resolve: ResolveHook = (specifier, context, next) =>
  isNet(specifier) && !isOwn(context.parentURL, told.folders)
    ? { url: told.url, shortCircuit: true }
    : next(specifier, context)
