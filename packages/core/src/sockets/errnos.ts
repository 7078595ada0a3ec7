/** The errors that the calls tell apart, negative as the addon gives them. */
import { native } from '../native.js'

const negative = (name: string) => -native.errorNumber(name)

/** It would block. */
export const EAGAIN = negative('EAGAIN')
export const EALREADY = negative('EALREADY')
export const EINPROGRESS = negative('EINPROGRESS')
export const EINVAL = negative('EINVAL')
export const EISCONN = negative('EISCONN')
