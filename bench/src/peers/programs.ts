/** Programs of the machine: whether they are there, and which version. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian puts there what no user calls. */
const MORE_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** How to get what Debian has, and what to say of it. */
export function byApt(what: string, ...packages: string[]): string {
  return `${what} is not installed: apt-get install ${packages.join(' ')}; or npm run bench -- --setup`
}

/** The path of a program that can be run; undefined where there is none. */
export function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a program says of itself, on either stream; '' where it can't be run. */
export function output(command: string, args: string[]): string {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  return `${stdout ?? ''}${stderr ?? ''}`
}

/** The first thing that looks like a version in what a program says of itself. */
export function versionIn(text: string): string {
  return text.match(/\d+(?:\.\d+)+/)?.[0] ?? 'unknown'
}
