/** The server's answer is not what was asked for. Ends the connection that it came on, and the run with exit code 1. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}
