/** Which requests mean `node:net`, and who gets Node's own when asking for it. */

/** The folders of the code that this package itself consists of, as URLs: what stands on Node's sockets. */
export function ownFolders(): string[] {
  return [new URL('../', import.meta.url).href, new URL('./', import.meta.resolve('@pollux/core')).href]
}

/** Where the module stands that others get. */
export const REPLACEMENT = new URL('../index.js', import.meta.url).href

export function isNet(specifier: string): boolean {
  return specifier === 'net' || specifier === 'node:net'
}

export function isOwn(url: string | undefined, folders: readonly string[]): boolean {
  return url !== undefined && folders.some((folder) => url.startsWith(folder))
}
