// What a server needs for TLS, made by openssl in the server's own folder: none is kept that could expire or leak.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { ServerFolder } from './programs.js'

export interface ServerCertificate {
  /** Paths, for the server. */
  key: string
  cert: string
  /** What its clients trust: it vouches for itself. */
  ca: Buffer
}

/** Of localhost and 127.0.0.1. */
export function certificateIn(folder: ServerFolder): ServerCertificate {
  const [key, cert] = [folder.at('server.key'), folder.at('server.pem')]
  const output = ['-keyout', key, '-out', cert]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...fresh, ...output, ...names], { stdio: 'pipe' })
  folder.own(key)
  folder.own(cert)
  return { key, cert, ca: readFileSync(cert) }
}
