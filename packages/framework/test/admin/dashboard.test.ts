// The dashboard in a browser: headless Chromium, where there is one.
import type { Server } from '@pollux/framework'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, launchChromium } from '../../../native-poll/test/support/chromium.js'
import { needs } from '../../../native-poll/test/support/needs.js'
import { textLines } from '../support/lines.js'
import { BACKENDS } from '../support/raw.js'
import { echo, leaveNothingBehind, loopOn, portOf, serve } from '../support/serving.js'
import { adminOf, closeAdmins, getJson } from './support.js'

/** Generous: it only bounds how long a hang may take. */
const POLL = { timeout: 15_000 }

interface Sample {
  servers: { echo: { receivedBytes: number } }
}

/** Runs in the page; a text, since this file is compiled for Node.js, where there is no document. */
const INK = `[...document.querySelectorAll('canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let inked = 0
  let sum = 0
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 0) inked++
    sum = (sum * 31 + data[i] + data[i + 1] * 3 + data[i + 2] * 5 + data[i + 3] * 7) % 1000003
  }
  return { inked, sum }
})`

describe('the dashboard, in chromium', needs(CHROMIUM, 'chromium'), () => {
  let browser: Browser

  // Before the descriptors are counted: its pipes stay for all tests.
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())
  leaveNothingBehind()
  closeAdmins()

  const apart = () => ({ loop: loopOn(BACKENDS[0]) })

  /** The page of these servers, and what went wrong on it. */
  async function opened(servers: Server[], scheme: 'light' | 'dark' = 'light') {
    const admin = await adminOf({ servers })
    const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    const asked: string[] = []
    page.on('console', (message) => {
      // What inkOf does is slow, and no fault of the page's.
      const isOurs = message.text().includes('getImageData')
      if (message.type() !== 'log' && !isOurs) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(admin.url as string)
    return { admin, page, complaints, asked }
  }

  const tile = (page: Page, key: string) => page.locator(`.tile[data-key="${key}"] .value span`).first()

  /** How many pixels of each chart are not the background, and a sum that changes with them. */
  const inkOf = (page: Page) => page.evaluate<{ inked: number; sum: number }[]>(INK)

  it('loads without a complaint, and asks nobody but the admin server', async () => {
    const { server } = await serve({ name: 'echo', ...apart(), ...echo })
    const { admin, page, complaints, asked } = await opened([server])
    await page.locator('#status[data-state="live"]').waitFor()
    await page.locator('canvas').nth(5).waitFor()
    expect(await page.locator('canvas').count()).toBe(6)
    expect(asked.length).toBeGreaterThan(10)
    for (const url of asked) expect(url).toMatch(new RegExp(`^${admin.url}`))
    expect(complaints).toEqual([])
    expect(await page.title()).toContain(`tcp://127.0.0.1:${portOf(server)}`)
    await page.close()
  })

  it.each(['light', 'dark'] as const)(
    'draws charts that change with the traffic, when it is %s',
    async (scheme) => {
      const service = await serve({ name: 'echo', ...apart(), ...echo })
      const { page, complaints } = await opened([service.server], scheme)
      await page.locator('canvas').nth(5).waitFor()
      const before = await inkOf(page)
      const peer = await service.connect()
      const talking = setInterval(() => void peer.send(Buffer.alloc(10_000)), 50)
      const value = tile(page, 'received')
      await expect.poll(() => value.textContent(), POLL).not.toMatch(/^0$|–/)
      await expect.poll(() => tile(page, 'connections').textContent(), POLL).toBe('1')
      const after = await inkOf(page)
      clearInterval(talking)
      for (const [i, { inked, sum }] of after.entries()) {
        expect(inked, `chart ${i}`).toBeGreaterThan(200)
        expect(sum, `chart ${i}`).not.toBe(before[i].sum)
      }
      const background = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      const [red] = (background.match(/\d+/) as RegExpMatchArray).map(Number)
      if (scheme === 'light') expect(red).toBeGreaterThan(200)
      else expect(red).toBeLessThan(50)
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  it('redraws in the colours of the other scheme when it changes', async () => {
    const { server } = await serve({ ...apart(), ...echo })
    const { page, complaints } = await opened([server], 'light')
    await page.locator('canvas').nth(5).waitFor()
    const light = await inkOf(page)
    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(async () => (await inkOf(page))[0]?.sum, POLL).not.toBe(light[0].sum)
    expect(await page.locator('canvas').count()).toBe(6)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('shows the true numbers, and the peers', async () => {
    const service = await serve({ name: 'lines', ...apart(), codec: textLines(100), message() {} })
    const { page } = await opened([service.server])
    await page.getByText('Nobody is connected', { exact: true }).waitFor()
    const peers = [await service.connect(), await service.connect(), await service.connect()]
    await peers[0].send('hello\n')
    await expect.poll(() => tile(page, 'connections').textContent(), POLL).toBe('3')
    for (const { socket } of peers) {
      await page.getByText(`tcp://127.0.0.1:${socket.localPort}`).waitFor()
    }
    const row = page.locator('#table-body tr', { hasText: `:${peers[0].socket.localPort}` })
    expect(await row.locator('td').allTextContents()).toEqual(
      expect.arrayContaining([`tcp://127.0.0.1:${peers[0].socket.localPort}`, 'lines', 'open', '6 B', '0 B']),
    )
    await page.close()
  })

  it('sorts the connections as it is asked to, and shows one server of several', async () => {
    const first = await serve({ name: 'first', ...apart(), ...echo })
    const second = await serve({ name: 'second', ...apart(), ...echo })
    const { page, complaints } = await opened([first.server, second.server])
    const old = await first.connect()
    const busy = await second.connect()
    await busy.send('x'.repeat(100))
    await busy.expectBytes('x'.repeat(100))
    const peers = page.locator('#table-body td.address')
    await page.getByRole('button', { name: 'Received' }).click()
    await expect
      .poll(() => peers.allTextContents(), POLL)
      .toEqual([busy, old].map(({ socket }) => `tcp://127.0.0.1:${socket.localPort}`))
    await page.getByRole('button', { name: 'Age' }).click()
    await expect
      .poll(() => peers.allTextContents(), POLL)
      .toEqual([old, busy].map(({ socket }) => `tcp://127.0.0.1:${socket.localPort}`))
    await page.getByRole('button', { name: 'second', exact: true }).click()
    await expect
      .poll(() => peers.allTextContents(), POLL)
      .toEqual([`tcp://127.0.0.1:${busy.socket.localPort}`])
    await expect.poll(() => tile(page, 'connections').textContent(), POLL).toBe('1')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('shows the past to a page that is opened later', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const { page, admin } = await opened([service.server])
    const peer = await service.connect()
    await peer.send('x'.repeat(10_000))
    await peer.awaitBytes(10_000)
    // Over by now: the last sample has none of it.
    const received = async (): Promise<number[]> =>
      (await getJson(admin, '/stats')).history.map((sample: Sample) => sample.servers.echo.receivedBytes)
    await expect
      .poll(async () => (await received()).at(-1) === 0 && Math.max(...(await received())) > 0, POLL)
      .toBe(true)
    await page.reload()
    await page.locator('canvas').nth(5).waitFor()
    expect(await tile(page, 'received').textContent()).toBe('0')
    const chart = page.locator('article', { hasText: 'Throughput' })
    expect(await chart.locator('.empty').textContent()).toBe('')
    await page.close()
  })

  it('says so when a server is not ready, and when nobody answers; and comes back', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const { page, admin } = await opened([service.server])
    await page.locator('#status[data-state="live"]').waitFor()
    const holding = await service.connect()
    void service.server.close()
    await page.locator('#status[data-state="not-ready"]').waitFor()
    const { port } = new URL(admin.url as string)
    await admin.close()
    await page.locator('#status[data-state="disconnected"]').waitFor()
    expect(await page.locator('#banner').isVisible()).toBe(true)
    await adminOf({ servers: [], port: Number(port) })
    await page.locator('#status[data-state="not-ready"]').waitFor()
    expect(await page.locator('#banner').isVisible()).toBe(false)
    await holding.end()
    await page.close()
  })

  it('fits a telephone: nothing but tables is wider than the screen', async () => {
    const service = await serve({ name: 'echo', ...apart(), ...echo })
    const { page } = await opened([service.server])
    await page.setViewportSize({ width: 390, height: 800 })
    await page.locator('canvas').nth(5).waitFor()
    await service.connect()
    await page.locator('#table-body td.address').waitFor()
    const [width, screen] = await page.evaluate<number[]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    )
    expect(width).toBeLessThanOrEqual(screen)
    await page.close()
  })
})
