import { scryptSync } from 'node:crypto'
import t from 'tap'
import { hashPassword, needsRehash, verifyPassword } from '../../../plugins/security/index.ts'

t.test('a password is told from others by its hash', async t => {
  const hash = await hashPassword('correct horse')

  t.match(hash, /^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/)
  t.not(hash, await hashPassword('correct horse'), 'another salt each time')
  t.equal(await verifyPassword('correct horse', hash), true)
  for (const other of ['correct horsE', 'correct horse ', '', 'x'.repeat(1025), 7 as never]) {
    t.equal(await verifyPassword(other, hash), false, String(other).slice(0, 20))
  }
  t.equal(await verifyPassword('Ame\u0301lie', await hashPassword('Am\u00e9lie')), true, 'however it was typed')
})

t.test('a hash that is none fits no password', async t => {
  const good = await hashPassword('a')
  for (const hash of [undefined, good.slice(0, -10), good.replace('ln=15', 'ln=30'), good.replace('r=8', 'r=0')]) {
    t.equal(await verifyPassword('a', hash), false, String(hash))
  }
})

t.test('hashes of other parameters are believed, and should be made anew', async t => {
  const salt = Buffer.alloc(16, 7)
  const old = scryptSync('a', salt, 32, { N: 2 ** 10, r: 8, p: 1 })
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  const hash = `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(old)}`

  t.equal(await verifyPassword('a', hash), true)
  t.equal(needsRehash(hash), true)
  t.equal(needsRehash(await hashPassword('a')), false)
  t.equal(needsRehash('nonsense'), true)
})

t.test('what is no password is not hashed, and not told', async t => {
  for (const wrong of ['', 'x'.repeat(1025), undefined]) {
    await t.rejects(hashPassword(wrong as never), { code: 'AIO_ERR_PASSWORD' })
  }
  await t.rejects(hashPassword('secret'.repeat(200)), { message: /got one of 1200 bytes$/ })
})
