// The page of a run, in a browser.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, launchChromium } from '../../../../packages/native-poll/test/support/chromium.js'
import { needs } from '../../../../packages/native-poll/test/support/needs.js'
import { percentileOf, readPercentiles } from '../../src/charts/percentiles.js'
import { resultHtml } from '../../src/output/html.js'
import { open } from '../support/page.js'
import { result } from '../support/results.js'

describe('the page', () => {
  it('is the same text for the same result', () => {
    expect(resultHtml(result())).toBe(resultHtml(result()))
  })

  it('has a title that says what was found', () => {
    expect(resultHtml(result())).toContain('<h1>200 k replies a second, 99% within ')
  })

  it('takes what it is told as text', () => {
    expect(resultHtml(result())).toContain('&lt;b&gt;&amp;&quot;quoted&quot;')
    expect(resultHtml(result())).not.toContain('<b>&')
  })

  it('is there for a run without a reply, too', () => {
    const empty = result({ rounds: [], timeline: [], errors: { 'connect ECONNREFUSED': 50 } })
    expect(resultHtml(empty)).toContain('<h1>No reply came</h1>')
  })
})

describe('readPercentiles', () => {
  it('goes from the least to the one that has no more behind it', () => {
    const points = readPercentiles(result().latency.histogram)
    expect(points[0]?.[0]).toBe(0)
    expect(points.at(-1)?.[0]).toBeCloseTo(5, 5)
    expect(points.find(([nines]) => Math.abs(nines - 2) < 1e-9)?.[1]).toBeCloseTo(
      result().percentilesUs.p99 as number,
      0,
    )
  })

  it('names percentiles by their nines', () => {
    expect([0, 1, 2, 3, 4, 5].map(percentileOf)).toEqual(['0%', '90%', '99%', '99.9%', '99.99%', '99.999%'])
  })
})

describe('the page, in chromium', needs(CHROMIUM, 'chromium'), () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  it('asks for nothing, and has nothing to complain of', async () => {
    const { page, complaints, requests } = await open(browser, resultHtml(result()))
    expect(await page.title()).toContain('200 k replies a second')
    expect({ complaints, requests }).toEqual({ complaints: [], requests: [] })
    expect(await page.locator('script').count()).toBe(0)
    await page.close()
  })

  it('has every point of the percentiles in its plot, each not below the one before', async () => {
    const { page } = await open(browser, resultHtml(result()))
    const points = await vertices(page)
    const expected = readPercentiles(result().latency.histogram)
    expect(points).toHaveLength(expected.length)
    // A linear axis of nines: equal steps.
    const steps = points.slice(1).map(([x], index) => x - (points[index]?.[0] as number))
    for (const step of steps) expect(step).toBeCloseTo(steps[0] as number, 0)
    for (const [index, [, us]] of expected.slice(1).entries()) {
      const before = expected[index]?.[1] as number
      const [[, above], [, y]] = [points[index], points[index + 1]] as [[number, number], [number, number]]
      if (us > before * 1.05) expect(y).toBeLessThan(above)
      else expect(y).toBeLessThanOrEqual(above + 0.01)
    }
    await page.close()
  })

  it.each([
    { width: 1000, scheme: 'light', shown: 'wide' },
    { width: 360, scheme: 'dark', shown: 'narrow' },
  ] as const)('fits a screen of $width, $scheme', async ({ width, scheme, shown }) => {
    const { page } = await open(browser, resultHtml(result()), { width, scheme })
    const seen = await page.evaluate<{ overflow: number }>(`({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      paper: getComputedStyle(document.body).backgroundColor,
      line: getComputedStyle(document.querySelector('figure path[stroke-width="3"]')).stroke,
    })`)
    expect(seen.overflow).toBe(0)
    expect(seen).toMatchObject(
      scheme === 'light'
        ? { paper: 'rgb(255, 255, 255)', line: 'rgb(217, 72, 15)' }
        : { paper: 'rgb(22, 24, 29)', line: 'rgb(255, 138, 76)' },
    )
    expect(await page.locator(`.${shown}`).first().isVisible()).toBe(true)
    expect(
      await page
        .locator(`.${shown === 'wide' ? 'narrow' : 'wide'}`)
        .first()
        .isVisible(),
    ).toBe(false)
    await page.close()
  })
})

/** Of the line in the plot of percentiles, as it is drawn. */
async function vertices(page: Page): Promise<[number, number][]> {
  const path = await page.locator('figure .wide path[stroke-width="3"]').first().getAttribute('d')
  const numbers = (path?.match(/-?\d+(\.\d+)?/g) ?? []).map(Number)
  return Array.from(
    { length: numbers.length / 2 },
    (_, i) => numbers.slice(2 * i, 2 * i + 2) as [number, number],
  )
}
