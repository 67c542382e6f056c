import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import t, { type Test } from 'tap'
import exceptions from '../../../plugins/exceptions/index.ts'
import security, {
  authorizedUserid, forget, isAnonymous, JWTIdentity, remember, type JWTIdentityOptions
} from '../../../plugins/security/index.ts'
import { build } from '../../helper.ts'
import { key, otherKey } from '../sessions/helper.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: 'spki', format: 'pem' })
const now = Math.floor(Date.now() / 1000)

/** A token, made by hand so that it can be wrong in any way. */
function token (header: object, claims: unknown, signer: KeyObject | string | null): string {
  const parts = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const bytes = signer === null
    ? Buffer.alloc(0)
    : typeof signer === 'string'
      ? createHmac('sha256', signer).update(parts).digest()
      : sign(signer.asymmetricKeyType === 'rsa' ? 'sha256' : null, Buffer.from(parts), signer)
  return `${parts}.${bytes.toString('base64url')}`
}

const hs = (claims: unknown, header: object = {}) => token({ alg: 'HS256', typ: 'JWT', ...header }, claims, key)

/** Asks an app who a header belongs to. */
async function asker (t: Test, options: JWTIdentityOptions) {
  const app = build(t)
  await app.register(exceptions)
  await app.register(security, {
    identity: new JWTIdentity(options),
    authorization: { authorizedUserid: identity => identity, permits: () => false }
  })
  app.get('/', async request => await authorizedUserid(request) ?? (await isAnonymous(request) ? 'nobody' : '?'))
  app.get('/remember', async (request, reply) => {
    await t.rejects(remember(request, reply, 'ann'), { code: 'AIO_ERR_SECURITY_TOKEN' })
    await forget(request, reply)
    return 'ok'
  })
  await app.ready()
  return async (authorization: string, url = '/') => (await app.inject({ url, headers: { authorization } })).body
}

t.test('a token that is good is believed', async t => {
  const ask = await asker(t, { keys: [otherKey, key], audience: 'shop', issuer: ['a', 'us'] })
  const claims = { login: 'ann', aud: ['shop'], iss: 'us', exp: now + 60, nbf: now - 60 }

  t.equal(await ask(`Bearer ${hs(claims)}`), 'ann')
  t.equal(await ask(`bearer ${hs(claims)}`), 'ann')
  t.equal(await ask('', '/remember'), 'ok')
})

t.test('a token that is not good is nobody\'s', async t => {
  const ask = await asker(t, { keys: key, audience: 'shop', issuer: 'us' })
  const good = { login: 'ann', aud: 'shop', iss: 'us', exp: now + 60 }
  const [head, body, mac] = hs(good).split('.') as [string, string, string]
  const other = Buffer.from(JSON.stringify({ ...good, login: 'root' })).toString('base64url')

  const bad: Record<string, string> = {
    'no header': '',
    'another scheme': `Basic ${hs(good)}`,
    'no token': 'Bearer ',
    nonsense: 'Bearer a.b.c',
    'two parts': `Bearer ${head}.${body}`,
    'four parts': `Bearer ${hs(good)}.x`,
    'no signature': `Bearer ${head}.${body}.`,
    'another body': `Bearer ${head}.${other}.${mac}`,
    'another key': `Bearer ${token({ alg: 'HS256' }, good, otherKey)}`,
    'alg none': `Bearer ${token({ alg: 'none' }, good, null)}`,
    'alg none, signed': `Bearer ${hs(good, { alg: 'none' })}`,
    'alg in other letters': `Bearer ${hs(good, { alg: 'hs256' })}`,
    'alg RS256': `Bearer ${hs(good, { alg: 'RS256' })}`,
    'no alg': `Bearer ${token({}, good, key)}`,
    'critical header': `Bearer ${hs(good, { crit: ['b64'], b64: false })}`,
    expired: `Bearer ${hs({ ...good, exp: now - 1 })}`,
    'exp as text': `Bearer ${hs({ ...good, exp: String(now + 60) })}`,
    'not yet': `Bearer ${hs({ ...good, nbf: now + 60 })}`,
    'another audience': `Bearer ${hs({ ...good, aud: ['shops'] })}`,
    'no audience': `Bearer ${hs({ ...good, aud: undefined })}`,
    'another issuer': `Bearer ${hs({ ...good, iss: 'them' })}`,
    'a list of issuers': `Bearer ${hs({ ...good, iss: ['us'] })}`,
    'no login': `Bearer ${hs({ ...good, login: undefined })}`,
    'login no text': `Bearer ${hs({ ...good, login: { admin: true } })}`,
    'login empty': `Bearer ${hs({ ...good, login: '' })}`,
    'a list': `Bearer ${hs(['login', 'ann'])}`,
    null: `Bearer ${hs(null)}`,
    huge: `Bearer ${hs({ ...good, more: 'x'.repeat(9000) })}`
  }
  t.equal(await ask(`Bearer ${hs(good)}`), 'ann')
  for (const [what, header] of Object.entries(bad)) t.equal(await ask(header), 'nobody', what)
})

t.test('public keys are believed with their own algorithm only', async t => {
  const byRsa = await asker(t, { keys: pem(rsa), algorithms: ['RS256'] })
  const byEd = await asker(t, { keys: pem(ed), algorithms: ['EdDSA'] })
  const claims = { login: 'ann' }
  const rsaToken = token({ alg: 'RS256' }, claims, rsa.privateKey)
  const edToken = token({ alg: 'EdDSA' }, claims, ed.privateKey)

  t.equal(await byRsa(`Bearer ${rsaToken}`), 'ann')
  t.equal(await byEd(`Bearer ${edToken}`), 'ann')
  t.equal(await byRsa(`Bearer ${edToken}`), 'nobody')
  t.equal(await byEd(`Bearer ${rsaToken}`), 'nobody')
  // Everybody knows the public key: it must not become a secret.
  t.equal(await byRsa(`Bearer ${token({ alg: 'HS256' }, claims, String(pem(rsa)))}`), 'nobody')
  t.equal(await byRsa(`Bearer ${token({ alg: 'RS256' }, claims, String(pem(rsa)))}`), 'nobody')
})

t.test('clocks may differ by the tolerance', async t => {
  const ask = await asker(t, { keys: key, clockTolerance: 60_000, claim: 'sub' })

  t.equal(await ask(`Bearer ${hs({ sub: 'ann', exp: now - 30, nbf: now + 30 })}`), 'ann')
  t.equal(await ask(`Bearer ${hs({ sub: 'ann', exp: now - 90 })}`), 'nobody')
})

t.test('tokens of @fastify/jwt are believed', async t => {
  const issuer = build(t)
  await issuer.register(fastifyJwt, { secret: key, sign: { expiresIn: '1m', iss: 'us' } })
  await issuer.ready()
  const ask = await asker(t, { keys: key, issuer: 'us' })

  t.equal(await ask(`Bearer ${issuer.jwt.sign({ login: 'ann' })}`), 'ann')
})

t.test('keys that do not fit their algorithm are told', async t => {
  const wrong: JWTIdentityOptions[] = [
    { keys: 'short' }, { keys: [] }, { keys: pem(rsa) }, { keys: key, algorithms: ['RS256'] },
    { keys: pem(ed), algorithms: ['RS256'] }, { keys: pem(rsa), algorithms: ['EdDSA'] }
  ]
  for (const options of wrong) t.throws(() => new JWTIdentity(options), { code: 'AIO_ERR_JWT_KEY' })
  for (const algorithms of [[], ['none'], 'HS256']) {
    t.throws(() => new JWTIdentity({ keys: key, algorithms: algorithms as never }), { code: 'AIO_ERR_OPTION_INVALID' })
  }
})
