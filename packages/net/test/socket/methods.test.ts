// Each method of a socket that never connected, and of one that is closed.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/methods.mjs', import.meta.url), 20)
