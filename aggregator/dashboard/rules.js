// SPDX-License-Identifier: MIT
// The rules of alerts: what each watches for, and what it would have said of the last days.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { duration, formatOf, times } from './format.js';
import { link } from './router.js';
import { draw, mayOperate } from './state.js';
import { announce, badge, empty, failed, hostLink, loading, table, when } from './ui.js';

const DAYS = 7;
const OWN = ''; // the key of the rule that is being written
const page = { rules: null, tried: new Map(), own: '[mine]\nvalue = cpu_usage\nwarn = 80\nfor = 5m\n' };

export async function loadRules() {
  page.rules = (await get('/api/v1/rules', { limit: 1000 })).rules;
}

async function attempt(key, what) {
  page.tried.set(key, 'wait');
  draw();
  page.tried.set(key, await what().catch((error) => error));
  draw();
}

const attemptRule = (key, rule) => attempt(key, () => send('POST', '/api/v1/rules/test', { ...rule, from: `-${DAYS}d` }));

/** In place of the stored rule of that name, or beside the others. */
const store = () => attempt(OWN, async () => {
  const stored = await (await fetch('/api/v1/rules/stored')).text();
  const name = /^\[.*\]/m.exec(page.own)?.[0] ?? '';
  const others = stored.split(/^(?=\[)/m).filter((part) => !part.startsWith(name)).join('');
  await send('PUT', '/api/v1/rules', { text: `${others.trimEnd()}\n${page.own}`.trimStart() });
  await loadRules();
  announce('stored');
  return null;
});

function triedView(key) {
  const t = page.tried.get(key);
  if (!t) return nothing;
  if (t === 'wait') return html`<p class="quiet" role="status">Looking at the last ${DAYS} days …</p>`;
  if (t instanceof Error) return failed(t);
  if (t.fired === 0) return html`<p>It would have said nothing in the last ${DAYS} days, of ${t.series} series.</p>`;
  return html`<p>In the last ${DAYS} days it would have spoken ${times(t.fired)}, of ${t.series_fired} of ${t.series} series, for ${duration(t.seconds * 1000)} in all:</p>
    <ul>${t.hosts.slice(0, 10).map((h) => html`<li>${hostLink(h.instance, { from: Date.parse(h.first) - 1800000, to: Date.parse(h.first) + 1800000 })} ${h.tag}
      ${times(h.fired)}, at most ${duration(h.longest_seconds * 1000)}, first ${when(h.first)}</li>`)}</ul>`;
}

/** A strict level lies a hair behind what was written. */
const level = (r, l, word) => (l ? html` ${word} ${(r.direction === 'below' ? '≤<' : '≥>')[l.is_strict ? 1 : 0]} ${formatOf(r.unit, 'gauge')(Number(l.at.toFixed(6)))}${l.for_ms ? ` for ${duration(l.for_ms)}` : ''};` : nothing);

/** While what else holds. */
const condition = (r) => { const found = /^only_if = (.*)$/m.exec(r.text); return found ? ` while ${found[1]};` : ''; };

const ruleRow = (r) => html`<tr><th scope="row">${r.name}${r.enabled ? nothing : html` ${badge('paused', 'off')}`}</th>
  <td class="words">${r.value}:${level(r, r.warn, 'warning')}${level(r, r.critical, 'critical')}${condition(r)} <span class="quiet">${r.source === 'all' ? '' : r.source} ${r.instance} ${r.tags} (${r.origin})</span>
    <details><summary>in full</summary><pre tabindex="0">${r.text}</pre></details>${triedView(r.name)}</td>
  <td>${mayOperate() ? html`<button type="button" class="small" aria-label="Try ${r.name}" @click=${() => attemptRule(r.name, { rule: r.name })}>Try</button>` : nothing}</td></tr>`;

const ownView = () => html`<details><summary>Write a rule</summary>
  <label><span class="unseen">Text of the rule</span><textarea rows="6" .value=${page.own} @input=${(event) => { page.own = event.target.value; }}></textarea></label>
  <p><button type="button" @click=${() => attemptRule(OWN, { text: page.own })}>Try on ${DAYS} days</button>
    <button type="button" @click=${store}>Store</button></p>${triedView(OWN)}</details>`;

export function rulesView() {
  if (page.rules === null) return loading;
  return html`${mayOperate() ? ownView() : nothing}
    ${page.rules.length === 0 ? empty('No rule', 'Nothing is watched for.') : table(['rule', 'speaks when', ''], page.rules.map(ruleRow))}`;
}
