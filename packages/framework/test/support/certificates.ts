// Keys and certificates, made by openssl when a test needs them: none are kept that could expire or leak.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasProgram } from '../../../native-poll/test/support/needs.js'
import { temporaryFolder } from './raw.js'

export const HAS_OPENSSL = hasProgram('openssl')

export interface Identity {
  key: Buffer
  cert: Buffer
}

export interface Certificates {
  /** Vouches for all but the stranger. */
  ca: Buffer
  /** Of localhost and 127.0.0.1. */
  server: Identity
  /** Of other.test. */
  other: Identity
  client: Identity
  /** Vouches for itself. */
  stranger: Identity
  /** Where they are, for programs: ca.pem, server.key, server.pem, … */
  folder: string
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']

/** Gone when the test file is done. */
export function makeCertificates(): Certificates {
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })

  const selfSigned = (name: string, subject: string) => {
    openssl('req', '-x509', ...EC, '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', subject)
  }
  const signed = (name: string, subject: string, names?: string): Identity => {
    openssl(
      ...['req', '-x509', ...EC, '-CA', at('ca.pem'), '-CAkey', at('ca.key')],
      ...['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', subject],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ...(names === undefined ? [] : ['-addext', `subjectAltName=${names}`]),
    )
    return identity(name)
  }
  const identity = (name: string): Identity => ({
    key: readFileSync(at(`${name}.key`)),
    cert: readFileSync(at(`${name}.pem`)),
  })

  selfSigned('ca', '/CN=Pollux test CA')
  selfSigned('stranger', '/CN=stranger')
  return {
    ca: readFileSync(at('ca.pem')),
    server: signed('server', '/CN=localhost', 'DNS:localhost,IP:127.0.0.1'),
    other: signed('other', '/CN=other.test', 'DNS:other.test'),
    client: signed('client', '/CN=alice'),
    stranger: identity('stranger'),
    folder,
  }
}
