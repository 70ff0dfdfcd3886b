// SPDX-License-Identifier: MIT
// Requests to the aggregator. A token, where one is needed, is turned into a cookie that no script can read, and is
// kept nowhere here: it comes in by the form or by the fragment (#token=...), which browsers do not send.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const SESSION = '/api/v1/session';

async function answerOf(response) {
  if (response.ok) return response.status === 204 ? null : response.json();
  const body = await response.json().catch(() => ({}));
  throw new ApiError(response.status, body.message || response.statusText);
}

export async function logIn(token) {
  const headers = { 'Content-Type': 'application/json' };
  return answerOf(await fetch(SESSION, { method: 'POST', headers, body: JSON.stringify({ token }) }));
}

export const logOut = async () => answerOf(await fetch(SESSION, { method: 'DELETE' }));

/** Who this browser is to the aggregator: { name, role, login }. */
export const whoAmI = () => get(SESSION);

export async function takeTokenFromAddress() {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return;
  history.replaceState(null, '', location.pathname + location.search);
  await logIn(decodeURIComponent(match[1]));
}

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  return answerOf(await fetch(query ? path + '?' + query : path, { cache: 'no-store' }));
}
