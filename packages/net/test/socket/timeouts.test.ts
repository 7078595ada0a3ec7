// Times without activity.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/timeouts.mjs', import.meta.url), 20)
