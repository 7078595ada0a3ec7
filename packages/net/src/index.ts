/** The interface of `node:net`, on Pollux. */
import * as everything from './everything.js'

export * from './everything.js'

/** As with `node:net`, an object that is the program's to change: whoever patches `net.connect` finds it patched. */
const net = { ...everything }

/** The types again, for `import net from '@pollux/net'`: `net.Socket` is one there, as with `node:net`. */
declare namespace net {
  type AddressInfo = everything.AddressInfo
  type BlockList = everything.BlockList
  type BoundSocket = everything.BoundSocket
  type BoundSocketOptions = everything.BoundSocketOptions
  type ConnectionListener = everything.ConnectionListener
  type ConnectOptions = everything.ConnectOptions
  type ConnectOpts = everything.ConnectOpts
  type DropArgument = everything.DropArgument
  type IPVersion = everything.IPVersion
  type IpcNetConnectOpts = everything.IpcNetConnectOpts
  type IpcSocketConnectOpts = everything.IpcSocketConnectOpts
  type KeepAliveOptions = everything.KeepAliveOptions
  type ListenOptions = everything.ListenOptions
  type LookupFunction = everything.LookupFunction
  type NetConnectOpts = everything.NetConnectOpts
  type OnReadOpts = everything.OnReadOpts
  type Server = everything.Server
  type ServerOptions = everything.ServerOptions
  type ServerOpts = everything.ServerOpts
  type Socket = everything.Socket
  type SetKeepAliveOptions = everything.SetKeepAliveOptions
  type SocketAddress = everything.SocketAddress
  type SocketAddressInitOptions = everything.SocketAddressInitOptions
  type SocketConnectOpts = everything.SocketConnectOpts
  type SocketConstructorOpts = everything.SocketConstructorOpts
  type SocketOptions = everything.SocketOptions
  type SocketReadyState = everything.SocketReadyState
  type Stream = everything.Stream
  type TcpNetConnectOpts = everything.TcpNetConnectOpts
  type TcpSocketConnectOpts = everything.TcpSocketConnectOpts
}

export default net
