// WAV files: what espeak-ng writes (16-bit linear) is read, what Tandem ships (8 kHz mono µ-law) is read and written.
// Samples are floats, 1 being full scale.

import { readFileSync, writeFileSync } from 'node:fs'

/** Samples a second of everything that is shipped. */
export const RATE = 8000

const TAG_LINEAR = 1
const TAG_MULAW = 7

/** Reads a mono file of either kind: `{ tag, rate, samples }`. */
export function readWav(file) {
  const bytes = readFileSync(file)
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`${file} is no WAV file`)
  }
  const format = chunk(bytes, 'fmt ') ?? fail(file, 'has no format')
  const data = chunk(bytes, 'data') ?? fail(file, 'has no sound')
  const [tag, channels, rate] = [format.readUInt16LE(0), format.readUInt16LE(2), format.readUInt32LE(4)]
  if (channels !== 1) fail(file, 'is not mono')
  if (tag === TAG_MULAW) return { tag, rate, samples: Float64Array.from(data, (code) => decoded(code) / 32768) }
  if (tag !== TAG_LINEAR || format.readUInt16LE(14) !== 16) fail(file, 'is neither µ-law nor 16-bit linear')
  const samples = new Float64Array(data.length >> 1)
  for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(2 * i) / 32768
  return { tag, rate, samples }
}

/** Writes 8 kHz mono µ-law: an 18-byte format chunk and the fact chunk that formats other than linear ought to have. */
export function writeMulaw(file, samples) {
  const header = Buffer.alloc(58)
  const padded = samples.length + (samples.length % 2)
  header.write('RIFF', 0, 'latin1')
  header.writeUInt32LE(header.length - 8 + padded, 4)
  header.write('WAVEfmt ', 8, 'latin1')
  header.writeUInt32LE(18, 16)
  header.writeUInt16LE(TAG_MULAW, 20)
  header.writeUInt16LE(1, 22) // channels
  header.writeUInt32LE(RATE, 24)
  header.writeUInt32LE(RATE, 28) // bytes a second
  header.writeUInt16LE(1, 32) // bytes a sample
  header.writeUInt16LE(8, 34) // bits a sample
  header.writeUInt16LE(0, 36) // length of the format's extension
  header.write('fact', 38, 'latin1')
  header.writeUInt32LE(4, 42)
  header.writeUInt32LE(samples.length, 46)
  header.write('data', 50, 'latin1')
  header.writeUInt32LE(samples.length, 54)
  const codes = Buffer.alloc(padded, 0xff)
  for (let i = 0; i < samples.length; i++) codes[i] = encoded(Math.round(samples[i] * 32768))
  writeFileSync(file, Buffer.concat([header, codes]))
}

function chunk(bytes, name) {
  let at = 12
  while (at + 8 <= bytes.length) {
    // espeak-ng may leave a length that reaches beyond the file.
    const length = Math.min(bytes.readUInt32LE(at + 4), bytes.length - at - 8)
    if (bytes.toString('latin1', at, at + 4) === name) return bytes.subarray(at + 8, at + 8 + length)
    at += 8 + length + (length % 2)
  }
  return undefined
}

function fail(file, what) {
  throw new Error(`${file} ${what}`)
}

// ITU-T G.711, µ-law, on the customary 16-bit scale: 14 bits, shifted by two.
const BIAS = 132
const LARGEST = 32635

function encoded(value) {
  const sign = value < 0 ? 0x80 : 0
  const magnitude = Math.min(Math.abs(value), LARGEST) + BIAS
  const exponent = 24 - Math.clz32(magnitude)
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f
  return ~(sign | (exponent << 4) | mantissa) & 0xff
}

function decoded(code) {
  const bits = ~code & 0xff
  const exponent = (bits >> 4) & 7
  const magnitude = ((((bits & 0x0f) << 3) + BIAS) << exponent) - BIAS
  return bits & 0x80 ? -magnitude : magnitude
}
