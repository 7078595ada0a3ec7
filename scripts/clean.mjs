// npm run clean: removes what the other scripts made, but for node_modules.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { CACHE, NATIVE, ROOT, WORKSPACES } from './lib/paths.mjs'

const made = [CACHE, join(NATIVE, 'build'), ...WORKSPACES.map((folder) => join(ROOT, folder, 'dist'))]
for (const folder of made) rmSync(folder, { recursive: true, force: true })
