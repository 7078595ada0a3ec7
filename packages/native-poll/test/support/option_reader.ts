// What the kernel says of a socket's options, asked by a program that is not ours: python3 gets the descriptor and
// calls getsockopt with Python's own constants; what Python has no name for the C preprocessor looks up.
import { execFileSync } from 'node:child_process'

/** How Python reads a value: a format of its struct module (numbers up to 2^53). */
export type ValueFormat = string

const PYTHON = `
import json, socket, struct, sys
subject = socket.socket(fileno=3)
def read(level, name, number, form):
    level, name = getattr(socket, level), getattr(socket, name, number)
    if form == 's': return subject.getsockopt(level, name, 256).split(b'\\0')[0].decode()
    if form == 'raw': return subject.getsockopt(level, name, 1024).hex()
    return struct.unpack(form, subject.getsockopt(level, name, struct.calcsize(form)))
print(json.dumps([read(*request) for request in json.loads(sys.argv[1])]))
`

/** The numbers of one option of the socket `fd`. */
export function readNumbers(fd: number, level: string, name: string, format: ValueFormat): number[] {
  return read(fd, level, name, format) as number[]
}

/** The text of one option. */
export function readText(fd: number, level: string, name: string): string {
  return read(fd, level, name, 's') as string
}

/** All bytes of one option, as hexadecimal digits. */
export function readHex(fd: number, level: string, name: string): string {
  return read(fd, level, name, 'raw') as string
}

function read(fd: number, level: string, name: string, format: ValueFormat): unknown {
  const request = [level, name, headerConstant(name), format]
  const output = execFileSync('python3', ['-c', PYTHON, JSON.stringify([request])], {
    stdio: ['ignore', 'pipe', 'inherit', fd],
    encoding: 'utf8',
    // A sanitizer is for our addon, and would make Python slow.
    env: { ...process.env, LD_PRELOAD: '' },
  })
  return JSON.parse(output)[0]
}

/** Python's constants of the socket module, by name. */
export function pythonConstants(): Record<string, number> {
  const script =
    'import json, socket; print(json.dumps({k: int(v) for k, v in vars(socket).items() if isinstance(v, int)}))'
  return JSON.parse(execFileSync('python3', ['-c', script], { encoding: 'utf8' }))
}

let macros: Map<string, string> | undefined

/** The value that the system's headers give a macro; undefined where they have none that is a number. */
export function headerConstant(name: string): number | undefined {
  macros ??= readMacros()
  const value = macros.get(name)
  if (value === undefined || /^(0x[\da-f]+|\d+)$/i.test(value)) return toNumber(value)
  // Another name for another macro; a constant of an enum has a macro of itself.
  return value === name ? undefined : headerConstant(value)
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function readMacros(): Map<string, string> {
  const headers = ['sys/socket.h', 'netinet/in.h', 'netinet/tcp.h', 'netinet/udp.h']
  const input = headers.map((header) => `#include <${header}>\n`).join('')
  const output = execFileSync('g++', ['-E', '-dM', '-x', 'c++', '-'], { input, encoding: 'utf8' })
  return new Map([...output.matchAll(/^#define (\w+) (\S+)$/gm)].map(([, name, value]) => [name, value]))
}
