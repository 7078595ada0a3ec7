/** Words of a command line to flags, with errors that say what to write instead. */
import { parseArgs } from 'node:util'
import { closest, distance } from 'fastest-levenshtein'
import { UsageError } from './usage-error.js'

/** As parseArgs of node:util knows them. */
export interface Flag {
  type: 'string' | 'boolean'
  multiple?: boolean
  short?: string
}

export type Flags = Readonly<Record<string, Flag>>

type Single<F extends Flag> = F['type'] extends 'string' ? string : F['type'] extends 'boolean' ? true : never

/** What was given, by flag. */
export type Values<F extends Flags> = {
  [Name in keyof F]?: F[Name]['multiple'] extends true ? Single<F[Name]>[] : Single<F[Name]>
}

/** A typing error is no further from what was meant. */
const MOST_WRONG = 2

/**
 * Of a flag that is given twice the last one counts, unless it takes several.
 *
 * @param help how one gets to see all flags: behind what is said of one that there is none of
 * @throws UsageError for a flag that there is none of, that has no value or should have none
 */
export function readFlags<F extends Flags>(
  args: readonly string[],
  flags: F,
  help: string,
): { values: Values<F>; positionals: string[] } {
  const { values, positionals, tokens } = parseArgs({
    ...{ args: [...args], options: flags, allowPositionals: true },
    // It would say less of what is wrong.
    ...{ strict: false, tokens: true },
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
    if (flag === undefined) throw new UsageError(`there is no ${rawName}${instead(name, flags)}${help}`)
    if (flag.type === 'boolean' && value !== undefined) {
      throw new UsageError(`${rawName} takes no value, and was given '${value}'`)
    }
    if (flag.type === 'string' && (value === undefined || (!inlineValue && value.startsWith('--')))) {
      throw new UsageError(`${rawName} needs a value${value === undefined ? '' : `, and was given ${value}`}`)
    }
  }
  return { values: values as Values<F>, positionals }
}

function instead(name: string, flags: Flags): string {
  const names = Object.keys(flags)
  const nearest = closest(name, names)
  if (distance(name, nearest) <= MOST_WRONG) return ` (--${nearest}?)`
  const longer = names.find((each) => each.startsWith(name))
  return longer === undefined ? '' : ` (--${longer}?)`
}
