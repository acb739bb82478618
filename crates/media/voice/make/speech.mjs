// Text into speech for the telephone, by espeak-ng.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { faded, levelled, telephone, trimmed } from './signal.mjs'
import { readWav } from './wav.mjs'

/** No sample is above this, in dBFS. */
export const CEILING = -1.5

/**
 * Speaks a text. A voice is `{ name, speed, pitch }`: espeak-ng's name with its variant (`en-us+f2`), words a minute,
 * and 0 to 99. The level is that of the speech without its pauses, in dBFS.
 */
export function spoken(text, { name, speed, pitch }, level) {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-voice-'))
  try {
    const file = join(folder, 'speech.wav')
    execFileSync('espeak-ng', ['-v', name, '-s', String(speed), '-p', String(pitch), '-w', file, '--', text])
    const { rate, samples } = readWav(file)
    return faded(levelled(trimmed(telephone(samples, rate)), level, CEILING))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
