// A way for a browser's sound that can be cut, as a network that is left: between the browser and the exchange stands a relay, and
// neither knows any other way to the other.

import { createSocket, type Socket } from 'node:dgram'

/** Where the exchange is, as it says in a session description inside of JSON. */
const CANDIDATE = /(a=candidate:\S+ 1 udp \d+ )127\.0\.0\.1 (\d+)( typ host)/gi

/** The relay. */
export class Detour {
  private sockets: Socket[] = []
  private port: Promise<number> | undefined

  /** What the browser says of itself, without where it is: the exchange must not find it but through the relay. */
  hide(text: string): string {
    return text.replaceAll(/a=candidate:[^\\]*\\r\\n/g, '')
  }

  /** What the exchange says of itself: it is where the relay is. */
  async lead(text: string): Promise<string> {
    const exchange = [...text.matchAll(CANDIDATE)][0]?.[2]
    if (exchange === undefined) return text
    this.port ??= this.open(Number(exchange))
    const port = await this.port
    return text.replaceAll(CANDIDATE, `$1127.0.0.1 ${port}$3`)
  }

  /** Nothing passes any more; what is described from now on goes by another relay. */
  cut(): void {
    for (const socket of this.sockets.splice(0)) socket.close()
    this.port = undefined
  }

  /** The end. */
  end(): void {
    this.cut()
  }

  private async open(exchange: number): Promise<number> {
    const [near, far] = [await bound(), await bound()]
    this.sockets.push(near, far)
    let browser: number | undefined
    near.on('message', (message, from) => {
      browser = from.port
      far.send(message, exchange, '127.0.0.1')
    })
    far.on('message', (message) => {
      if (browser !== undefined) near.send(message, browser, '127.0.0.1')
    })
    return near.address().port
  }
}

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return socket
}
