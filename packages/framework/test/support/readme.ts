// The examples of a README, run as they are written.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The code blocks of that language in the README of the package that the test belongs to. */
export function codeBlocks(testUrl: string, language = 'ts'): string[] {
  const text = readFileSync(new URL('../README.md', testUrl), 'utf8')
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms')
  return [...text.matchAll(fence)].map(([, code]) => code)
}

/** A file with that code in what was built of the test's package, where it finds what it imports. Gone after the test. */
export function programOf(testUrl: string, code: string): string {
  const folder = mkdtempSync(fileURLToPath(new URL('../dist/readme-', testUrl)))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'example.mjs')
  writeFileSync(file, code)
  return file
}
