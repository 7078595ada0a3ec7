// Whether this run decides for everybody: then nothing may be skipped and the lockfile is not touched.
export const IN_CI = !['', '0', 'false'].includes(process.env.CI ?? '')
