// The same server in each worker of `serve`.
import { listen } from './stream.mjs'

export default async function start(worker) {
  const { root, settings, target } = worker.data
  await listen(root, settings, (server) => worker.listen(server, target))
}
