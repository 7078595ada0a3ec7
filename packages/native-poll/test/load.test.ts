// Loading: from where, and what it says when there is nothing to load.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { loadBinding } from '@pollux/native-poll'
import { afterEach, describe, expect, it } from 'vitest'
import { Child, endChildren } from './support/child.js'
import { temporaryFolder } from './support/folder.js'

afterEach(endChildren)

const folder = temporaryFolder()
const dist = fileURLToPath(new URL('../dist', import.meta.url))

describe('loading the addon', () => {
  it('gives one binding however often it is asked, also to require()', () => {
    expect(loadBinding()).toBe(loadBinding())
    const required = createRequire(import.meta.url)('@pollux/native-poll')
    expect(required.loadBinding()).toBe(loadBinding())
  })

  it('has the backends of the system, the default first', () => {
    const posix = process.env.POLLUX_NATIVE_TARGET === 'posix' || process.platform !== 'linux'
    expect(loadBinding().backends).toEqual(posix ? ['poll', 'select'] : ['epoll', 'poll', 'select'])
  })

  it('has fault injection in no build that users run', () => {
    const isRelease = (process.env.POLLUX_NATIVE_TARGET ?? 'release') === 'release'
    expect(loadBinding().faults === undefined).toBe(isRelease)
  })

  it('names the builds there are, when it is asked for another', async () => {
    const message = await loadIn(dist, { POLLUX_NATIVE_TARGET: 'nonsense' })
    expect(message).toContain('ERR_POLLUX_UNKNOWN_TARGET')
    expect(message).toContain(
      "POLLUX_NATIVE_TARGET is 'nonsense' but must be one of release, testing, posix, asan.",
    )
  })

  it('says what to run when it is not built', async () => {
    const unbuilt = copyOfDist('unbuilt')
    const release = await loadIn(unbuilt, { POLLUX_NATIVE_TARGET: '' })
    expect(release).toContain('ERR_POLLUX_NOT_BUILT')
    expect(release).toContain('run "npm run build" in the repository.')
    const testing = await loadIn(unbuilt, { POLLUX_NATIVE_TARGET: 'testing' })
    expect(testing).toContain('run "npm run build -- --all" in the repository.')
  })

  it('says what to run when the package that was installed could not build it', async () => {
    const installed = copyOfDist('node_modules/installed')
    const message = await loadIn(installed, { POLLUX_NATIVE_TARGET: '' })
    expect(message).toContain('ERR_POLLUX_NOT_BUILT')
    expect(message).toContain('let its install script run: "npm rebuild @pollux/native-poll')
    expect(message).toContain('pnpm approve-builds')
  })

  it('is not built again by an installation where it is there', () => {
    const addon = fileURLToPath(new URL('../build/Release/pollux_poll.node', import.meta.url))
    const { mtimeMs } = statSync(addon)
    const script = fileURLToPath(new URL('../install.mjs', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(statSync(addon).mtimeMs).toBe(mtimeMs)
  })

  it('says what is missing where it cannot be built', () => {
    const place = join(folder, 'unbuildable')
    mkdirSync(join(place, 'node_modules/node-gyp/bin'), { recursive: true })
    cpSync(new URL('../install.mjs', import.meta.url), join(place, 'install.mjs'))
    writeFileSync(join(place, 'node_modules/node-gyp/bin/node-gyp.js'), 'process.exit(1)')
    const { status, stderr } = spawnSync(process.execPath, [join(place, 'install.mjs')], { encoding: 'utf8' })
    expect(status).toBe(1)
    expect(stderr).toContain('apt-get install g++ make python3. Then: npm rebuild @pollux/native-poll')
  })

  it('says what to run, and why, when what was built cannot be loaded', async () => {
    const broken = copyOfDist('broken')
    mkdirSync(join(folder, 'broken/build/Release'), { recursive: true })
    writeFileSync(join(folder, 'broken/build/Release/pollux_poll.node'), 'not an addon')
    const message = await loadIn(broken, { POLLUX_NATIVE_TARGET: '' })
    expect(message).toContain('ERR_POLLUX_LOAD_FAILED')
    expect(message).toMatch(/could not be loaded \(.+\): run "npm run build"/)
  })

  it('says which flag is in the way where no addon may be loaded', () => {
    const module = JSON.stringify(new URL('../dist/load.js', import.meta.url).href)
    const load = `(await import(${module})).loadBinding()`
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--no-addons', '--input-type=module', '-e', load],
      {
        encoding: 'utf8',
      },
    )
    expect(status).toBe(1)
    expect(stderr).toContain('ERR_POLLUX_LOAD_FAILED')
    expect(stderr).toContain('start Node.js with --allow-addons, or without --no-addons')
  })
})

function copyOfDist(name: string): string {
  const copy = join(folder, name, 'dist')
  cpSync(dist, copy, { recursive: true })
  writeFileSync(join(folder, name, 'package.json'), '{"type":"module"}')
  return copy
}

/** What loadBinding() of that copy throws, in a process of its own. */
async function loadIn(copy: string, env: NodeJS.ProcessEnv): Promise<string> {
  const load = pathToFileURL(join(copy, 'load.js')).href
  const script = `import { loadBinding } from '${load}'
    try { loadBinding(); console.log('loaded') } catch (error) { console.log(error.code, error.message) }`
  const child = Child.node(['--input-type=module', '--eval', script], env)
  expect(await child.awaitExit()).toBe(0)
  return child.output
}
