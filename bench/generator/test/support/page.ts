// Pages of ours, as a browser shows them.
import type { Browser, Page } from 'playwright-core'

/** A page, with whatever went wrong on it and whatever it asked for. */
export async function open(
  browser: Browser,
  html: string,
  { width = 1000, scheme = 'light' }: { width?: number; scheme?: 'light' | 'dark' } = {},
): Promise<{ page: Page; complaints: string[]; requests: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme })
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(request.url()))
  await page.setContent(html)
  return { page, complaints, requests }
}
