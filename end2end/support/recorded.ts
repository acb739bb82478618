// Recordings for the browser tests: what a server that was killed in the middle of recorded calls leaves behind. The next
// start finishes them, as it would after a crash: they are listed, played and e-mailed like any other.

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { wav } from './wav.mjs'

/** The demonstration's people that the recordings are of. */
export interface People {
  customer: string
  john: string
  olivia: string
}

/** Samples in a second. */
const RATE = 8000

/** Writes the recordings into the data folder of a server that does not run; gives their number. */
export async function leaveRecordings(folder: string, { customer, john, olivia }: People): Promise<number> {
  const party = (number: string, name: string, account: string | null) => ({ number, name, account })
  const self = party('744', 'John', john)
  const colleague = party('745', 'Olivia', olivia)
  const client = party('+32475551234', 'Ingrid Client', null)
  const now = Date.now()
  const calls = [
    { ago: 600, direction: 'incoming', caller: client, callee: self, seconds: [20, 10], gap: 12 },
    { ago: 3600, direction: 'internal', caller: self, callee: colleague, seconds: [6], gap: 0 },
    { ago: 90000, direction: 'outgoing', caller: self, callee: client, seconds: [3], gap: 0 },
  ]
  for (const { ago, direction, caller, callee, seconds, gap } of calls) {
    const started = now - ago * 1000
    const id = idOf(started)
    const place = join(folder, 'spool', id)
    await mkdir(place, { recursive: true })
    let at = started
    const segments: { started: number; length_ms: number }[] = []
    const marks = [{ at, kind: 'started', text: '' }]
    for (const [n, length] of seconds.entries()) {
      if (n > 0) {
        marks.push({ at, kind: 'paused', text: '' })
        at += gap * 1000
        marks.push({ at, kind: 'resumed', text: '' })
      }
      segments.push({ started: at, length_ms: length * 1000 })
      await writeFile(join(place, `${n}.wav`), sound(length))
      at += length * 1000
    }
    marks.push({ at: started + 2000, kind: 'hold', text: 'John (744)' })
    marks.sort((a, b) => a.at - b.at)
    const recording = {
      id,
      call: idOf(started),
      customer,
      account: john,
      account_only: false,
      direction,
      caller,
      callee,
      huntgroup: direction === 'incoming' ? 'Support' : '',
      started,
      ended: at,
      segments,
      marks,
    }
    await writeFile(join(place, 'recording.json'), JSON.stringify(recording))
  }
  return calls.length
}

/** A UUIDv7 of a moment (RFC 9562 §5.7). */
function idOf(moment: number): string {
  const octets = randomBytes(16)
  octets.writeUIntBE(moment, 0, 6)
  octets[6] = 0x70 | ((octets[6] ?? 0) & 0x0f)
  octets[8] = 0x80 | ((octets[8] ?? 0) & 0x3f)
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** 16-bit stereo: 440 Hz on the left, 1000 Hz on the right, each for a second in turn. */
function sound(seconds: number): Buffer {
  const samples = new Int16Array(seconds * RATE * 2)
  for (let n = 0; n < seconds * RATE; n += 1) {
    const side = Math.floor(n / RATE) % 2
    samples[n * 2 + side] = Math.round(9000 * Math.sin((2 * Math.PI * n * (side === 0 ? 440 : 1000)) / RATE))
  }
  return wav(RATE, 2, samples)
}
