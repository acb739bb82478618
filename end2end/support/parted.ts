// Whether voices that may be heard are kept apart from those that may not, in every frame of 20 ms: what
// crates/phones/src/tones/parted.rs says of a phone on a desk, said of what a browser heard.

/** What is lower counts as silence, in dBFS. */
const FLOOR = -90
/** A tone is there in a frame when it is at least this loud. */
const PRESENT = -45
/** Frequencies with which nobody speaks. */
const NEUTRAL = [600, 1000, 2150, 2900]
/** So far beside a tone nothing of it is left in a frame of 20 ms under a Hann window. */
const BESIDE = [-250, -150, 150, 250]
/** A tone stands out of what is beside it, and of the frequencies with which nobody speaks, by so many dB at least. */
const OUTSTANDING = 6

/** How far all that may be heard stands above all that may not. */
export interface Parted {
  /** In the worst frame that is not torn, in dB. */
  worst: number
  /** How many frames something was heard in, with the torn ones. */
  frames: number
  /** In how many of them what may not be heard is nearer than it may be, but stands out of nothing. */
  torn: number
}

/** Looks at each frame of what was heard. */
export function parted(samples: number[], rate: number, allowed: number[], forbidden: number[], apart: number): Parted {
  const length = rate / 50
  const window = Array.from({ length }, (_, at) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (at + 0.5)) / length))
  const scale = 2 / window.reduce((sum, weight) => sum + weight, 0)
  /** The power of a frequency in the frame that begins there, by the algorithm of Goertzel: 1 is a sine of full scale. */
  const power = (start: number, hertz: number) => {
    const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / rate)
    let [one, two] = [0, 0]
    for (let at = 0; at < length; at += 1) {
      ;[one, two] = [(samples[start + at] ?? 0) * (window[at] ?? 0) * scale + coefficient * one - two, one]
    }
    return one * one + two * two - coefficient * one * two
  }
  const decibel = (power: number) => Math.max(FLOOR, 10 * Math.log10(power))
  const together = (powers: number[]) => decibel(powers.reduce((sum, power) => sum + power, 0))
  const loudest = (start: number, tones: number[]) => decibel(Math.max(...tones.map((hertz) => power(start, hertz))))
  const found: Parted = { worst: Number.POSITIVE_INFINITY, frames: 0, torn: 0 }
  for (let start = 0; start + length <= samples.length; start += length) {
    const levels = forbidden.map((hertz) => power(start, hertz))
    const [may, mayNot] = [together(allowed.map((hertz) => power(start, hertz))), together(levels)]
    if (Math.max(may, mayNot) < PRESENT) continue
    found.frames += 1
    const nobody = loudest(start, NEUTRAL)
    const standsOut = forbidden.some((hertz, n) => {
      const beside = loudest(start, BESIDE.map((far) => hertz + far))
      return decibel(levels[n] ?? 0) >= Math.max(beside, nobody) + OUTSTANDING
    })
    if (may - mayNot >= apart || standsOut) found.worst = Math.min(found.worst, may - mayNot)
    else found.torn += 1
  }
  return found
}
