/** From a mode's name to what a worker does. */
import { Churn } from './churn.js'
import { Datagrams } from './datagrams.js'
import { Fanout } from './fanout.js'
import { Idle } from './idle.js'
import type { Job, Load } from './load.js'
import { Requests } from './requests.js'
import { SlowReaders } from './slow-readers.js'

export function createLoad(job: Job): Load {
  const { mode, protocol } = job.options
  switch (mode) {
    case 'requests':
      return protocol === 'udp' ? new Datagrams(job) : new Requests(job)
    case 'churn':
      return new Churn(job)
    case 'idle':
      return new Idle(job)
    case 'fanout':
      return new Fanout(job)
    case 'slow-readers':
      return new SlowReaders(job)
  }
}
