// `oidc-provider` with its FAPI 2.0 profile. Told on standard input, as JSON, which certificate to
// serve with and which clients there are; says on standard output where it listens.

import * as https from 'node:https';
import { text } from 'node:stream/consumers';

import Provider, { errors } from 'oidc-provider';

const told = JSON.parse(await text(process.stdin));

const server = https.createServer({
  cert: told.certificate,
  key: told.key,
  minVersion: 'TLSv1.3',
  requestCert: true,
  rejectUnauthorized: false,
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `https://localhost:${server.address().port}`;

const algorithms = ['ES256', 'PS256', 'Ed25519', 'EdDSA'];
const provider = new Provider(issuer, {
  clients: told.clients,
  jwks: { keys: [told.signing_key] },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'phone'],
  claims: {
    openid: ['sub'],
    email: ['email'],
    phone: ['phone_number'],
    profile: ['name'],
  },
  findAccount: (ctx, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Ann', email: 'ann@example.com', phone_number: '+4915112345678' }),
  }),
  clientAuthMethods: ['private_key_jwt', 'self_signed_tls_client_auth'],
  clockTolerance: 10,
  cookies: { keys: ['calibration'] },
  enabledJWA: {
    authorizationSigningAlgValues: algorithms,
    clientAuthSigningAlgValues: algorithms,
    dPoPSigningAlgValues: algorithms,
    idTokenSigningAlgValues: algorithms,
    introspectionSigningAlgValues: algorithms,
    requestObjectSigningAlgValues: algorithms,
    userinfoSigningAlgValues: algorithms,
  },
  features: {
    claimsParameter: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), allowReplay: false },
    fapi: { enabled: true, profile: '2.0' },
    jwtResponseModes: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      getCertificate: (ctx) => {
        const { raw } = ctx.socket.getPeerCertificate();
        return raw && `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`;
      },
    },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
    requestObjects: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
  },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: false,
  pkce: { required: () => true },
  ttl: { AuthorizationCode: 60, PushedAuthorizationRequest: 60 },
});
provider.on('server_error', (ctx, error) => console.error(error));
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer, ready: errors !== undefined }));
