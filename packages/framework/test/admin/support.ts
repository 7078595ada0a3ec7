// Requests to an admin server, by node:http, which can send what a browser would not.
import { type IncomingHttpHeaders, request } from 'node:http'
import { type Admin, type AdminOptions, createAdmin } from '@pollux/framework/admin'
import { afterEach } from 'vitest'
import { patiently } from '../support/raw.js'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

const admins = new Set<Admin>()

/** Closes the admin servers of each test. */
export function closeAdmins() {
  afterEach(async () => {
    for (const admin of admins) await patiently(admin.close(), 'the admin server to close')
    admins.clear()
  })
}

/** A listening admin server, closed when the test ends. */
export async function adminOf(options: AdminOptions): Promise<Admin> {
  const admin = createAdmin({ port: 0, ...options })
  admins.add(admin)
  await admin.listen()
  return admin
}

export function get(
  admin: Admin,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { hostname, port } = new URL(admin.url as string)
  const reply = new Promise<Reply>((resolve, reject) => {
    const asked = request(
      { host: hostname.replace(/[[\]]/g, ''), port, path, method, headers, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () =>
          resolve({ status: response.statusCode as number, headers: response.headers, body }),
        )
      },
    )
    asked.on('error', reject)
    asked.end()
  })
  return patiently(reply, `${method} ${path}`)
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the test expects
export async function getJson(admin: Admin, path: string): Promise<any> {
  const { status, body } = await get(admin, path)
  if (status !== 200) throw new Error(`${path}: ${status} ${body}`)
  return JSON.parse(body)
}
