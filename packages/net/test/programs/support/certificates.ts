// Keys and certificates, made by openssl when they are needed: none is kept that could expire or leak.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerFolder } from './programs.js'

/** Of localhost and 127.0.0.1; it vouches for itself, so that it is what clients trust as well. */
export interface Identity {
  key: Buffer
  cert: Buffer
}

export function makeIdentity(): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-'))
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
    makeFiles(key, cert)
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The same as files that a server of others reads. */
export function identityIn(folder: ServerFolder): { key: string; cert: string; ca: Buffer } {
  const { key, cert } = makeIdentity()
  return { key: folder.write('server.key', key), cert: folder.write('server.pem', cert), ca: cert }
}

function makeFiles(key: string, cert: string): void {
  const output = ['-keyout', key, '-out', cert]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync('openssl', ['req', '-x509', ...fresh, ...output, ...names], { stdio: 'pipe' })
}
