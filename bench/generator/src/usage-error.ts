/** A wrong command line, or a target that cannot be measured: exit code 2. */
export class UsageError extends Error {}
