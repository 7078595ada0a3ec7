/** The addon, loaded once for this package: an import of an unbuilt one says at once what to run. */
import { loadBinding, type NativeBinding } from '@pollux/native-poll'

export const native: NativeBinding = loadBinding()
