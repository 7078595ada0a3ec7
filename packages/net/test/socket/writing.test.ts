// What is written: callbacks, backpressure, encodings, counters.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/writing.mjs', import.meta.url), 20)
