// What the entry points of a package export, and what is said of it where it is declared.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'

/** A name that users import. */
export interface PublicName {
  /** `@pollux/framework/logs`. */
  from: string
  name: string
  /** The docstring above its declaration; undefined without one. */
  docstring: string | undefined
}

/** The names of every entry point of the package with this manifest. */
export function publicNames(manifestUrl: URL): PublicName[] {
  const { name, exports } = JSON.parse(readFileSync(manifestUrl, 'utf8'))
  return Object.entries<{ default: string }>(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return []
    const file = sourceOf(new URL(target.default, manifestUrl).pathname)
    return exportsOf(file).map((found) => ({ from: name + path.slice(1), ...found }))
  })
}

/** `export { … } from './x.js'`, which is all that an entry point has. */
function exportsOf(file: string): Omit<PublicName, 'from'>[] {
  const lists = readFileSync(file, 'utf8').matchAll(/^export (?:type )?\{([^}]*)\} from '([^']+)'/gms)
  return [...lists].flatMap(([, list, from]) => {
    const names = list.split(',').map((item) => item.replace(/^\s*type /, '').trim())
    const source = fileOf(from, file)
    return names.filter((name) => name !== '').map((name) => ({ name, docstring: docstringOf(name, source) }))
  })
}

/** Above the declaration, or above the list of names that a module passes on. */
function docstringOf(name: string, file: string): string | undefined {
  const source = readFileSync(file, 'utf8')
  const declaration = `export (?:abstract |async )?(?:function|class|const|interface|type) ${name}\\b`
  const list = `export \\{[^}]*\\b${name}\\b[^}]*\\}\n`
  const docstring = '(\\/\\*\\*(?:(?!\\*\\/).)*\\*\\/\n)?(?:\\/\\/ biome-ignore [^\n]*\n)?'
  const found = new RegExp(`${docstring}^(?:${declaration}|${list})`, 'ms').exec(source)
  if (found !== null) return found[1]
  const passedOn = exportsOf(file).find((each) => each.name === name)
  if (passedOn !== undefined) return passedOn.docstring
  const others = [...source.matchAll(/^export \* from '([^']+)'/gm)].map(([, from]) => fileOf(from, file))
  return others.map((other) => docstringOf(name, other)).find((docstring) => docstring !== undefined)
}

/** The source of a module of this package, or of another one here. */
function fileOf(specifier: string, importer: string): string {
  if (specifier.startsWith('.')) return resolve(dirname(importer), specifier.replace(/\.js$/, '.ts'))
  return sourceOf(createRequire(importer).resolve(specifier))
}

function sourceOf(built: string): string {
  return built.replace('/dist/', '/src/').replace(/\.js$/, '.ts')
}
