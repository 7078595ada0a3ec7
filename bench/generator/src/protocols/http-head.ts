/** The head of an HTTP/1.1 response: what the status is, and how long the body that follows. */
import { WrongAnswer } from './wrong-answer.js'

/** How a response is delimited (RFC 9112, section 6.3). */
export interface Framing {
  status: number
  body: 'length' | 'chunked' | 'until close'
  /** Bytes of the body, where it has a length. */
  length: number
  /** The server will close the connection afterwards. */
  closes: boolean
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/
const HEADER = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/

/**
 * @param head everything before the empty line
 * @throws WrongAnswer where it is no head, or does not say clearly how long the body is
 */
export function parseHead(head: string): Framing {
  const [statusLine = '', ...lines] = head.split('\r\n')
  const status = STATUS_LINE.exec(statusLine)
  if (status === null)
    throw new WrongAnswer(`no status line of HTTP/1.1: ${JSON.stringify(statusLine.slice(0, 80))}`)
  let length: number | undefined
  let coding: string | undefined
  let connection = ''
  for (const line of lines) {
    const header = HEADER.exec(line)
    if (header === null) throw new WrongAnswer(`no header of HTTP/1.1: ${JSON.stringify(line.slice(0, 80))}`)
    const name = (header[1] as string).toLowerCase()
    const value = header[2] as string
    if (name === 'content-length') length = sameLength(length, value)
    else if (name === 'transfer-encoding') coding = value.toLowerCase()
    else if (name === 'connection') connection += `,${value.toLowerCase()}`
  }
  const options = connection.split(',').map((option) => option.trim())
  const closes = status[1] === '0' ? !options.includes('keep-alive') : options.includes('close')
  return { status: Number(status[2]), ...bodyOf(length, coding), closes }
}

function bodyOf(length: number | undefined, coding: string | undefined): Pick<Framing, 'body' | 'length'> {
  // The coding overrides a length; only chunked as the last one has an end of its own.
  if (coding !== undefined)
    return { body: /(?:^|,)\s*chunked$/.test(coding) ? 'chunked' : 'until close', length: 0 }
  return length === undefined ? { body: 'until close', length: 0 } : { body: 'length', length }
}

/** Several lengths are fine where they are the same. */
function sameLength(before: number | undefined, value: string): number {
  for (const each of value.split(',')) {
    const text = each.trim()
    if (!/^\d{1,15}$/.test(text))
      throw new WrongAnswer(`a content-length of ${JSON.stringify(text.slice(0, 80))}`)
    if (before !== undefined && before !== Number(text))
      throw new WrongAnswer('two different content-lengths')
    before = Number(text)
  }
  return before as number
}
