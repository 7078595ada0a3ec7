/** From stacks to places: the system call in which the kernel was, or whose code ran. */

/** In the kernel, but in no system call: interrupts, and the way in and out. */
export const NO_SYSCALL = 'kernel'

/** Code that a JavaScript engine made. */
export const JAVASCRIPT = 'JavaScript'

/** Its entry, or what that has become by a jump. */
const SYSCALL = /^(?:__(?:x64_|arm64_)?sys_|ksys_|do_(?=readv$|writev$))(\w+)$/
const FRAME = /^\s+[0-9a-f]+ (.*) \((.*)\)$/
const KERNEL = /^\[kernel|^\[guest|\.ko$|^\[\w+\]$/
const MADE_AT_RUN_TIME = /^\/tmp\/perf-\d+\.map$|^\[JIT\]|^\/\/anon$|^\[unknown\]$|^anon_inode|^\/dev\/zero/

/**
 * Counts the samples of `perf script -F ip,sym,dso`: a block of lines for each, the innermost frame first.
 *
 * ```
 *   ffffffff82071cea tcp_recvmsg ([kernel.kallsyms])           the place: recvfrom(2)
 *   ffffffff81e8097b __x64_sys_recvfrom ([kernel.kallsyms])
 *             10ad6a recv (/usr/lib/x86_64-linux-gnu/libc.so.6)
 * ```
 */
export function countPlaces(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const block of text.split(/\n\s*\n/)) {
    const place = placeOf(block.split('\n'))
    if (place !== undefined) counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  return counts
}

function placeOf(lines: readonly string[]): string | undefined {
  const frames = lines.flatMap((line) => {
    const [, symbol, object] = FRAME.exec(line) ?? []
    return symbol === undefined || object === undefined
      ? []
      : [{ symbol: symbol.replace(/\+0x.*/, ''), object }]
  })
  const [innermost] = frames
  if (innermost === undefined) return undefined
  if (!isKernel(innermost.object)) return programOf(innermost.object)
  const outermost = frames.findLast(({ symbol, object }) => isKernel(object) && SYSCALL.test(symbol))
  return outermost === undefined ? NO_SYSCALL : `${SYSCALL.exec(outermost.symbol)?.[1]}(2)`
}

function isKernel(object: string): boolean {
  return KERNEL.test(object) && !MADE_AT_RUN_TIME.test(object) && object !== '[vdso]'
}

function programOf(object: string): string {
  if (MADE_AT_RUN_TIME.test(object)) return JAVASCRIPT
  const name = object.slice(object.lastIndexOf('/') + 1)
  return name === '[vdso]' || /^(?:libc|libpthread|ld-linux)\b/.test(name) ? 'libc' : name
}

/** What it is done for. */
export type Kind = 'receive' | 'send' | 'wait' | 'kernel' | 'javascript' | 'program'

const SYSCALLS: readonly (readonly [kind: Kind, calls: RegExp])[] = [
  ['receive', /^(?:recv\w*|read|readv)\(2\)$/],
  ['send', /^(?:send\w*|write|writev)\(2\)$/],
  ['wait', /^(?:epoll_\w+|poll|ppoll|select|pselect6)\(2\)$/],
  ['kernel', /\(2\)$/],
]

export function kindOf(place: string): Kind {
  if (place === NO_SYSCALL) return 'kernel'
  if (place === JAVASCRIPT) return 'javascript'
  return SYSCALLS.find(([, calls]) => calls.test(place))?.[0] ?? 'program'
}
