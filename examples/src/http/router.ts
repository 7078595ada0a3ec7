/** Which handler a request is for. */
import { HttpError } from './http-error.js'
import type { Request } from './request.js'
import { Response } from './response.js'

/** Answers at once or later; the next request of the same connection waits for it. */
export type Handler = (request: Request) => Response | Promise<Response>

/** `METHOD /path`, where a segment may be a parameter: `GET /users/:id`. A route for GET answers HEAD, too. */
export type Routes = Record<string, Handler>

interface Pattern {
  method: string
  expression: RegExp
  handler: Handler
}

export class Router {
  /** By method, then by path, without parameters. */
  private readonly exact = new Map<string, Map<string, Handler>>()
  private readonly patterns: Pattern[] = []

  constructor(routes: Routes) {
    for (const [route, handler] of Object.entries(routes)) {
      const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(route) ?? []
      if (method === undefined) throw new TypeError(`a route is like 'GET /path', not '${route}'`)
      if (!path.includes('/:')) this.addExact(method, path, handler)
      this.patterns.push({ method, expression: compile(path), handler })
    }
  }

  /** @throws HttpError 404 */
  find(request: Request): Handler {
    const { path } = request
    const method = request.method === 'HEAD' ? 'GET' : request.method
    return this.exact.get(method)?.get(path) ?? this.findPattern(request, method, path)
  }

  private addExact(method: string, path: string, handler: Handler): void {
    const paths = this.exact.get(method)
    if (paths === undefined) this.exact.set(method, new Map([[path, handler]]))
    else paths.set(path, handler)
  }

  private findPattern(request: Request, method: string, path: string): Handler {
    const methods = new Set<string>()
    for (const { method: wanted, expression, handler } of this.patterns) {
      const match = expression.exec(path)
      if (match === null) continue
      if (wanted === method) {
        request.parameters = decoded(match.groups)
        return handler
      }
      methods.add(wanted)
      if (wanted === 'GET') methods.add('HEAD')
    }
    if (methods.size === 0) throw new HttpError(404)
    const allow = [...methods].sort().join(', ')
    return () => new Response(request.method === 'OPTIONS' ? 204 : 405, { allow })
  }
}

function compile(path: string): RegExp {
  const segments = path.split('/').map((segment) => {
    return segment.startsWith(':')
      ? `(?<${segment.slice(1)}>[^/]+)`
      : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${segments.join('/')}$`)
}

function decoded(groups: Record<string, string> = {}): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    throw new HttpError(400)
  }
}
