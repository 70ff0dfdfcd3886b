// SPDX-License-Identifier: MIT
// Settings: who may come in, who changed what, how long samples stay, where alerts go.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { bytes, duration } from './format.js';
import { amend, here } from './router.js';
import { draw, isAdmin, state } from './state.js';
import { badge, command, empty, exactly, failed, loading, table, tabs, when } from './ui.js';

const TABS = [['access', 'API tokens'], ['join', 'Join tokens'], ['agents', 'Agents'], ['retention', 'Retention'], ['destinations', 'Destinations'], ['audit', 'Audit log']];
const ROLES = ['viewer', 'operator', 'admin', 'ingest'];
const ADMINS = new Set(['access', 'join', 'agents', 'audit']);
const page = { tab: '', answer: undefined, error: null, made: null, said: '' };

const ROUTES = { access: '/api/v1/access', join: '/api/v1/tokens', agents: '/api/v1/agents', audit: '/api/v1/audit', destinations: '/api/v1/destinations' };

async function load(tab = here().query.tab ?? 'access') {
  if (tab !== page.tab) Object.assign(page, { tab, answer: undefined, made: null, said: '' });
  page.error = null;
  if (!isAdmin() && ADMINS.has(tab)) return; // it would be refused
  try {
    if (tab === 'retention') page.answer = await get('/api/v1/self');
    else page.answer = await get(ROUTES[tab] ?? ROUTES.access, tab === 'audit' ? { limit: 200 } : {});
  } catch (error) {
    page.error = error;
  }
  draw();
}

async function act(what) {
  try {
    page.made = await what() ?? null;
    await load();
  } catch (error) {
    page.error = error;
    draw();
  }
}

const time = (t) => (t ? html`<span title=${exactly(t)}>${when(t)}</span>` : html`<span class="quiet">never</span>`);
const coming = (t) => (t ? exactly(t) : 'never');
const revoke = (path, name) => html`<button type="button" class="small" aria-label="Revoke ${name}" @click=${() => { if (confirm(`Revoke ${name}?`)) act(() => send('DELETE', path)); }}>Revoke</button>`;

function accessView(answer) {
  const make = (event) => {
    event.preventDefault();
    const { name, role, days } = event.target;
    act(() => send('POST', '/api/v1/access', { name: name.value, role: role.value, ...(days.value && { ttl_ms: Number(days.value) * 86400000 }) }));
  };
  return html`<form class="inline" @submit=${make}><label>Name <input name="name" required maxlength="63" autocomplete="off"></label>
      <label>Role <select name="role">${ROLES.map((r) => html`<option>${r}</option>`)}</select></label>
      <label>ends after <select name="days"><option value="30">30 days</option><option value="365">a year</option><option value="">never</option></select></label>
      <button type="submit" class="primary">Make a token</button></form>
    ${page.made?.token ? html`<p role="status">Shown once:</p>${command(page.made.token)}` : nothing}
    ${answer.tokens.length ? table(['name', 'role', 'made', 'last used', 'ends', ''], answer.tokens.map((t) => html`<tr><th scope="row">${t.name}</th><td>${t.role}</td><td>${time(t.createdAt)}</td><td>${time(t.lastUsedAt)}</td>
      <td>${coming(t.expiresAt)}</td><td>${revoke('/api/v1/access/' + encodeURIComponent(t.name), t.name)}</td></tr>`)) : empty('No API token', 'This page, on its open address, needs none.')}`;
}

const joinView = (answer) => (answer.tokens.length ? table(['id', 'used', 'ends', ''], answer.tokens.map((t) => html`<tr><th scope="row">${t.id}</th><td>${t.used} of ${t.uses}</td><td>${coming(t.expiresAt)}</td>
  <td>${revoke('/api/v1/tokens/' + encodeURIComponent(t.id), t.id)}</td></tr>`)) : empty('No join token', html`One is made on the page <a href="#/add">Add host</a>.`));

const agentsView = (answer) => (answer.agents.length ? table(['name', 'state', 'version', 'address', 'last seen', ''], answer.agents.map((a) => html`<tr><th scope="row">${a.name}</th>
  <td>${badge(a.state === 'connected' ? 'ok' : a.state === 'revoked' ? 'critical' : 'stale', a.state)}</td><td>${a.agentVersion}</td><td>${a.address}</td><td>${time(a.lastSeenAt)}</td>
  <td>${a.state === 'revoked' ? html`<button type="button" class="small" aria-label="Allow ${a.name} again" @click=${() => act(() => send('POST', `/api/v1/agents/${encodeURIComponent(a.id)}/allow`))}>Allow</button>`
    : html`<button type="button" class="small" aria-label="Revoke ${a.name}" @click=${() => { if (confirm(`Let ${a.name} in no more?`)) act(() => send('POST', `/api/v1/agents/${encodeURIComponent(a.id)}/revoke`)); }}>Revoke</button>`}</td></tr>`)) : empty('No agent', 'None has enrolled yet.'));

const auditView = (answer) => (answer.entries.length ? table(['when', 'who', 'what', 'answer'], answer.entries.map((e) => html`<tr><th scope="row">${exactly(e.time)}</th><td>${e.who} <span class="quiet">${e.role}, ${e.address}</span></td>
  <td class="words">${e.what}</td><td>${e.result}</td></tr>`)) : empty('Nothing yet', 'Every change is written here, in the same transaction.'));

const DESTINATION_LEVELS = { idle: 'ok', waiting: 'ok', sending: 'ok', down: 'critical', held: 'paused' };
const TIERS = { '1s': 'samples', '1min': 'minutes', '1h': 'hours' };

function retentionView({ store }) {
  return html`<p>The database keeps within ${bytes(store.database_bytes_max)}; what is oldest makes room. Now ${bytes(store.database_bytes)}, the oldest sample is of
    ${store.oldest_sample_ms ? exactly(store.oldest_sample_ms) : 'never'}.</p>
    ${table(['kept', 'resolution', 'rows', 'size', 'back to'], store.tiers.map((t) => html`<tr><th scope="row">${TIERS[t.resolution] ?? t.resolution}</th><td>${t.resolution}</td><td>${t.rows}</td><td>${bytes(t.bytes)}</td>
      <td>${t.horizon_ms ? exactly(t.horizon_ms) : 'all that came'}</td></tr>`))}
    <p class="quiet">How much is set when the aggregator starts: <code>--database-max</code>.</p>`;
}

function destinationsView({ destinations }) {
  if (destinations.length === 0) return empty('No destination', 'Alerts are shown here and told to whoever follows the API; nothing is sent elsewhere.');
  const test = (name) => act(async () => {
    await send('POST', `/api/v1/destinations/${encodeURIComponent(name)}/test`);
    page.said = `A test was sent to ${name}.`;
  });
  return html`${page.said ? html`<p role="status">${page.said}</p>` : nothing}${table(['name', 'type', 'state', 'sent', 'dropped', 'oldest unsent', ''], destinations.map((d) => html`<tr><th scope="row">${d.name}</th><td>${d.type}</td>
    <td>${badge(DESTINATION_LEVELS[d.state] ?? 'warn', d.state)} <span class="quiet">${d.lastError ?? ''}</span></td><td>${d.messages}, last ${time(d.lastSentAt)}</td><td>${d.dropped}</td>
    <td>${d.oldestUnsentMs ? duration(d.oldestUnsentMs) : 'none'}</td><td><button type="button" class="small" aria-label="Test ${d.name}" @click=${() => test(d.name)}>Test</button></td></tr>`))}`;
}

const VIEWS = { access: accessView, join: joinView, agents: agentsView, retention: retentionView, destinations: destinationsView, audit: auditView };

function bodyView(tab) {
  if ((!isAdmin() && ADMINS.has(tab)) || page.error?.status === 403) {
    return empty('For administrators', html`You are here as ${state.who?.name ?? 'nobody'} (${state.who?.role ?? 'unknown'}). Make a token and log in with it:`,
      html`${command('nephos-aggregator access create --role admin --name NAME')}<p>then open this page with <code>#token=TOKEN</code> behind its address.</p>`);
  }
  if (page.error) return failed(page.error);
  if (page.answer === undefined || page.tab !== tab) return loading;
  if (page.answer === null) return empty('Not in this aggregator', 'It is older than this page, or was built without it.');
  return VIEWS[tab](page.answer);
}

export const settingsPage = {
  title: () => 'Settings',
  open: () => load(),
  close() {
    page.made = null;
  },
  view() {
    const tab = VIEWS[here().query.tab] ? here().query.tab : 'access';
    return html`<h1>Settings</h1><p class="quiet">You are ${state.who?.name ?? '…'}, role ${state.who?.role ?? '…'}${isAdmin() ? '' : '; what administrators may do is not offered'}.</p>
      ${tabs('Settings', TABS, tab, (key) => amend({ tab: key }, false))}<section class="card" aria-label=${tab}>${bodyView(tab)}</section>`;
  },
};
