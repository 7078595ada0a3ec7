// Waiting that ends: nothing here sleeps, it only bounds how long an event may take on a loaded machine.
const PATIENCE_MS = 45_000

/** The promise's value; an error that says what was awaited, if it takes unreasonably long. */
export async function patiently<T>(promise: Promise<T>, what: string | (() => string)): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited in vain for ${typeof what === 'string' ? what : what()}`)),
      PATIENCE_MS,
    )
  })
  try {
    return await Promise.race([promise, impatience])
  } finally {
    clearTimeout(timer)
  }
}

/** One iteration of the event loop. */
export const iteration = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Goes round the event loop until `check` is true. For what no event announces. */
export async function eventually(what: string, check: () => boolean) {
  const end = performance.now() + PATIENCE_MS
  while (!check()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await iteration()
  }
}
