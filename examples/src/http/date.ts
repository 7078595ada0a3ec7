/** The field that says when an answer was made (RFC 9110, section 6.6.1). */

let field = ''

/** `date: …` with its CRLF. The same string for a second: whoever has prepared something with it can tell by `===`. */
export function dateField(): string {
  if (field === '') {
    const nowMs = Date.now()
    field = `date: ${new Date(nowMs).toUTCString()}\r\n`
    // The clock is looked at once a second, and not for each answer.
    setTimeout(forget, 1000 - (nowMs % 1000)).unref()
  }
  return field
}

function forget(): void {
  field = ''
}
