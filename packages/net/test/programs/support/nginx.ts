import { mkdirSync } from 'node:fs'
import { identityIn } from './certificates.js'
import { launch, ServerFolder } from './programs.js'

/** An nginx that keeps what it is PUT, and gives it back: HTTP/1.1, and HTTP/2 over TLS. */
export interface NginxServer {
  port: number
  tlsPort: number
  ca: Buffer
}

/** After so many requests it closes a connection. */
export const MAX_REQUESTS = 100

export async function startNginx(): Promise<NginxServer> {
  const folder = new ServerFolder()
  const { ca, key, cert } = identityIn(folder)
  const root = folder.at('root')
  mkdirSync(root)
  folder.own(root)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const ports = await launch({
    program: 'nginx',
    args: (port, tlsPort) => {
      const config = `
        daemon off;
        master_process off;
        pid ${folder.at('pid')};
        error_log stderr notice;
        events {}
        http {
          access_log off;
          ${temporary.map((name) => `${name}_temp_path ${folder.at(name)};`).join(' ')}
          server {
            listen 127.0.0.1:${port};
            listen 127.0.0.1:${tlsPort} ssl http2;
            ssl_certificate ${cert};
            ssl_certificate_key ${key};
            root ${root};
            keepalive_requests ${MAX_REQUESTS};
            client_max_body_size 0;
            dav_methods PUT DELETE;
          }
        }`
      return ['-e', 'stderr', '-p', folder.path, '-c', folder.write('nginx.conf', config)]
    },
    ready: /nginx\/\d/,
  })
  return { ...ports, ca }
}
