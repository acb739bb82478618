// A dialogue from its text: two tracks of one length, each silent while the other party speaks.
//
//   # a remark
//   voice client en-us+f3 170 50      espeak-ng's voice, words a minute, pitch
//   client: What the client says.
//   agent: What the agent says.
//   pause 1.5                         seconds in which nobody speaks, beside the usual

import { placed, seconds } from './signal.mjs'
import { spoken } from './speech.mjs'

/** Before the first word: whoever has just answered lifts the phone to the ear. */
const LEAD = 0.8
/** After the last word, before the dialogue begins anew. */
const TAIL = 2
/** People do not answer each other by the clock: the pauses before turns, one after the other, in seconds. */
const PAUSES = [0.35, 0.5, 0.3, 0.6, 0.4]

/** Level of the speech, in dBFS: a little below the announcements, as people are. */
export const LEVEL = -18

export const PARTIES = ['client', 'agent']

/** `{ client, agent }`, the samples of both. */
export function dialogue(text) {
  const { voices, turns } = parsed(text)
  const sounds = { client: [], agent: [] }
  let at = seconds(LEAD)
  turns.forEach(({ party, said, wait }, turn) => {
    if (turn > 0) at += seconds(PAUSES[turn % PAUSES.length])
    at += seconds(wait)
    const speech = spoken(said, voices[party], LEVEL)
    sounds[party].push([at, speech])
    at += speech.length
  })
  at += seconds(TAIL)
  return { client: placed(at, sounds.client), agent: placed(at, sounds.agent) }
}

function parsed(text) {
  const voices = {}
  const turns = []
  let wait = 0
  text.split('\n').forEach((line, index) => {
    const words = line.trim().split(/\s+/)
    const turn = /^(client|agent):\s*(\S.*)$/.exec(line)
    if (line.trim() === '' || line.startsWith('#')) return
    if (words[0] === 'voice' && PARTIES.includes(words[1]) && words.length === 5) {
      voices[words[1]] = { name: words[2], speed: Number(words[3]), pitch: Number(words[4]) }
    } else if (words[0] === 'pause' && Number(words[1]) > 0) {
      wait += Number(words[1])
    } else if (turn) {
      turns.push({ party: turn[1], said: turn[2], wait })
      wait = 0
    } else {
      throw new Error(`line ${index + 1} is not understood: ${line}`)
    }
  })
  for (const party of PARTIES) if (!voices[party]) throw new Error(`the ${party} has no voice`)
  return { voices, turns }
}
