// Installs the dependencies with the pnpm that package.json pins, which npx brings in.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { IN_CI } from './ci.mjs'
import { NODES, ROOT, TOOLS, WORKSPACES } from './paths.mjs'
import { mustRun } from './run.mjs'
import { pending } from './stamp.mjs'

const LOCKFILE = join(ROOT, 'pnpm-lock.yaml')

export async function installDependencies() {
  const manifests = ['.', ...WORKSPACES, NODES].map((folder) => join(ROOT, folder, 'package.json'))
  const files = [...manifests, join(ROOT, 'pnpm-workspace.yaml'), LOCKFILE].filter((file) => existsSync(file))
  const markDone = pending({
    name: 'dependencies',
    files,
    values: [process.platform, process.arch],
    outputs: Object.values(TOOLS),
  })
  if (!markDone) return
  // In CI the lockfile decides; elsewhere it follows the manifests that a developer changes.
  const mode = IN_CI && existsSync(LOCKFILE) ? '--frozen-lockfile' : '--no-frozen-lockfile'
  const pnpm = ['--yes', pinnedPnpm(), 'install', mode, '--prefer-offline', '--reporter=append-only']
  // Without a terminal pnpm would refuse to replace a node_modules that another version left.
  await mustRun('Installing dependencies', 'npx', [...pnpm, '--config.confirmModulesPurge=false'])
  markDone()
}

/** 'pnpm@1.2.3', without the hash that may follow. */
function pinnedPnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return packageManager.split('+')[0]
}
