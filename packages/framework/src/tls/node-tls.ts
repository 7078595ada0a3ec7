/** node:tls, which nobody loads who does not use it. */

/** Synchronous, so that `createServer` can say at once what is wrong with a key. */
export function nodeTls(): typeof import('node:tls') {
  return process.getBuiltinModule('node:tls')
}
