// The versions of Node.js that the drop-in is held against: the one that runs the tests, and those in ../nodes.
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface NodeVersion {
  /** `Node 22`. */
  name: string
  path: string
}

const FOLDER = fileURLToPath(new URL('../nodes/node_modules/', import.meta.url))

/** They are there for Linux on x64 only. */
export const NODES: NodeVersion[] = [
  { name: `Node ${process.versions.node.split('.', 1)[0]}`, path: process.execPath },
  ...(existsSync(FOLDER) ? readdirSync(FOLDER) : [])
    .filter((folder) => existsSync(`${FOLDER}${folder}/bin/node`))
    .map((folder) => ({ name: folder.replace('node-', 'Node '), path: `${FOLDER}${folder}/bin/node` })),
]
