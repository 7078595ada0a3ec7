// From whatever state the folder is in to one that runs. When nothing changed this costs some milliseconds.
import { buildAddon } from './addon.mjs'
import { installDependencies } from './dependencies.mjs'
import { withLock } from './lock.mjs'
import { buildTypeScript } from './typescript.mjs'

const MINIMUM = [20, 19]

/** @param {string[]} targets of the addon */
export async function setUp(targets) {
  checkNode()
  await withLock(async () => {
    await installDependencies()
    await buildTypeScript()
    await buildAddon(targets)
  })
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return
  console.error(`pollux: Node.js ${MINIMUM.join('.')} or newer is needed; this is ${process.versions.node}.`)
  process.exit(1)
}
