/** A wrong command line: exit code 2, without a stack. */
export class UsageError extends Error {}
