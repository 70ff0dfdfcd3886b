// SPDX-License-Identifier: MIT
// The WebSocket: follows one host (or the changes of all), reconnects by itself with growing pauses, and goes on behind
// what it has seen.

const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 15000;
const PING_MS = 5000;
const SILENCE_MS = 12000;

export class Live {
  /** hooks: onSamples(message), onChange(message), onMissed(), onState({ open, retryAt }) */
  constructor(hooks) {
    this.hooks = hooks;
    this.instance = null;
    this.after = null;
    this.socket = null;
    this.pause = PAUSE_MIN_MS;
    this.heard = 0;
    this.connect();
    setInterval(() => this.care(), PING_MS);
  }

  /** `instance`: whose samples are wanted; null: only what changes anywhere. */
  follow(instance) {
    if (instance === this.instance) return;
    this.instance = instance;
    this.after = null; // another host's history is asked for anyway
    if (this.socket?.readyState === WebSocket.OPEN) this.subscribe();
  }

  subscribe() {
    const ask = this.instance === null
      ? { instances: '*', types: ['alert', 'instance', 'insight'] }
      : { instances: [this.instance], types: ['metric', 'alert', 'instance'] };
    this.socket.send(JSON.stringify({ type: 'subscribe', format: 'columns', ...ask, ...(this.after && { after: this.after }) }));
  }

  connect() {
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    const socket = new WebSocket(scheme + location.host + '/ws', ['nephos']);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = PAUSE_MIN_MS;
      this.heard = Date.now();
      this.subscribe();
      this.hooks.onState({ open: true, retryAt: 0 });
    };
    socket.onmessage = (event) => this.hear(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      // Many pages that lost the same aggregator must not come back in one moment.
      const wait = this.pause * (0.5 + Math.random());
      this.pause = Math.min(this.pause * 2, PAUSE_MAX_MS);
      this.hooks.onState({ open: false, retryAt: Date.now() + wait });
      setTimeout(() => this.connect(), wait);
    };
  }

  hear(message) {
    this.heard = Date.now();
    switch (message.type) {
      case 'subscribed':
        this.after ??= { stream: message.stream, seq: message.seq, revision: message.revision };
        break;
      case 'samples':
        if (this.after) this.after.seq = message.seq;
        this.hooks.onSamples(message);
        break;
      case 'missed':
        this.after = { ...this.after, stream: message.stream, seq: message.seq };
        this.hooks.onMissed();
        break;
      case 'realtime_update':
        if (this.after && message.revision) this.after.revision = message.revision;
        this.hooks.onChange(message);
        break;
      default: // pong
    }
  }

  /** A connection that has died without a word shows by its silence. */
  care() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.heard > SILENCE_MS) this.socket.close();
    else this.socket.send('{"type":"ping"}');
  }
}
