// SIP by WebSocket (RFC 7118), for standard clients in browsers: what the gateway says to a first message.

import { expect, test, visit } from '../support/test.ts'

test('a browser speaks SIP at /sip, and is asked for its password as every phone is', async ({ as }) => {
  const john = await as('john')
  await visit(john, '/self-care')
  const answer = await john.evaluate(async () => {
    const socket = new WebSocket(`ws://${location.host}/sip`, 'sip')
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = reject
    })
    socket.send(
      [
        'REGISTER sip:tandem SIP/2.0',
        'Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKasudf',
        'Max-Forwards: 70',
        'To: <sip:abc744@tandem>',
        'From: <sip:abc744@tandem>;tag=65bnmj',
        'Call-ID: aiuy7k9njasd',
        'CSeq: 1 REGISTER',
        'Contact: <sip:abc744@df7jal23ls0d.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"',
        'Supported: path, outbound, gruu',
        'Content-Length: 0',
        '',
        '',
      ].join('\r\n'),
    )
    const message = await new Promise<MessageEvent>((resolve) => (socket.onmessage = resolve))
    socket.close()
    return { text: String(message.data), protocol: socket.protocol }
  })
  expect(answer.protocol).toBe('sip')
  expect(answer.text).toMatch(/^SIP\/2\.0 401 /)
  expect(answer.text).toMatch(/WWW-Authenticate: Digest /i)
  expect(answer.text).toContain('Via: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bKasudf')
})

test('what is no WebSocket is told so', async ({ as }) => {
  const john = await as('john')
  const answer = await john.request.get('/sip')
  expect(answer.status()).toBeGreaterThanOrEqual(400)
  expect(answer.status()).toBeLessThan(500)
})
