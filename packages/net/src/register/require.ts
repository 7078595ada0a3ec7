/** `require('net')` and `process.getBuiltinModule('net')`. */
import Module from 'node:module'
import { pathToFileURL } from 'node:url'
import net from '../index.js'
import { isNet, isOwn, ownFolders } from './names.js'

type Load = (
  this: unknown,
  request: string,
  parent: { filename?: string } | undefined,
  ...rest: unknown[]
) => unknown

/** The functions that all of Node's ways to require come through: not documented, and what every tracer wraps. */
const loader = Module as unknown as { _load: Load }

export function registerRequire(): void {
  const folders = ownFolders()
  const load = loader._load
  loader._load = function (request, parent, ...rest) {
    if (isNet(request)) {
      const filename = parent?.filename
      if (!filename || !isOwn(pathToFileURL(filename).href, folders)) return net
    }
    return load.call(this, request, parent, ...rest)
  }
  // Node 20.16 and 22.3 have it, and what came before has no need.
  const { getBuiltinModule } = process
  if (getBuiltinModule === undefined) return
  process.getBuiltinModule = ((id: string) =>
    isNet(id) ? net : getBuiltinModule.call(process, id)) as typeof getBuiltinModule
}
