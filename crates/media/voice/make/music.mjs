// Music on hold, written for Tandem: twelve bars in F for a plucked string, a soft pad, a bass and a flute, calculated
// from sines. It is written round a ring, the last notes fading over the first, so that its repetition has no seam.

import { amplitude, peak } from './signal.mjs'
import { RATE } from './wav.mjs'

/** Quarter notes a minute: a bar of four takes 2.5 s, the twelve take 30 s. */
const TEMPO = 96
const BEAT = (60 / TEMPO) * RATE
const BAR = 4 * BEAT

/** Highest peak in dBFS: well under the speech that it interrupts. */
export const CEILING = -9

/** What a telephone passes of a note's overtones; the lower limit leaves the bass some body on better loudspeakers. */
const [LOWEST, HIGHEST] = [140, 3200]

// A bar: bass note, the four notes of its chord from below (MIDI numbers, 60 is middle C), and the melody as notes and
// their beats, 0 being a rest.
const BARS = [
  [41, [60, 65, 69, 72], [[72, 2], [69, 1], [72, 1]]], // F
  [38, [60, 65, 69, 74], [[74, 3], [72, 1]]], // D minor 7
  [46, [62, 65, 69, 74], [[74, 2], [77, 2]]], // B flat major 7
  [48, [60, 64, 67, 72], [[76, 3], [0, 1]]], // C
  [45, [60, 65, 69, 72], [[72, 2], [77, 2]]], // F over A
  [38, [60, 65, 69, 74], [[76, 1], [74, 3]]], // D minor 7
  [43, [62, 65, 70, 74], [[70, 2], [74, 2]]], // G minor 7
  [48, [60, 64, 67, 72], [[72, 3], [0, 1]]], // C
  [46, [62, 65, 70, 74], [[74, 1], [77, 2], [74, 1]]], // B flat
  [45, [60, 64, 67, 72], [[72, 2], [76, 2]]], // A minor 7
  [43, [62, 65, 70, 74], [[74, 2], [70, 2]]], // G minor 7
  [48, [60, 65, 67, 70], [[72, 2], [67, 2]]], // C 7, its fourth suspended
]

/** The order in which a bar's eighth notes pluck the chord, in turn. */
const PATTERNS = [
  [0, 1, 2, 3, 2, 1, 2, 1],
  [0, 2, 1, 3, 2, 3, 1, 2],
]

/** The samples of one round. */
export function music() {
  const dry = new Float64Array(Math.round(BARS.length * BAR))
  BARS.forEach(([bass, chord, melody], bar) => {
    const start = bar * BAR
    const pattern = PATTERNS[bar % PATTERNS.length]
    pattern.forEach((note, eighth) => {
      const stress = eighth === 0 ? 1 : eighth % 2 === 0 ? 0.85 : 0.7
      pluck(dry, start + (eighth * BEAT) / 2, chord[note], 0.3 * stress)
    })
    pluck(dry, start, bass, 0.4)
    pluck(dry, start + 2.5 * BEAT, bass, 0.25)
    for (const note of chord.slice(0, 3)) breath(dry, start, BAR * 1.05, note, 0.045, 0.45, 3)
    let at = start
    for (const [note, beats] of melody) {
      if (note !== 0) breath(dry, at, beats * BEAT * 0.95, note, 0.16, 0.09, 4)
      at += beats * BEAT
    }
  })
  const wet = room(dry)
  // Half a decibel is for the coarse steps of µ-law.
  const gain = amplitude(CEILING - 0.5) / peak(wet)
  return wet.map((x) => x * gain)
}

const hertz = (note) => 440 * 2 ** ((note - 69) / 12)
/** A step from 0 to 1 without a corner. */
const rise = (x) => (x >= 1 ? 1 : 0.5 - 0.5 * Math.cos(Math.PI * Math.max(0, x)))

/** A string: overtones that are weaker and die sooner the higher they are. */
function pluck(ring, start, note, loudness) {
  for (let overtone = 1; overtone <= 10; overtone++) {
    const frequency = hertz(note) * overtone
    if (frequency < LOWEST || frequency > HIGHEST) continue
    const life = (0.75 * RATE) / overtone ** 0.7
    const strength = loudness / overtone ** 1.35
    add(ring, start, Math.round(6 * life), (n) => strength * rise(n / (0.006 * RATE)) * Math.exp(-n / life), frequency)
  }
}

/** A held note that swells and ebbs: `swell` in seconds, overtones that fall off quickly. */
function breath(ring, start, length, note, loudness, swell, overtones) {
  const edge = swell * RATE
  for (let overtone = 1; overtone <= overtones; overtone++) {
    const frequency = hertz(note) * overtone
    if (frequency > HIGHEST) continue
    const strength = loudness / overtone ** 2
    const shape = (n) => strength * rise(n / edge) * rise((length + edge - n) / edge)
    add(ring, start, Math.round(length + edge), shape, frequency)
  }
}

function add(ring, start, length, shape, frequency) {
  const first = Math.round(start)
  const turn = (2 * Math.PI * frequency) / RATE
  for (let n = 0; n < length; n++) ring[(first + n) % ring.length] += shape(n) * Math.sin(turn * n)
}

/** A small room: some later and fainter copies, round the ring as well. */
function room(dry) {
  const echoes = [[0.031, 0.2], [0.047, -0.16], [0.071, 0.14], [0.103, -0.11], [0.149, 0.09], [0.211, 0.06]]
  const wet = Float64Array.from(dry)
  for (const [delay, strength] of echoes) {
    const late = Math.round(delay * RATE)
    for (let n = 0; n < dry.length; n++) wet[(n + late) % dry.length] += strength * dry[n]
  }
  return wet
}
