import { identityIn } from './certificates.js'
import { launch, ServerFolder } from './programs.js'

/** An MQTT broker that keeps nothing on disk. */
export interface MosquittoServer {
  port: number
  tlsPort: number
  ca: Buffer
}

export async function startMosquitto(): Promise<MosquittoServer> {
  const folder = new ServerFolder()
  const { ca, key, cert } = identityIn(folder)
  const ports = await launch({
    program: 'mosquitto',
    args: (port, tlsPort) => {
      const config = [
        'log_dest stderr',
        'allow_anonymous true',
        'max_queued_messages 0',
        'max_inflight_messages 0',
        `listener ${port} 127.0.0.1`,
        `listener ${tlsPort} 127.0.0.1`,
        `keyfile ${key}`,
        `certfile ${cert}`,
        '',
      ].join('\n')
      return ['-c', folder.write('mosquitto.conf', config)]
    },
    ready: /mosquitto version \S+ running/,
  })
  return { ...ports, ca }
}
