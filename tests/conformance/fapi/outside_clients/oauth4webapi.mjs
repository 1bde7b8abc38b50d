// The flow with `oauth4webapi`.

import * as oauth from 'oauth4webapi';

import { customFetch, nextLine, say, signingKey, told } from './told.mjs';

const how = { [oauth.customFetch]: customFetch };
const issuer = new URL(told.issuer);
const server = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, how),
);
const client = {
  client_id: told.client_id,
  use_mtls_endpoint_aliases: told.tls.certificate !== undefined,
};
const authentication = told.is_mtls
  ? oauth.TlsClientAuth()
  : oauth.PrivateKeyJwt({ key: await signingKey(), kid: told.jwk.kid });
if (told.is_dpop) {
  how.DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
}

// A request that is refused for want of the server's nonce is sent again, with it.
const withNonce = async (send) => {
  try {
    return await send();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return send();
  }
};

const verifier = oauth.generateRandomCodeVerifier();
const state = oauth.generateRandomState();
const nonce = oauth.generateRandomNonce();
const pushed = await withNonce(async () =>
  oauth.processPushedAuthorizationResponse(
    server,
    client,
    await oauth.pushedAuthorizationRequest(
      server,
      client,
      authentication,
      new URLSearchParams({
        redirect_uri: told.redirect_uri,
        response_type: 'code',
        scope: told.scope,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }),
      how,
    ),
  ),
);
const url = new URL(server.authorization_endpoint);
url.searchParams.set('client_id', client.client_id);
url.searchParams.set('request_uri', pushed.request_uri);
say({ url });

const parameters = oauth.validateAuthResponse(server, client, new URL(await nextLine()), state);
const tokens = await withNonce(async () =>
  oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server, client, authentication, parameters, told.redirect_uri, verifier, how,
    ),
    { expectedNonce: nonce },
  ),
);
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
const info = await withNonce(async () =>
  oauth.processUserInfoResponse(
    server, client, sub, await oauth.userInfoRequest(server, client, tokens.access_token, how),
  ),
);
const refreshed = await withNonce(async () =>
  oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, authentication, tokens.refresh_token, how),
  ),
);
say({ sub: info.sub, token_type: tokens.token_type, refreshed: refreshed.access_token !== undefined });
process.exit();
