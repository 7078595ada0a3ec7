// Contexts, signals, channels, and what a socket says of itself at each stage.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/contexts.mjs', import.meta.url), 20)
