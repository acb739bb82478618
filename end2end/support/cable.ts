// The cable between a browser and the server, which can be pulled out: streams that are open end, and no new ones begin.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** The cable. */
export class Cable {
  private readonly sockets = new Set<Socket>()
  private pulled = false

  private constructor(
    private readonly near: Server,
    /** Where the browser finds the server. */
    readonly url: string,
  ) {}

  /** Lays a cable to the server at this address. */
  static async to(url: string): Promise<Cable> {
    const { hostname, port } = new URL(url)
    const near = createServer((browser) => cable.join(browser, connect(Number(port), hostname)))
    await new Promise<void>((resolve) => near.listen(0, '127.0.0.1', resolve))
    const cable = new Cable(near, `http://127.0.0.1:${(near.address() as AddressInfo).port}`)
    return cable
  }

  /** Pulls it out. */
  pull(): void {
    this.pulled = true
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  /** Plugs it in again. */
  plug(): void {
    this.pulled = false
  }

  /** The end. */
  end(): void {
    this.pull()
    this.near.close()
  }

  private join(browser: Socket, server: Socket): void {
    for (const [socket, other] of [[browser, server], [server, browser]] as const) {
      this.sockets.add(socket)
      // What became of the other end is told by its close.
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
    if (this.pulled) browser.resetAndDestroy()
  }
}
