/** From a mode's name to what a worker does. */
import { UsageError } from '../usage-error.js'
import type { Job, Load } from './load.js'
import { Requests } from './requests.js'

/** @throws UsageError */
export function createLoad(job: Job): Load {
  const { mode } = job.options
  switch (mode) {
    case 'requests':
      return new Requests(job)
    default:
      throw new UsageError(`--${mode} is not there yet`)
  }
}
