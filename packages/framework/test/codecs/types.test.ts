// Types flow from the codec into `message` and `send`. The compiler judges this file; nothing in it is called.
import {
  type Codec,
  type Connection,
  createServer,
  delimited,
  fixed,
  json,
  lengthPrefixed,
  lines,
  mapCodec,
  netstring,
  type Payload,
  raw,
} from '@pollux/framework'
import { describe, expectTypeOf, it } from 'vitest'

interface Command {
  name: string
}
interface Answer {
  ok: boolean
}

describe('the types of codecs', () => {
  it('are those of their messages', () => {
    expectTypeOf(lines()).toEqualTypeOf<Codec<string, string>>()
    expectTypeOf(delimited({ delimiter: ';' })).toEqualTypeOf<Codec<Buffer, Payload>>()
    expectTypeOf(lengthPrefixed()).toEqualTypeOf<Codec<Buffer, Payload>>()
    expectTypeOf(fixed({ length: 1 })).toEqualTypeOf<Codec<Buffer, Payload>>()
    expectTypeOf(netstring()).toEqualTypeOf<Codec<Buffer, Payload>>()
    expectTypeOf(raw()).toEqualTypeOf<Codec<Buffer, Payload>>()
    expectTypeOf(json()).toEqualTypeOf<Codec<unknown, unknown>>()
    expectTypeOf(json<Command>()).toEqualTypeOf<Codec<Command, Command>>()
    expectTypeOf(json<Command, Answer>()).toEqualTypeOf<Codec<Command, Answer>>()
  })

  it('are inferred of a map', () => {
    const numbers = mapCodec(lines(), {
      decode(line) {
        expectTypeOf(line).toEqualTypeOf<string>()
        return line === '' ? undefined : Number(line)
      },
      encode: (answer: Answer) => String(answer.ok),
    })
    expectTypeOf(numbers).toEqualTypeOf<Codec<number, Answer>>()
    const source = mapCodec(() => lines(), { decode: Number, encode: String })
    expectTypeOf(source).toExtend<() => Codec<number, number>>()
  })

  it('reach message and send', () => {
    const upper = () =>
      createServer({
        codec: lines(),
        message(conn, line) {
          expectTypeOf(line).toEqualTypeOf<string>()
          expectTypeOf(conn.send).parameter(0).toEqualTypeOf<string>()
        },
      })
    expectTypeOf(upper).toBeFunction()
    const check = () =>
      createServer({
        codec: json<Command, Answer>(),
        state: () => ({ count: 0 }),
        open(conn) {
          expectTypeOf(conn).toEqualTypeOf<Connection<{ count: number }, Command, Answer>>()
        },
        message(conn, command) {
          expectTypeOf(command).toEqualTypeOf<Command>()
          conn.send({ ok: true })
          // @ts-expect-error a Command is no Answer
          conn.send(command)
        },
      })
    expectTypeOf(check).toBeFunction()
  })

  it('change with an upgrade', () => {
    const check = () =>
      createServer({
        codec: lines(),
        message(conn) {
          const raised = conn.upgrade(lengthPrefixed(), {
            message(stream, bytes) {
              expectTypeOf(bytes).toEqualTypeOf<Buffer>()
              stream.send(bytes)
            },
          })
          expectTypeOf(raised.send).parameter(0).toEqualTypeOf<Payload>()
        },
      })
    expectTypeOf(check).toBeFunction()
  })

  it('refuse what no option may be', () => {
    const check = () => {
      // @ts-expect-error no such size
      lengthPrefixed({ bytes: 3 })
      // @ts-expect-error a delimiter has no default
      delimited({})
      // @ts-expect-error in UTF-16 a line feed is no byte
      lines({ encoding: 'utf16le' })
    }
    expectTypeOf(check).toBeFunction()
  })
})
