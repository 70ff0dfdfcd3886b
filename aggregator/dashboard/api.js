// SPDX-License-Identifier: MIT
// Requests to the aggregator. The API token, when one is needed, is kept for this tab and is never part of
// an address: it comes in by the form or by the fragment (#token=...), which browsers do not send.

const KEY = 'nephos-token';

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function takeTokenFromAddress() {
  const match = /^#token=(.+)$/.exec(location.hash);
  if (!match) return;
  setToken(decodeURIComponent(match[1]));
  history.replaceState(null, '', location.pathname + location.search);
}

export const token = () => sessionStorage.getItem(KEY) || '';
export const setToken = (value) => sessionStorage.setItem(KEY, value);

export async function get(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  const headers = token() ? { Authorization: 'Bearer ' + token() } : {};
  const response = await fetch(query ? path + '?' + query : path, { headers, cache: 'no-store' });
  if (response.ok) return response.json();
  const body = await response.json().catch(() => ({}));
  throw new ApiError(response.status, body.message || response.statusText);
}

/** Subprotocols for a WebSocket: where a browser can put the token. */
export function protocols() {
  if (!token()) return ['nephos'];
  const octets = String.fromCharCode(...new TextEncoder().encode(token()));
  const base64url = btoa(octets).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  return ['nephos', 'bearer.' + base64url];
}
