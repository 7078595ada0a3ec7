/** The endpoints that a channel has sent to, in the kernel's form. */
import { checkPort, type Endpoint, type IpEndpoint, isUnix, type UnixEndpoint } from '../address.js'
import { EncodedAddress } from '../encoded-address.js'
import { checkObject } from '../validate.js'

/** Bounded: a client that talks to ever new addresses must not fill the memory. */
const MAX_REMEMBERED = 1024

/** Encoded addresses by what they were made of, so that sending to the same endpoint again allocates nothing. */
export class AddressBook {
  private readonly byHost = new Map<string, Map<number, EncodedAddress>>()
  private readonly byPath = new Map<string, EncodedAddress>()
  private count = 0

  /** @throws TypeError or RangeError for a bad endpoint; SocketError where the system has no such address */
  find(endpoint: Endpoint): EncodedAddress {
    checkObject(endpoint, 'address')
    return isUnix(endpoint) ? this.findUnix(endpoint) : this.findIp(endpoint)
  }

  private findUnix(endpoint: UnixEndpoint): EncodedAddress {
    const known = this.byPath.get(endpoint.path)
    if (known !== undefined) return known
    const made = EncodedAddress.from(endpoint)
    this.makeRoom()
    this.byPath.set(endpoint.path, made)
    return made
  }

  private findIp(endpoint: IpEndpoint): EncodedAddress {
    const { host, port, scopeId = 0 } = endpoint
    const known = scopeId === 0 ? this.byHost.get(host)?.get(port) : undefined
    if (known !== undefined) return known
    checkPort(port, 'address.port', 1)
    const made = EncodedAddress.from(endpoint)
    // A host that names its zone after '%' is remembered; a zone beside it is not worth a third map.
    if (scopeId !== 0) return made
    this.makeRoom()
    let ports = this.byHost.get(host)
    if (ports === undefined) {
      ports = new Map()
      this.byHost.set(host, ports)
    }
    ports.set(port, made)
    return made
  }

  private makeRoom(): void {
    if (this.count++ < MAX_REMEMBERED) return
    this.byHost.clear()
    this.byPath.clear()
    this.count = 1
  }
}
