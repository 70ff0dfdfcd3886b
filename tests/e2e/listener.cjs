// SPDX-License-Identifier: MIT
// An independent WebSocket client (npm's `ws`): node listener.cjs WS_FOLDER URL [MESSAGE...]
// Says the messages when it is open, prints one line of JSON for each thing that happens.
const [folder, url, ...messages] = process.argv.slice(2);
const WebSocket = require(folder);
const say = (thing) => process.stdout.write(JSON.stringify(thing) + '\n');
const isOfOld = !messages.some((message) => JSON.parse(message).type === 'subscribe');
const socket = new WebSocket(url, isOfOld ? [] : ['nephos'], { perMessageDeflate: false });
socket.on('open', () => {
  say({ event: 'open' });
  for (const message of messages) socket.send(message);
});
socket.on('message', (data) => say({ event: 'message', data: JSON.parse(data) }));
socket.on('close', (code) => say({ event: 'close', code }));
socket.on('error', (error) => say({ event: 'error', message: error.message }));
