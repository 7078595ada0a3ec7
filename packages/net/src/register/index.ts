/**
 * Has a program that says `net` or `node:net` get this package, without a change in it:
 *
 * ```sh
 * node --import @pollux/net/register app.js
 * ```
 *
 * That is `import`, `require` and `process.getBuiltinModule`, of the program and of everything it depends on, in the main
 * thread and in workers. Modules of Node itself (`http`, `tls`, …) go on using their own; `@pollux/net/http` and
 * `@pollux/net/tls` are for these.
 */
import { registerImport } from './import.js'
import { registerRequire } from './require.js'

registerRequire()
registerImport()
