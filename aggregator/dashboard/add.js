// SPDX-License-Identifier: MIT
// Add a host: a token, the command for it, and a look at whether it has come. Without hosts this is the first page.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { draw, isAdmin, state } from './state.js';
import { amend, here } from './router.js';
import { command, exactly, failed, hostLink, tabs, when } from './ui.js';

const WAYS = [['command', 'Command'], ['install', 'Service'], ['cloud', 'cloud-init']];
const AGENT_PORT = 7443;
const ASK_MS = 5000;
const page = { token: '', expiresAt: 0, error: null, openedAt: 0, known: null, tokens: null, askedAt: 0 };

async function makeToken(event) {
  event.preventDefault();
  const form = event.target;
  page.error = null;
  try {
    const ms = Number(form.hours.value) * 3600000;
    const answer = await send('POST', '/api/v1/tokens', { uses: Number(form.uses.value), ttl_ms: ms });
    page.token = answer.token;
    page.expiresAt = Date.now() + state.offset + ms;
  } catch (error) {
    page.error = error;
  }
  draw();
}

/** Hosts that have come since this page was opened. */
function newcomers() {
  page.known ??= new Set(state.hosts.map((h) => h.id));
  return state.hosts.filter((h) => !page.known.has(h.id));
}

const server = () => `${location.hostname.includes(':') ? `[${location.hostname}]` : location.hostname || 'HOST'}:${AGENT_PORT}`;

function wayView(token) {
  const way = here().query.way ?? 'command';
  const texts = {
    command: `nephos-agent --server ${server()} --token-file token`,
    install: `sh install.sh --from https://RELEASES --server ${server()} --token-file - <<< '${token}'`,
    cloud: `#cloud-config
write_files:
  - path: /root/nephos.token
    permissions: '0600'
    content: ${token}
runcmd:
  - [sh, -c, 'cd /root && curl -fsSLO https://RELEASES/install.sh && sh install.sh --from https://RELEASES --server ${server()} --token-file nephos.token && rm nephos.token install.sh']`,
  };
  const before = {
    command: html`<p>On the machine to watch, as any user; the token goes into a file, so that no list of processes shows it:</p>${command(`(umask 077; echo '${token}' > token)`)}`,
    install: html`<p>As a service, as root; RELEASES is where install.sh and the archives lie (a folder or a URL):</p>`,
    cloud: html`<p>As user data of a new machine:</p>`,
  };
  return html`${tabs('Way to start the agent', WAYS, way, (key) => amend({ way: key }))}${before[way] ?? before.command}${command(texts[way] ?? texts.command)}`;
}

function tokenView() {
  if (!isAdmin()) {
    return html`<p>Here, where the aggregator runs, make a join token (this page makes one when you are logged in as an administrator):</p>${command('nephos-aggregator token create')}`;
  }
  return html`<form class="inline" @submit=${makeToken}><label>Hosts <input type="number" name="uses" min="1" max="10000" value="1" required></label>
      <label>good for <select name="hours"><option value="1">1 hour</option><option value="24">1 day</option><option value="168">1 week</option></select></label>
      <button type="submit" class="primary">Make a token</button></form>
    ${page.error ? failed(page.error) : nothing}
    ${page.token ? html`<p role="status">This token is shown once and ends at ${exactly(page.expiresAt)}:</p>${command(page.token)}` : nothing}`;
}

function waitView() {
  const come = newcomers();
  const pending = (page.tokens ?? []).filter((t) => t.used < t.uses).length;
  return html`<div class="waiting" role="status" id="welcome-wait">${come.length === 0
    ? html`<p class="quiet">Waiting for the first sample; this page notices by itself.${page.tokens ? ` ${pending} join ${pending === 1 ? 'token waits' : 'tokens wait'} to be used.` : ''}</p>`
    : html`<ul>${come.map((h) => html`<li>${h.last_sample_ms || h.series.length ? html`<b>✓ first sample received</b> from` : html`◌ enrolled, no sample yet:`} ${hostLink(h.id)}
        <span class="quiet">${h.last_seen_ms ? when(h.last_seen_ms) : ''}</span></li>`)}</ul>`}</div>`;
}

const troubleView = html`<details><summary>Nothing comes?</summary><ul class="plain">
  <li>The agent says on its standard error why: a name that does not resolve, a port that is closed, a token that is used up or has expired.</li>
  <li>The aggregator listens for agents where <code>--listen</code> says (port ${AGENT_PORT}); a firewall between must let that in.</li></ul></details>`;

export function addView(isFirst) {
  const token = page.token || 'TOKEN';
  return html`<section class="card narrow welcome"><h1>${isFirst ? 'No host reports yet' : 'Add a host'}</h1>
    <p>Every machine that you want to see runs the agent: one small static binary that cannot execute anything for anybody.</p>
    <ol><li><h2>A join token</h2>${tokenView()}</li><li><h2>The agent</h2>${wayView(token)}</li><li><h2>The first sample</h2>${waitView()}</li></ol>${troubleView}</section>`;
}

export const addPage = {
  title: () => 'Add host',
  open(at, isOther) {
    if (isOther) page.known = null;
  },
  close() {
    page.token = '';
  },
  tick() {
    if (!isAdmin() || Date.now() - page.askedAt < ASK_MS) return;
    page.askedAt = Date.now();
    get('/api/v1/tokens').then((answer) => { page.tokens = answer.tokens.filter((t) => Date.parse(t.expiresAt) > Date.now()); draw(); }, () => {});
  },
  view: () => addView(false),
};
