// Arithmetic on sound: measuring levels, the telephone's band, limiting, fading. Samples are floats, full scale is 1.

import { RATE } from './wav.mjs'

/** Samples in 20 ms, the packet time: everything that is shipped is a whole number of them. */
export const FRAME = RATE / 50

export const decibels = (amplitude) => 20 * Math.log10(amplitude)
export const amplitude = (decibels) => 10 ** (decibels / 20)
export const seconds = (time) => Math.round(time * RATE)

export const peak = (samples) => samples.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0)

const rms = (samples) => Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / Math.max(1, samples.length))

/** The root mean square of each 20 ms. */
export function frames(samples) {
  const all = []
  for (let at = 0; at < samples.length; at += FRAME) all.push(rms(samples.subarray(at, at + FRAME)))
  return all
}

/** A frame that is this much below the loudest one is a pause, not speech. */
const PAUSE = amplitude(-25)

/** Level of what is spoken, pauses left out. */
export function speechRms(samples) {
  const all = frames(samples)
  const least = PAUSE * Math.max(...all)
  const active = all.filter((level) => level > least)
  return Math.sqrt(active.reduce((sum, level) => sum + level * level, 0) / active.length)
}

/**
 * The sound at 8 kHz, and of it what a telephone carries: 300 to 3400 Hz. Each new sample is a sum over the old ones,
 * weighted by the band's impulse response at their distance.
 */
export function telephone(samples, rate) {
  const divisor = gcd(rate, RATE)
  const [step, phases] = [rate / divisor, RATE / divisor]
  const reach = Math.ceil(rate * 0.014)
  const kernels = Array.from({ length: phases }, (_, phase) => {
    const kernel = new Float64Array(2 * reach + 1)
    for (let k = -reach; k <= reach; k++) {
      const distance = k - phase / phases
      kernel[k + reach] = band(distance, rate) * hann(distance / (reach + 1))
    }
    return kernel
  })
  const result = new Float64Array(Math.ceil((samples.length * phases) / step))
  for (let n = 0; n < result.length; n++) {
    const centre = Math.floor((n * step) / phases)
    const kernel = kernels[(n * step) % phases]
    const first = Math.max(0, centre - reach)
    const last = Math.min(samples.length - 1, centre + reach)
    let sum = 0
    for (let k = first; k <= last; k++) sum += samples[k] * kernel[k - centre + reach]
    result[n] = sum
  }
  return result
}

const gcd = (a, b) => (b === 0 ? a : gcd(b, a % b))
const lowPass = (t, cutoff) => (t === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * t) / (Math.PI * t))
const band = (t, rate) => lowPass(t, 3400 / rate) - lowPass(t, 300 / rate)
const hann = (t) => (Math.abs(t) < 1 ? 0.5 + 0.5 * Math.cos(Math.PI * t) : 0)

/** Without the silence at both ends; what is within 20 ms of a sound stays, for the fade. */
export function trimmed(samples) {
  const loud = amplitude(-40) * peak(samples)
  const first = samples.findIndex((x) => Math.abs(x) > loud)
  const last = samples.findLastIndex((x) => Math.abs(x) > loud)
  return samples.slice(Math.max(0, first - FRAME), last + 1 + FRAME)
}

/** Speech at a level in dBFS, its peaks kept under a ceiling without distortion: gain around them falls smoothly. */
export function levelled(samples, level, ceiling) {
  let result = samples
  // Limiting takes a little of the level away: what is missing is added again.
  for (let round = 0; round < 6; round++) {
    const gain = amplitude(level) / speechRms(result)
    result = limited(result.map((x) => x * gain), amplitude(ceiling))
  }
  return result
}

function limited(samples, ceiling) {
  const reach = seconds(0.005)
  const allowed = samples.map((x) => Math.min(1, ceiling / Math.max(Math.abs(x), 1e-9)))
  // The mean of the least over the same reach is never above what is allowed at its middle.
  const least = around(allowed, reach, (a, b) => Math.min(a, b), 1)
  const sums = around(least, reach, (a, b) => a + b, 0)
  const counts = around(least.fill(1), reach, (a, b) => a + b, 0)
  return samples.map((x, n) => (x * sums[n]) / counts[n])
}

/** At each place, what is within reach of it, put together. */
function around(values, reach, together, nothing) {
  return values.map((_, n) => {
    let result = nothing
    for (let k = Math.max(0, n - reach); k <= Math.min(values.length - 1, n + reach); k++) {
      result = together(result, values[k])
    }
    return result
  })
}

/** With 20 ms of fade at both ends. */
export function faded(samples) {
  return samples.map((x, n) => {
    const edge = Math.min(n, samples.length - 1 - n) / FRAME
    return edge >= 1 ? x : x * (0.5 - 0.5 * Math.cos(Math.PI * edge))
  })
}

/** Sounds put at their places (`[first sample, samples]`) in silence, which is made whole packets long. */
export function placed(length, sounds) {
  const result = new Float64Array(Math.ceil(length / FRAME) * FRAME)
  for (const [at, samples] of sounds) result.set(samples, at)
  return result
}
