// A relying service in another process and another language. It reads on its standard input what it needs to know,
// signs in, refreshes, tries what must be refused, and waits until it hears that the session ended. One JSON line a step.
import http from 'node:http'
import readline from 'node:readline'
import * as client from 'openid-client'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const told = JSON.parse((await lines.next()).value)
const say = (step, facts) => console.log(JSON.stringify({ step, ...facts }))
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

const config = await client.discovery(new URL(told.issuer), told.client_id, undefined,
  told.client_secret ? client.ClientSecretBasic(told.client_secret) : client.None(),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] })
const server = config.serverMetadata()
say('discovered', { pkce: server.supportsPKCE(), logout: server.backchannel_logout_supported })

async function asked (changed = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const nonce = client.randomNonce()
  const state = client.randomState()
  const parameters = {
    redirect_uri: told.redirect_uri,
    scope: 'openid profile email pehra',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce,
    state,
    ...changed
  }
  const address = client.buildAuthorizationUrl(config, parameters)
  for (const name of Object.keys(changed)) if (changed[name] === null) address.searchParams.delete(name)
  const answer = await fetch(address, { redirect: 'manual', headers: { cookie: told.cookie } })
  const back = answer.headers.get('location')
  const checks = { pkceCodeVerifier: verifier, expectedNonce: nonce, expectedState: state, idTokenExpected: true }
  return { status: answer.status, back: back && new URL(back), checks }
}

async function refusal (act) {
  try {
    await act()
    return 'nothing was refused'
  } catch (error) {
    return error.error ?? error.code ?? error.message
  }
}

// Signs in.
const first = await asked()
const tokens = await client.authorizationCodeGrant(config, first.back, first.checks)
const claims = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
say('signed in', { claims, person })

// Refreshes.
const again = await client.refreshTokenGrant(config, tokens.refresh_token)
say('refreshed', { rotated: again.refresh_token !== tokens.refresh_token, claims: again.claims() })

// What must be refused.
const second = await asked()
const given = await client.authorizationCodeGrant(config, second.back, second.checks)
const third = await asked()
const wrong = await asked({ redirect_uri: told.redirect_uri + '/elsewhere' })
const plain = await asked({ code_challenge_method: 'plain' })
const without = await asked({ code_challenge: null, code_challenge_method: null })
say('refused', {
  'a replayed code': await refusal(() => client.authorizationCodeGrant(config, second.back, second.checks)),
  'what that code gave': await refusal(() => client.refreshTokenGrant(config, given.refresh_token)),
  'a wrong verifier': await refusal(() => client.authorizationCodeGrant(config, third.back,
    { ...third.checks, pkceCodeVerifier: client.randomPKCECodeVerifier() })),
  'a wrong redirect': wrong.status,
  'followed to': wrong.back,
  'a plain challenge': plain.back.searchParams.get('error'),
  'no challenge': without.back.searchParams.get('error'),
  'a used refresh token': await refusal(() => client.refreshTokenGrant(config, tokens.refresh_token)),
  'its whole family': await refusal(() => client.refreshTokenGrant(config, again.refresh_token))
})

// Hears of the end: the token is verified by the published keys, by a library of its own.
const last = await asked()
const open = await client.authorizationCodeGrant(config, last.back, last.checks)
const keys = createRemoteJWKSet(new URL(server.jwks_uri))
const hearing = http.createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const token = new URLSearchParams(Buffer.concat(chunks).toString()).get('logout_token')
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys,
      { issuer: server.issuer, audience: told.client_id, typ: 'logout+jwt', requiredClaims: ['jti', 'sid', 'sub', 'exp'] })
    if (!payload.events[LOGOUT] || 'nonce' in payload) throw new Error('no logout token')
    response.writeHead(200).end()
    say('heard', { claims: payload, header: protectedHeader, sid: open.claims().sid })
  } catch (error) {
    response.writeHead(400).end()
    say('heard nonsense', { why: error.message })
  }
})
hearing.listen(told.port, '127.0.0.1', () => say('listening', {}))

// After the end.
await lines.next()
say('after the end', {
  refresh: await refusal(() => client.refreshTokenGrant(config, open.refresh_token)),
  userinfo: await refusal(() => client.fetchUserInfo(config, open.access_token, claims.sub)),
  'signing in silently': (await asked({ prompt: 'none' })).back.searchParams.get('error')
})

// After the keys were withdrawn: what the old one signed is verified by nobody.
await lines.next()
const now = createRemoteJWKSet(new URL(server.jwks_uri))
say('after the keys', { old: await refusal(() => jwtVerify(open.id_token, now, { issuer: server.issuer })) })
hearing.close()
process.exit(0)
