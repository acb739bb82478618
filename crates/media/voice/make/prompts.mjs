// The announcements: their texts, their voice, and their silence at both ends.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { placed, seconds } from './signal.mjs'
import { spoken } from './speech.mjs'

const VOICE = { name: 'en-us+f2', speed: 157, pitch: 50 }

/** Level of the speech, in dBFS. */
export const PROMPT_LEVEL = -16

/** Silence before and after, in seconds: the way of the sound may open a moment late. */
const [BEFORE, AFTER] = [0.2, 0.1]

/** `[name, text]` of each announcement. */
export function prompts(texts) {
  const lines = readFileSync(join(texts, 'prompts.txt'), 'utf8').split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const [name, text, ...rest] = line.split('\t')
    if (!/^[a-z_]+$/.test(name) || !text || rest.length > 0) throw new Error(`prompts.txt: no name, tab, text: ${line}`)
    return [name, text]
  })
}

/** The samples of one announcement. */
export function prompt(text) {
  const speech = spoken(text, VOICE, PROMPT_LEVEL)
  const start = seconds(BEFORE)
  return placed(start + speech.length + seconds(AFTER), [[start, speech]])
}
