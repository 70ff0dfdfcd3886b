// SPDX-License-Identifier: MIT
// What happened on a host in a range, beside its numbers: alerts, restarts, kills for want of memory, notes, anomalies.
// Drawn on the charts (overlay.js) and told here in words.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { exactly, levelOfSeverity, badge } from './ui.js';
import { link } from './router.js';
import { mayOperate } from './state.js';

const ASK_MS = 15000;
const SHOWN_MAX = 12;
const MINUTE_S = 60; // what is judged at once

const inRange = (m, [from, to]) => (m.to ?? m.at) >= from && (m.from ?? m.at) <= to;

export class Marks {
  constructor(onLoad) {
    this.onLoad = onLoad;
    this.clear();
  }

  clear() {
    this.alerts = [];
    this.notes = [];
    this.anomalies = [];
    this.found = []; // restarts and kills, out of the samples
    this.asked = (this.asked ?? 0) + 1;
    this.askedAt = 0;
    this.isWriting = false;
  }

  /** Range in seconds. */
  async load(id, [from, to], isForced) {
    if (!isForced && Date.now() - this.askedAt < ASK_MS) return;
    this.askedAt = Date.now();
    const asked = ++this.asked;
    const range = { instance: id, from: Math.round(from * 1000), to: Math.round(to * 1000) };
    const [alerts, notes, anomalies] = await Promise.all([
      get('/alerts', { instanceId: id, limit: 100 }), get('/api/v1/notes', { ...range, limit: 100 }),
      get('/api/v1/anomalies', range).catch(() => null),
    ]);
    if (asked !== this.asked) return;
    this.alerts = alerts.alerts.map((a) => ({
      id: a.id, from: Date.parse(a.createdAt) / 1000, to: a.resolvedAt ? Date.parse(a.resolvedAt) / 1000 : Infinity,
      level: levelOfSeverity(a.severity), severity: a.severity, metric: a.metricName ?? a.alertType, text: a.message,
    }));
    this.notes = notes.notes.map((n) => ({ id: n.id, at: n.from / 1000, from: n.from / 1000, to: n.to / 1000, sign: '✎', kind: 'note', text: n.text, author: n.author }));
    this.anomalies = (anomalies?.events ?? []).map((a) => {
      const at = (a.metadata.at ?? Date.parse(a.createdAt)) / 1000;
      return { from: at - MINUTE_S, to: at, metrics: a.metricsAnalyzed, text: a.title, id: a.id };
    });
    this.onLoad();
  }

  /** Restarts show by an uptime that falls, kills by their counter. */
  find(series) {
    this.found = [];
    const uptime = series.column('uptime') ?? [];
    const kills = series.column('oom_kills') ?? [];
    let before = null;
    uptime.forEach((v, i) => {
      if (v === null || v === undefined) return;
      // An average over a step with a restart in it is less, too: the next step tells the same once more.
      if (before !== null && v < before.v - 1) this.found.push({ at: series.times[i] - Math.min(v, series.times[i] - before.t), sign: '↻', kind: 'restart', text: 'the machine was started' });
      before = { v, t: series.times[i] };
    });
    kills.forEach((v, i) => { if (v > 0) this.found.push({ at: series.times[i], sign: '✝', kind: 'kill', text: 'a process was killed because memory ran out' }); });
  }

  get moments() {
    return [...this.found, ...this.notes];
  }

  // --- in words ---

  view(id, range, end) {
    const rows = [
      ...this.alerts.filter((m) => inRange(m, range)).map((m) => ({ at: m.from, view: html`${badge(m.level, m.severity)} <a href=${link('alerts', m.id)}>${m.text}</a>${m.to === Infinity ? ', open' : ''}` })),
      ...this.found.filter((m) => inRange(m, range)).map((m) => ({ at: m.at, view: html`<span aria-hidden="true">${m.sign}</span> ${m.text}` })),
      ...this.anomalies.filter((m) => inRange(m, range)).map((m) => ({ at: m.from, view: html`<span class="ribbon" aria-hidden="true"></span> <a href=${link('insights', m.id)}>${m.text}</a>` })),
      ...this.notes.filter((m) => inRange(m, range)).map((m) => ({ at: m.at, view: html`<span aria-hidden="true">✎</span> ${m.text} <span class="quiet">${m.author}</span>` })),
    ].sort((a, b) => b.at - a.at);
    return html`<section class="marks" aria-label="What happened in this range">
      ${rows.length ? html`<ul>${rows.slice(0, SHOWN_MAX).map((r) => html`<li><span class="quiet">${exactly(r.at * 1000)}</span> ${r.view}</li>`)}</ul>` : nothing}
      ${rows.length > SHOWN_MAX ? html`<p class="quiet">and ${rows.length - SHOWN_MAX} earlier</p>` : nothing}
      ${this.isWriting ? this.form(id, end) : mayOperate() ? html`<button type="button" class="small" @click=${() => this.write()}>Add a note (n)</button>` : nothing}</section>`;
  }

  write() {
    if (!mayOperate()) return;
    this.isWriting = true;
    this.error = '';
    this.onLoad();
    setTimeout(() => document.getElementById('note')?.focus(), 50);
  }

  form(id, end) {
    const save = async (event) => {
      event.preventDefault();
      try {
        await send('POST', '/api/v1/notes', { instance: id, text: event.target.note.value, from: Math.round(end * 1000), to: Math.round(end * 1000) });
        this.isWriting = false;
        this.askedAt = 0;
      } catch (error) {
        this.error = error.message;
      }
      this.onLoad();
    };
    const stop = () => { this.isWriting = false; this.onLoad(); };
    return html`<form class="inline" @submit=${save}><label for="note">Note at ${exactly(end * 1000)}</label>
      <input id="note" name="note" maxlength="1000" required autocomplete="off"><button type="submit" class="primary">Save</button>
      <button type="button" @click=${stop}>Cancel</button>${this.error ? html`<p class="bad" role="alert">${this.error}</p>` : nothing}</form>`;
  }
}
