// What each client is told, as a line of JSON on standard input, and what it answers: where to send
// the user, and after the line with where the user came back, what it got.

import { createInterface } from 'node:readline/promises';

import { Agent, fetch } from 'undici';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

export const nextLine = async () => (await lines.next()).value;
export const say = (value) => console.log(JSON.stringify(value));
export const told = JSON.parse(await nextLine());

const { ca, certificate, key } = told.tls;
const dispatcher = new Agent({ connect: { ca, cert: certificate, key } });

// Node's own `fetch` with the authority to trust, and the client's certificate where it has one.
export const customFetch = (url, options) => fetch(url, { ...options, dispatcher });

export const signingKey = async () =>
  crypto.subtle.importKey(
    'jwk', told.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'],
  );
