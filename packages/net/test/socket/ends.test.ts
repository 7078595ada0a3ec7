// How the two halves of a connection end: by whom, in which order, and what is written after it.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/ends.mjs', import.meta.url), 20)
