// SPDX-License-Identifier: MIT
// Alerts: what is open, what was, who may be quiet, and by which rules. Choosing one explains it.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { explain, explanationView, forget } from './explain.js';
import { duration } from './format.js';
import { go, here, link } from './router.js';
import { loadRules, rulesView } from './rules.js';
import { draw, mayOperate, pollAlerts, report, serverNow, state } from './state.js';
import { announce, badge, empty, exactly, failed, hostLink, levelOfSeverity, loading, nameOf, tabs, when } from './ui.js';

const TABS = [['open', 'Open'], ['history', 'History'], ['silences', 'Silences'], ['rules', 'Rules']];
const SILENCE = [['1h', 3600000], ['8h', 28800000], ['24h', 86400000], ['7d', 604800000]];

const page = { history: null, key: undefined, silences: null, error: null, asked: 0 };

async function loadHistory(goesOn) {
  const answer = await get('/alerts', { limit: 100, ...(goesOn && page.key && { lastEvaluatedKey: page.key }) });
  page.history = goesOn ? page.history.concat(answer.alerts) : answer.alerts;
  page.key = answer.lastEvaluatedKey;
}

async function loadTab() {
  page.error = null;
  const asked = ++page.asked;
  try {
    const tab = here().query.tab ?? 'open';
    if (tab === 'open') await pollAlerts();
    if (tab === 'history' || here().id) await loadHistory(false);
    page.silences = (await get('/api/v1/silences', { limit: 1000 })).silences;
    if (tab === 'rules') await loadRules();
  } catch (error) {
    page.error = error;
  }
  if (asked === page.asked) draw();
}

/** Does something to an alert and says so. */
async function act(what, words) {
  page.error = null;
  try {
    await what();
    announce(words);
  } catch (error) {
    page.error = error;
  }
  await loadTab();
}

const setStatus = (alert, status) => act(() => send('PUT', '/alerts/' + alert.id, { status }), `alert ${status}`);

const silence = (alert, ms) => act(() => send('POST', '/api/v1/silences', {
  instance: alert.instanceId, rule: alert.rule, tags: alert.tag, for_ms: ms, comment: alert.message.slice(0, 120).replace(/[#\x00-\x1f]/g, ' '),
}), 'silenced');

// --- lists ---

const lasted = (a) => duration(Date.parse(a.resolvedAt) - Date.parse(a.createdAt));

function actions(a) {
  if (!mayOperate() || a.status === 'resolved') return nothing;
  return html`<span class="actions">
    ${a.status === 'active' ? html`<button type="button" @click=${() => setStatus(a, 'acknowledged')}>Acknowledge</button>` : nothing}
    <button type="button" @click=${() => setStatus(a, 'resolved')}>Resolve</button>
    <label><span class="unseen">Silence this alert</span><select @change=${(event) => { const ms = Number(event.target.value); event.target.value = ''; if (ms) silence(a, ms); }}>
      <option value="">Silence …</option>${SILENCE.map(([words, ms]) => html`<option value=${ms}>for ${words}</option>`)}</select></label></span>`;
}

const alertRow = (a, chosen) => html`<li class="alert ${levelOfSeverity(a.severity)} ${a.id === chosen ? 'chosen' : ''}">
  <div class="alert-line">${badge(a.status === 'resolved' ? 'ok' : levelOfSeverity(a.severity), a.status === 'resolved' ? `${a.severity}, resolved` : a.status === 'acknowledged' ? `${a.severity}, acknowledged` : a.severity)}
    ${hostLink(a.instanceId)} <a class="what" href=${link('alerts', a.id, { tab: here().query.tab })} aria-current=${a.id === chosen ? 'true' : 'false'}>${a.message}</a></div>
  <div class="alert-line"><span class="quiet">${a.alertType} · ${a.status === 'resolved' ? html`${when(a.createdAt)} · lasted ${lasted(a)}` : html`since ${when(a.createdAt)}`}${a.occurrences > 1 ? ` · seen ${a.occurrences} times` : ''}</span>${actions(a)}</div></li>`;

const order = { critical: 0, high: 1, medium: 2, low: 3 };
const bySeverity = (a, b) => (a.status === 'acknowledged') - (b.status === 'acknowledged') || order[a.severity] - order[b.severity] || Date.parse(b.createdAt) - Date.parse(a.createdAt);

function quietSince() {
  const last = (page.history ?? []).map((a) => Date.parse(a.resolvedAt ?? a.createdAt)).sort((a, b) => b - a)[0];
  return last ? `Quiet for ${duration(serverNow() - last)}.` : 'No alert has been raised yet.';
}

function openView(chosen) {
  if (state.alerts.length === 0) return empty('No open alert', quietSince());
  return html`<ul class="alerts">${[...state.alerts].sort(bySeverity).map((a) => alertRow(a, chosen))}</ul>`;
}

function historyView(chosen) {
  if (page.history === null) return loading;
  if (page.history.length === 0) return empty('No alert yet', 'What is raised and resolved stays here.');
  const more = () => loadHistory(true).then(draw, report);
  return html`<ul class="alerts">${page.history.map((a) => alertRow(a, chosen))}</ul>
    ${page.key ? html`<button type="button" @click=${more}>Earlier</button>` : nothing}`;
}

/** Of whom a silence says nothing, and when. */
function silenceWords(s) {
  const of = [s.instance && nameOf(s.instance), s.rule && `rule ${s.rule}`, s.tags].filter(Boolean).join(', ');
  return html`<b>${of || 'everything'}</b> ${s.weekly ? `every week, ${s.weekly}` : nothing}${s.to ? html` until ${exactly(s.to)}` : nothing}`;
}

function silencesView() {
  if (page.silences === null) return loading;
  if (page.silences.length === 0) return empty('Nobody is silenced', 'An open alert can be silenced for some hours where it is listed.');
  const end = (s) => act(() => send('DELETE', '/api/v1/silences/' + encodeURIComponent(s.id)), 'silence ended');
  return html`<ul class="alerts">${page.silences.map((s) => html`<li class="alert"><div class="alert-line">${badge('paused', s.active ? 'silent' : 'not now')} <span>${silenceWords(s)}</span></div>
    <div class="alert-line"><span class="quiet">${s.comment} · by ${s.createdBy}, ${when(s.createdAt)}</span>
    ${mayOperate() ? html`<span class="actions"><button type="button" @click=${() => end(s)}>End</button></span>` : nothing}</div></li>`)}</ul>`;
}

export const alertsPage = {
  title: () => 'Alerts',
  open(at) {
    loadTab();
    if (at.id) explain(at.id);
    else forget();
  },
  close: forget,
  alerted: loadTab,
  key(event) {
    if (event.key === 'Escape' && here().id) go(link('alerts', '', here().query));
  },
  view() {
    const at = here();
    const tab = at.query.tab ?? 'open';
    const list = { open: openView, history: historyView, silences: silencesView, rules: rulesView }[tab] ?? openView;
    return html`<h1>Alerts</h1>${tabs('Which alerts', TABS, tab, (key) => { go(link('alerts', '', key === 'open' ? {} : { tab: key })); })}
      ${page.error ? failed(page.error) : nothing}
      <div class="split ${at.id ? 'two' : ''}"><section class="card" aria-label=${tab}>${list(at.id)}</section>${at.id ? explanationView() : nothing}</div>`;
  },
};
