/** A certificate for this machine, as long as the run lasts. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Environment variables with a key and a certificate; undefined where there is no openssl to make them. */
export function makeCertificate(): { SOAK_KEY: string; SOAK_CERT: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pollux-soak-'))
  const key = join(folder, 'key.pem')
  const cert = join(folder, 'cert.pem')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const subject = ['-nodes', '-subj', '/CN=localhost', '-days', '2']
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    })
    return { SOAK_KEY: readFileSync(key, 'utf8'), SOAK_CERT: readFileSync(cert, 'utf8') }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
