/** The files of the dashboard, from this package and from uPlot's. Nothing is fetched from anywhere else. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

interface Asset {
  /** Where the file is. */
  file: () => string
  type: string
}

const HTML = 'text/html; charset=utf-8'
const CSS = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
const SVG = 'image/svg+xml'

/** They are no TypeScript, so they stay in `src`, which is published too. */
function own(name: string): () => string {
  return () => fileURLToPath(new URL(`../../src/admin/dashboard/${name}`, import.meta.url))
}

function uplot(name: string): () => string {
  return () => createRequire(import.meta.url).resolve(`uplot/dist/${name}`)
}

const ASSETS: ReadonlyMap<string, Asset> = new Map([
  ['/', { file: own('index.html'), type: HTML }],
  ['/assets/dashboard.css', { file: own('dashboard.css'), type: CSS }],
  ['/assets/icon.svg', { file: own('icon.svg'), type: SVG }],
  ...['dashboard', 'charts', 'dom', 'feed', 'format', 'samples', 'table', 'tiles'].map(
    (name): [string, Asset] => [`/assets/${name}.js`, { file: own(`${name}.js`), type: SCRIPT }],
  ),
  ['/assets/uplot.js', { file: uplot('uPlot.iife.min.js'), type: SCRIPT }],
  ['/assets/uplot.css', { file: uplot('uPlot.min.css'), type: CSS }],
])

/** The file behind a path, or undefined: there is a list, and no path reaches the file system. */
export async function assetAt(path: string): Promise<{ body: Buffer; type: string } | undefined> {
  const asset = ASSETS.get(path)
  if (asset === undefined) return undefined
  return { body: await readFile(asset.file()), type: asset.type }
}
