// The flow with `openid-client`.

import * as client from 'openid-client';

import { customFetch, nextLine, say, signingKey, told } from './told.mjs';

const authentication = told.is_mtls
  ? client.TlsClientAuth()
  : client.PrivateKeyJwt({ key: await signingKey(), kid: told.jwk.kid });
const config = await client.discovery(
  new URL(told.issuer),
  told.client_id,
  { use_mtls_endpoint_aliases: told.tls.certificate !== undefined },
  authentication,
  { [client.customFetch]: customFetch },
);
const bound = told.is_dpop
  ? { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) }
  : {};

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const url = await client.buildAuthorizationUrlWithPAR(
  config,
  {
    redirect_uri: told.redirect_uri,
    scope: told.scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  },
  bound,
);
say({ url });

const tokens = await client.authorizationCodeGrant(
  config,
  new URL(await nextLine()),
  { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
  undefined,
  bound,
);
const { sub } = tokens.claims();
const info = await client.fetchUserInfo(config, tokens.access_token, sub, bound);
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, bound);
say({ sub: info.sub, token_type: tokens.token_type, refreshed: refreshed.access_token !== undefined });
process.exit();
