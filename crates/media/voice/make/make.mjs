// Makes the sounds of the folder above from its texts, then checks them. Run by scripts/voice.sh.
//
//   node make.mjs [FOLDER]       where to write; the folder of the texts if none is named

import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { checked } from './check.mjs'
import { dialogue, PARTIES } from './dialogue.mjs'
import { music } from './music.mjs'
import { prompt, prompts } from './prompts.mjs'
import { writeMulaw } from './wav.mjs'

const texts = resolve(import.meta.dirname, '..')
const folder = resolve(process.argv[2] ?? texts)

for (const part of ['prompts', 'dialogues']) mkdirSync(join(folder, part), { recursive: true })

for (const [name, text] of prompts(texts)) writeMulaw(join(folder, 'prompts', `${name}.wav`), prompt(text))

for (const file of readdirSync(join(texts, 'dialogues')).filter((file) => file.endsWith('.txt'))) {
  const tracks = dialogue(readFileSync(join(texts, 'dialogues', file), 'utf8'))
  const name = file.slice(0, -'.txt'.length)
  for (const party of PARTIES) writeMulaw(join(folder, 'dialogues', `${name}-${party}.wav`), tracks[party])
}

writeMulaw(join(folder, 'music.wav'), music())

process.exitCode = checked(texts, folder) === 0 ? 0 : 1
