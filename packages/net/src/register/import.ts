/** `import 'net'`: by hooks of this thread where Node has them, and else by those that run in a thread of their own. */
import module from 'node:module'
import { isNet, isOwn, ownFolders, REPLACEMENT } from './names.js'
import type { Data } from './resolve-hook.js'

interface Context {
  parentURL?: string
}

type Resolve<Answer> = (
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Answer,
) => Answer

/** Of Node 22.15 and later: not in the types of Node 20. */
const { registerHooks } = module as unknown as {
  registerHooks?: (hooks: { resolve: Resolve<{ url: string; shortCircuit?: boolean }> }) => void
}

export function registerImport(): void {
  const folders = ownFolders()
  if (registerHooks === undefined) {
    const data: Data = { folders, url: REPLACEMENT }
    module.register('./resolve-hook.js', { parentURL: import.meta.url, data })
    return
  }
  registerHooks({
    resolve: (specifier, context, next) =>
      isNet(specifier) && !isOwn(context.parentURL, folders)
        ? { url: REPLACEMENT, shortCircuit: true }
        : next(specifier, context),
  })
}
