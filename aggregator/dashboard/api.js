// SPDX-License-Identifier: MIT
// Requests to the aggregator. A token, where one is needed, is turned into a cookie that no script can read, and is
// kept nowhere here: it comes in by the form or by the fragment (#token=...), which browsers do not send.

const SESSION = '/api/v1/session';
const BUSY_TRIES = 4;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function answerOf(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const body = await response.json().catch(() => ({}));
  throw Object.assign(new Error(body.message || response.statusText), { status: response.status });
}

/** Sends `body` as JSON, where there is one. */
export async function send(method, path, body) {
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  return answerOf(await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

export const logIn = (token) => send('POST', SESSION, { token });
export const logOut = () => send('DELETE', SESSION);

/** Who this browser is to the aggregator: { name, role, login }. */
export const whoAmI = () => get(SESSION);

/** #token=... of the address; true when there was one. */
export async function takeTokenFromAddress() {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return false;
  history.replaceState(null, '', location.pathname);
  await logIn(decodeURIComponent(match[1]));
  return true;
}

/** Asks again when the aggregator is busy: few queries across hosts run at one time. */
export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  for (let left = BUSY_TRIES; ; left--) {
    const response = await fetch(query ? path + '?' + query : path, { cache: 'no-store' });
    const isBusy = (response.status === 503 || response.status === 429) && left > 1;
    if (!isBusy) return answerOf(response);
    await wait(300 + Math.random() * 500 + 1000 * Number(response.headers.get('Retry-After') ?? 0));
  }
}
