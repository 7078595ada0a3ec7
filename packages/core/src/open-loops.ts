/** The loops of this environment that are open: what was written in the turn that ends the process leaves before it does. */
import type { Submissions } from './submissions.js'

interface Flushable {
  readonly submissions: Submissions
}

const openLoops = new Set<Flushable>()

/** As far as the kernel takes it. */
function flushOpenLoops(): void {
  for (const { submissions } of openLoops) {
    submissions.flush()
    submissions.flushEachWrite()
  }
}

export function watchOver(loop: Flushable): void {
  if (openLoops.size === 0) process.on('exit', flushOpenLoops)
  openLoops.add(loop)
}

export function forget(loop: Flushable): void {
  openLoops.delete(loop)
  if (openLoops.size === 0) process.off('exit', flushOpenLoops)
}
