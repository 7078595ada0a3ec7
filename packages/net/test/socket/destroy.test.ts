// Sockets that are destroyed and reset, at each stage and in each handler.
import { comparedWithNode } from '../support/compared.js'

comparedWithNode(new URL('./fixtures/destroy.mjs', import.meta.url), 20)
