// A browser to look at pages with, where there is one.
import { execFileSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

/** Debian calls it chromium, others chromium-browser; undefined where there is none. */
export const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome']
  .map(pathOf)
  .find((path) => path !== undefined)

function pathOf(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

/** Starts it without a window. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM as string,
    args: ['--headless', '--no-sandbox', '--disable-dev-shm-usage'],
  })
}
