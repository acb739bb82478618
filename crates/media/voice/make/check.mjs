// Listens by measuring: reads a finished folder again and says what is wrong with it.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { LEVEL as DIALOGUE_LEVEL, PARTIES } from './dialogue.mjs'
import { CEILING as MUSIC_CEILING } from './music.mjs'
import { amplitude, decibels, FRAME, frames, peak, seconds, speechRms } from './signal.mjs'
import { PROMPT_LEVEL, prompts } from './prompts.mjs'
import { RATE, readWav } from './wav.mjs'

/** Most bytes that all files may have together. */
const BUDGET = 4_200_000

/** A frame above this is heard. */
const HEARD = amplitude(-60)

/** Prints a line for each file and returns the number of faults; `texts` is where the texts are. */
export function checked(texts, folder) {
  let faults = 0
  let bytes = 0
  const demand = (holds, file, what) => {
    if (holds) return
    faults++
    console.error(`${file}: ${what}`)
  }
  const opened = (file) => {
    const path = join(folder, file)
    if (!existsSync(path)) return void demand(false, file, 'is missing')
    const { tag, rate, samples } = readWav(path)
    bytes += statSync(path).size
    demand(tag === 7 && rate === RATE, file, 'is not 8 kHz µ-law')
    demand(samples.length % FRAME === 0, file, 'is not a whole number of packets')
    demand(Math.abs(samples.reduce((sum, x) => sum + x, 0) / samples.length) < 0.001, file, 'has a constant part')
    return samples
  }
  const report = (file, samples, level) => {
    const length = (samples.length / RATE).toFixed(2).padStart(7)
    const loudest = decibels(peak(samples)).toFixed(1)
    console.log(`${file.padEnd(44)}${length} s  ${level.toFixed(1)} dBFS, peak ${loudest}`)
  }
  const speech = (file, samples, wanted) => {
    const level = decibels(speechRms(samples))
    report(file, samples, level)
    demand(Math.abs(level - wanted) < 0.5, file, `is at ${level.toFixed(1)} dBFS instead of ${wanted}`)
    demand(peak(samples) < amplitude(-1), file, 'is close to clipping')
  }

  for (const [name] of prompts(texts)) {
    const file = `prompts/${name}.wav`
    const samples = opened(file)
    if (!samples) continue
    speech(file, samples, PROMPT_LEVEL)
    const quiet = (part) => peak(part) < HEARD
    demand(quiet(samples.subarray(0, seconds(0.19))), file, 'begins without silence')
    demand(quiet(samples.subarray(-seconds(0.09))), file, 'ends without silence')
  }

  for (const text of readdirSync(join(texts, 'dialogues')).filter((file) => file.endsWith('.txt')).sort()) {
    const name = text.slice(0, -'.txt'.length)
    const files = PARTIES.map((party) => `dialogues/${name}-${party}.wav`)
    const tracks = files.map(opened)
    if (tracks.includes(undefined)) continue
    files.forEach((file, n) => speech(file, tracks[n], DIALOGUE_LEVEL))
    demand(tracks[0].length === tracks[1].length, name, 'has tracks of two lengths')
    demand(tracks[0].length >= seconds(45) && tracks[0].length <= seconds(90), name, 'is too short or too long')
    const [client, agent] = tracks.map((samples) => frames(samples).map((level) => level > HEARD))
    const both = client.filter((speaks, n) => speaks && agent[n]).length
    const share = (speaks) => Math.round((100 * speaks.filter(Boolean).length) / speaks.length)
    console.log(`  client speaks ${share(client)} %, agent ${share(agent)} %, both at once ${both * 20} ms`)
    demand(both * 20 < 100, name, 'has both speak at once')
    demand(tracks.every((samples) => quietEnds(samples)), name, 'cannot be repeated: it has no silence at its ends')
  }

  const tune = opened('music.wav')
  if (tune) {
    report('music.wav', tune, decibels(speechRms(tune)))
    demand(tune.length >= seconds(30) && tune.length <= seconds(40), 'music.wav', 'is not 30 to 40 s long')
    demand(peak(tune) <= amplitude(MUSIC_CEILING), 'music.wav', 'is too loud')
    // At the seam neither the level nor the slope may jump more than the music itself does elsewhere.
    const step = (n) => Math.abs(tune[n % tune.length] - tune[n - 1])
    const steps = Array.from(tune.subarray(1), (_, n) => step(n + 1)).sort((a, b) => a - b)
    demand(step(tune.length) <= steps[Math.floor(steps.length * 0.99)], 'music.wav', 'clicks where it repeats')
    const bend = (n) => Math.abs(tune[(n + 1) % tune.length] - 2 * tune[n % tune.length] + tune[n - 1])
    const bends = tune.map((_, n) => (n === 0 ? 0 : bend(n)))
    demand(peak(bends) < 0.15, 'music.wav', 'has a click in it')
  }

  console.log(`${bytes} bytes in all`)
  demand(bytes <= BUDGET, folder, `has more than ${BUDGET} bytes`)
  return faults
}

function quietEnds(samples) {
  return peak(samples.subarray(0, seconds(0.5))) < HEARD && peak(samples.subarray(-seconds(1))) < HEARD
}
