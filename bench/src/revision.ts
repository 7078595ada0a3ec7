/** `--against`: another revision of Pollux, built. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BUILD_DIR, ROOT_DIR } from './paths.js'
import { UsageError } from './usage-error.js'

/** Revisions are kept: one is built once. */
const REVISIONS_DIR = join(BUILD_DIR, 'revisions')

/** Follows the name of a worktree in the name of a file beside it, which says that its build is complete. */
const BUILT = '.built'

/** Another checkout that can be started. */
export interface Checkout {
  directory: string
  /** Its commit, with ` (dirty)` where files differ from it; the directory where git does not know it. */
  revision: string
}

export interface RevisionOptions {
  /** The repository; that of this module without it. */
  repository?: string
  /** Where worktrees are put; `bench/build/revisions` without it. */
  directory?: string
  /** Builds a checkout; `npm run build` in it without this. */
  build?: (directory: string) => void
  /** What is being done, in a line. */
  onProgress?: (line: string) => void
}

/** The commit of a checkout. */
export function describeRevision(directory: string = ROOT_DIR): string {
  const commit = git(directory, ['rev-parse', '--short=12', 'HEAD'])
  if (commit === undefined) return directory
  // Untracked files count as well: they may be compiled.
  const changes = git(directory, ['status', '--porcelain', '--', '.', ':!bench/results', ':!docs', ':!*.md'])
  return changes === '' ? commit : `${commit} (dirty)`
}

/**
 * Finds what `--against` names: a directory with a built checkout, or a revision of git, which is checked out and built
 * where that has not been done before.
 *
 * @throws UsageError where there is no such revision, or it can't be built
 */
export function prepareAgainst(what: string, options: RevisionOptions = {}): Checkout {
  if (isDirectory(what)) {
    const directory = resolve(what)
    if (!existsSync(join(directory, 'package.json'))) {
      throw new UsageError(`--against ${what}: that is no checkout of Pollux (it has no package.json)`)
    }
    return { directory, revision: describeRevision(directory) }
  }
  const repository = options.repository ?? ROOT_DIR
  const commit = git(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${what}^{commit}`])
  if (commit === undefined) {
    throw new UsageError(
      `--against ${what}: neither a directory nor a revision that git knows here. ` +
        'Give a commit, a branch or a tag ("git log --oneline" lists commits), or the directory of a built checkout',
    )
  }
  const directory = join(options.directory ?? REVISIONS_DIR, commit.slice(0, 12))
  if (!existsSync(directory + BUILT) || !existsSync(directory))
    checkOut(repository, commit, directory, what, options)
  return { directory, revision: describeRevision(directory) }
}

function checkOut(
  repository: string,
  commit: string,
  directory: string,
  what: string,
  { build = npmRunBuild, onProgress }: RevisionOptions,
): void {
  onProgress?.(`building ${what} in ${directory} (once)`)
  // What an interrupted build has left is not to be trusted.
  rmSync(directory + BUILT, { force: true })
  rmSync(directory, { recursive: true, force: true })
  git(repository, ['worktree', 'prune'])
  mkdirSync(resolve(directory, '..'), { recursive: true })
  const added = spawnSync(
    'git',
    ['-C', repository, 'worktree', 'add', '--detach', '--force', directory, commit],
    {
      encoding: 'utf8',
    },
  )
  if (added.status !== 0) throw new UsageError(`--against ${what}: git worktree failed:\n${added.stderr}`)
  try {
    build(directory)
  } catch (error) {
    throw new UsageError(`--against ${what}: ${directory} can't be built: ${(error as Error).message}`)
  }
  writeFileSync(directory + BUILT, '')
}

function npmRunBuild(directory: string): void {
  const { status, error, stdout, stderr } = spawnSync('npm', ['run', 'build'], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (error) throw error
  if (status !== 0)
    throw new Error(`npm run build ended with status ${status}\n${`${stdout}${stderr}`.slice(-3000)}`)
}

/** What git prints, without the line's end; undefined where it fails. */
function git(directory: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', ['-C', directory, ...args], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
