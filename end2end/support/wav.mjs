// WAV files of 16 bits.

/**
 * A WAV file of these samples, of all channels in turn.
 *
 * @param {number} rate samples a second of each channel
 * @param {number} channels
 * @param {Int16Array} samples
 */
export function wav(rate, channels, samples) {
  const file = Buffer.alloc(44 + samples.length * 2)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + samples.length * 2, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(channels, 22)
  file.writeUInt32LE(rate, 24)
  file.writeUInt32LE(rate * channels * 2, 28)
  file.writeUInt16LE(channels * 2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples.length * 2, 40)
  samples.forEach((sample, place) => file.writeInt16LE(sample, 44 + place * 2))
  return file
}

/**
 * A WAV file of a minute of a tone of whole hertz, which a browser plays over and over: where it begins anew, the tone is torn.
 *
 * @param {number} hertz
 */
export function tone(hertz) {
  const rate = 48_000
  const wave = (/** @type {number} */ place) => Math.round(8000 * Math.sin((2 * Math.PI * hertz * place) / rate))
  const second = Int16Array.from({ length: rate }, (_, place) => wave(place))
  const minute = new Int16Array(60 * rate)
  for (let start = 0; start < minute.length; start += rate) minute.set(second, start)
  return wav(rate, 1, minute)
}
