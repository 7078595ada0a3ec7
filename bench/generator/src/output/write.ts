/** Where a result goes. */
import { closeSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Options } from '../options.js'
import type { Result } from '../result.js'
import { UsageError } from '../usage-error.js'
import { resultCsv } from './csv.js'
import { resultHgrm } from './hgrm.js'
import { resultTable } from './table.js'

const FORMATS = {
  json: (result: Result, toFile: boolean) => `${JSON.stringify(result, null, toFile ? 2 : 0)}\n`,
  csv: resultCsv,
  hgrm: resultHgrm,
  // Loaded for those who ask: a library for charts is much memory and much time for a run without any.
  html: async (result: Result) => (await import('./html.js')).resultHtml(result),
}

type Format = keyof typeof FORMATS

const STDOUT = '-'

function asked(output: Options['output']): [Format, string][] {
  return (Object.keys(FORMATS) as Format[]).flatMap((format) => {
    const file = output[format]
    return file === undefined ? [] : [[format, file] as [Format, string]]
  })
}

/**
 * Before a run, so that none is lost.
 *
 * @throws UsageError where a file can't be written
 */
export function checkOutputs(output: Options['output']): void {
  const onStdout = asked(output).filter(([, file]) => file === STDOUT)
  if (onStdout.length > 1) {
    const flags = onStdout.map(([format]) => `--${format} -`).join(' and ')
    throw new UsageError(`${flags}: only one of them can have the standard output`)
  }
  for (const [format, file] of asked(output)) {
    if (file === STDOUT) continue
    if (statSync(dirname(file), { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new UsageError(`--${format} ${file}: there is no folder ${dirname(file)}`)
    }
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`--${format} ${file} is a folder: name a file in it`)
    }
    try {
      checkWritable(file)
    } catch (error) {
      throw new UsageError(`--${format} ${file} can't be written: ${(error as Error).message}`)
    }
  }
}

/** What one may do says nothing of a disk that is full or read-only: only trying does. */
function checkWritable(file: string): void {
  const before = statSync(file, { throwIfNoEntry: false })
  // A pipe would wait for its reader.
  if (before?.isFile() === false) return
  closeSync(openSync(file, 'a'))
  if (before === undefined) rmSync(file)
}

/** Files, and on the standard output what was asked for there, else the table. */
export async function writeOutputs(
  result: Result,
  output: Options['output'],
  print: (text: string) => void,
): Promise<void> {
  let isPrinted = false
  for (const [format, file] of asked(output)) {
    const text = await FORMATS[format](result, file !== STDOUT)
    if (file === STDOUT) {
      print(text)
      isPrinted = true
    } else {
      writeFileSync(file, text)
    }
  }
  if (!isPrinted) print(resultTable(result))
}
