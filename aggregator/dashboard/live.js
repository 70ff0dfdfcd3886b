// SPDX-License-Identifier: MIT
// The WebSocket: subscribes to one host, reconnects by itself with growing pauses.

const PAUSE_MIN_MS = 1000;
const PAUSE_MAX_MS = 15000;
const PING_MS = 5000;
const SILENCE_MS = 12000;

export class Live {
  /** onSamples(message), onState({open, retryAt}) */
  constructor(onSamples, onState) {
    this.onSamples = onSamples;
    this.onState = onState;
    this.instance = null;
    this.socket = null;
    this.pause = PAUSE_MIN_MS;
    this.heard = 0;
    setInterval(() => this.care(), PING_MS);
  }

  follow(instance) {
    this.instance = instance;
    if (this.socket?.readyState === WebSocket.OPEN) this.subscribe();
    else if (!this.socket) this.connect();
  }

  subscribe() {
    this.socket.send(JSON.stringify({ type: 'subscribe', instances: [this.instance], types: ['metric'], format: 'columns' }));
  }

  connect() {
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    const socket = new WebSocket(scheme + location.host + '/ws', ['nephos']);
    this.socket = socket;
    socket.onopen = () => {
      this.pause = PAUSE_MIN_MS;
      this.heard = Date.now();
      this.subscribe();
      this.onState({ open: true });
    };
    socket.onmessage = (event) => {
      this.heard = Date.now();
      const message = JSON.parse(event.data);
      if (message.type === 'samples') this.onSamples(message);
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      // Many pages that lost the same aggregator must not come back in one moment.
      const wait = this.pause * (0.5 + Math.random());
      this.pause = Math.min(this.pause * 2, PAUSE_MAX_MS);
      this.onState({ open: false, retryAt: Date.now() + wait });
      setTimeout(() => this.connect(), wait);
    };
  }

  /** A connection that has died without a word shows by its silence. */
  care() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.heard > SILENCE_MS) this.socket.close();
    else this.socket.send('{"type":"ping"}');
  }
}
