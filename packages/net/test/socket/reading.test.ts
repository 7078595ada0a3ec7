// What is read: paused, asked for, iterated, into the user's memory.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/reading.mjs', import.meta.url), 20)
