// SPDX-License-Identifier: MIT
// Where we are stands in the fragment, so that an address can be shared and Back works:
// #/host/ID?range=1h is { page: 'host', id: 'ID', query: { range: '1h' } }. Servers and their logs never see it.

export function parse(hash) {
  const at = hash.indexOf('?');
  const path = (at < 0 ? hash : hash.slice(0, at)).replace(/^#?\/?/, '').split('/');
  const query = at < 0 ? {} : Object.fromEntries(new URLSearchParams(hash.slice(at + 1)));
  let id = '';
  try {
    id = decodeURIComponent(path[1] ?? '');
  } catch { /* a broken address names nothing */ }
  return { page: path[0] || 'overview', id, query };
}

export function link(page, id = '', query = {}) {
  const words = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== '' && v !== undefined && v !== null)).toString();
  return '#/' + (page === 'overview' ? '' : page) + (id ? '/' + encodeURIComponent(id) : '') + (words ? '?' + words : '');
}

export const here = () => parse(location.hash);

/** Goes there; `replace` leaves no step for Back. */
export function go(address, replace = false) {
  if (address === location.hash) return;
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  dispatchEvent(new Event('route'));
}

/** Changes some of what the address says beside the page; null takes a word out. */
export function amend(changes, replace = true) {
  const at = here();
  go(link(at.page, at.id, { ...at.query, ...changes }), replace);
}

for (const event of ['popstate', 'hashchange']) addEventListener(event, () => dispatchEvent(new Event('route')));
