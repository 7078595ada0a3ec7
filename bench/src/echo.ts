import type { Environment } from './environment.js'
import { formatValue } from './format.js'
import { isInterrupted } from './interrupt.js'
import type { LoadTimes } from './load.js'
import { checkPeer, type Peer } from './peers/peer.js'
import { planTrials } from './plan.js'
import { Server } from './server.js'
import type { Shape } from './shapes.js'
import { runTrial, type Trial } from './trial.js'

export interface RunOptions {
  rounds: number
  seed: number
  times: LoadTimes
}

/** Runs all trials one after the other, until it is interrupted. Rejects when a peer can't start; what fails later is in its trial. */
export async function runEcho(
  shapes: Shape[],
  peers: Peer[],
  environment: Environment,
  options: RunOptions,
): Promise<Trial[]> {
  for (const peer of peers) {
    checkPeer(peer)
    const server = await Server.start(peer, environment.cores.server)
    await server.stop()
  }
  const steps = planTrials(shapes, peers, options.rounds, options.seed)
  const trials: Trial[] = []
  for (const { round, shape, peer } of steps) {
    if (isInterrupted()) break
    const trial = await runTrial(round, shape, peer, environment, options.times)
    trials.push(trial)
    const outcome =
      trial.value === undefined ? `FAILED: ${trial.error}` : formatValue(trial.value, shape.unit)
    const progress = `${trials.length}/${steps.length}`
    process.stderr.write(`${progress} round ${round} · ${shape.label} · ${peer.name}: ${outcome}\n`)
  }
  return trials
}
